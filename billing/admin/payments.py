"""Operators see what passed between us and the payment service, and change none of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from billing.models import (
    DayClose,
    Dispute,
    Gift,
    PaymentCustomer,
    PaymentEvent,
    Purchase,
    Refund,
    Subscription,
)
from billing.payments import sessions
from kling_saas.lib.admin import ModelAdmin, ReadOnlyAdmin, ReadOnlyInline
from kling_saas.templatetags.screen import money


class _PaidBack(admin.SimpleListFilter):
    """How much of it was paid back."""

    title, parameter_name = "paid back", "back"
    _HOW = {
        "whole": {"refunded_cents__gt": 0, "refunded_cents": F("paid_cents")},
        "part": {"refunded_cents__gt": 0, "refunded_cents__lt": F("paid_cents")},
        "none": {"refunded_cents": 0, "status": "paid"},
    }

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        """What can be chosen."""
        return [("whole", "All of it"), ("part", "A part"), ("none", "Nothing")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """What is chosen."""
        return queryset.filter(**self._HOW.get(self.value() or "", {}))


class _Disputed(admin.SimpleListFilter):
    """What became of the payment at the customer's bank."""

    title, parameter_name = "disputed", "disputed"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        """What can be chosen."""
        return [("open", "Not decided"), ("lost", "Lost"), ("won", "Won"), ("never", "Never")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """What is chosen, by the latest dispute."""
        chosen = self.value()
        if chosen in {"lost", "won"}:
            return queryset.filter(dispute_status=chosen)
        if chosen == "open":
            return queryset.filter(dispute_status__isnull=False, dispute_closed_at=None)
        return queryset.filter(dispute_status=None) if chosen == "never" else queryset


def _latest_dispute(field: str) -> Subquery:
    mine = Dispute.objects.filter(purchase=OuterRef("pk")).order_by("-pk")
    return Subquery(mine.values(field)[:1])


class _InItsMoney:
    """What went back of a purchase."""

    @admin.display(description="amount", ordering="amount_cents")
    def amount(self, record: Refund | Dispute) -> str:
        """In the purchase's money."""
        return money(record.amount_cents, record.purchase.currency)


class _Refunds(_InItsMoney, ReadOnlyInline):
    model = Refund
    fields = [
        "credits", "amount", "status", "reason", "asked_by", "created_at", "settled_at",
        "credit_note",
    ]  # fmt: skip
    readonly_fields = ["amount", "credit_note"]
    show_change_link = True

    @admin.display(description="credit note")
    def credit_note(self, refund: Refund) -> str:
        """Its number, as a link to its paper."""
        if not refund.credit_note_pdf:
            return refund.credit_note_number
        return format_html('<a href="{}">{}</a>', refund.credit_note_pdf, refund.credit_note_number)


class _Disputes(_InItsMoney, ReadOnlyInline):
    model = Dispute
    fields = [
        "credits", "amount", "stands", "reason", "evidence_due_at", "created_at", "closed_at",
    ]  # fmt: skip
    readonly_fields = ["amount", "stands"]
    show_change_link = True

    @admin.display(description="status")
    def stands(self, dispute: Dispute) -> str:
        """The payment service's word, as one reads it."""
        return dispute.status.replace("_", " ").capitalize()


@admin.register(Purchase)
class PurchaseAdmin(ReadOnlyAdmin):
    inlines = [_Refunds, _Disputes]
    readonly_fields = ["lots"]
    list_display = [
        "public_id",
        "paid",
        "back",
        "disputed",
        "status",
        "kind",
        "credits",
        "organisation",
        "vendor",
        "invoice_number",
        "created_at",
        "paid_at",
    ]
    list_filter = ["status", "kind", _PaidBack, _Disputed, "vendor"]
    search_fields = [
        "public_id",
        "session_id",
        "invoice_id",
        "invoice_number",
        "payment_intent_id",
        "organisation__public_id",
        "organisation__name",
        "organisation__membership__user__email",
    ]
    list_select_related = ["organisation"]
    date_hierarchy = "created_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With what the list tells of each one's latest dispute."""
        told: QuerySet[Any] = (
            super()
            .get_queryset(request)
            .annotate(
                dispute_cents=_latest_dispute("amount_cents"),
                dispute_status=_latest_dispute("status"),
                dispute_closed_at=_latest_dispute("closed_at"),
            )
        )
        return told

    @admin.display(description="paid", ordering="paid_cents", empty_value="")
    def paid(self, purchase: Purchase) -> str | None:
        """What was charged."""
        cents = purchase.paid_cents
        return None if cents is None else money(cents, purchase.currency)

    @admin.display(description="paid back", ordering="refunded_cents", empty_value="")
    def back(self, purchase: Purchase) -> str | None:
        """What of it was refunded, or is on its way."""
        cents = purchase.refunded_cents
        return money(cents, purchase.currency) if cents else None

    @admin.display(description="disputed", ordering="dispute_cents", empty_value="")
    def disputed(self, purchase: Any) -> str | None:
        """What a bank was asked to take back, and how that stands."""
        if purchase.dispute_status is None:
            return None
        amount = money(purchase.dispute_cents, purchase.currency)
        return f"{amount}, {purchase.dispute_status.replace('_', ' ')}"

    @admin.display(description="lots")
    def lots(self, purchase: Purchase) -> str:
        """The way to what it gave."""
        address = reverse("admin:billing_lot_changelist")
        query = urlencode({"q": sessions.of(purchase)})
        return format_html('<a href="{}?{}">What of its credits is left</a>', address, query)


@admin.register(PaymentEvent)
class PaymentEventAdmin(ReadOnlyAdmin):
    list_display = [
        "stripe_id",
        "type",
        "subject",
        "state",
        "attempts",
        "pulled",
        "last_error",
        "said_at",
        "handled_at",
    ]
    list_filter = ["state", "pulled", "vendor", "type"]
    search_fields = ["stripe_id", "subject", "last_error"]
    date_hierarchy = "received_at"


@admin.register(PaymentCustomer)
class PaymentCustomerAdmin(ReadOnlyAdmin):
    list_display = ["stripe_id", "organisation", "vendor", "card_brand", "card_last4", "created_at"]
    list_filter = ["vendor"]
    search_fields = ["stripe_id", "organisation__public_id", "organisation__name"]
    list_select_related = ["organisation"]


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    list_display = [
        "stripe_id",
        "organisation",
        "plan",
        "status",
        "period_ends_at",
        "cancels_at",
        "ended_at",
        "vendor",
    ]
    list_filter = ["status", "vendor", "plan"]
    search_fields = ["stripe_id", "organisation__public_id", "organisation__name"]
    list_select_related = ["organisation", "plan"]


class _OfPurchase(ReadOnlyAdmin):
    """A record with a way to its purchase."""

    found_by = (
        "purchase__public_id", "purchase__invoice_number", "organisation__public_id",
        "organisation__name", "organisation__membership__user__email",
    )  # fmt: skip

    @admin.display(description="purchase")
    def bought(self, record: Refund | Dispute | Gift) -> str:
        """Its id, as a link."""
        address = reverse("admin:billing_purchase_change", args=[record.purchase_id])
        return format_html('<a href="{}">{}</a>', address, record.purchase.public_id)


@admin.register(Refund)
class RefundAdmin(_InItsMoney, _OfPurchase):
    list_display = [
        "public_id",
        "organisation",
        "bought",
        "credits",
        "amount",
        "status",
        "created_at",
        "settled_at",
    ]
    list_filter = ["status"]
    search_fields = ["public_id", "stripe_id", "credit_note_number", *_OfPurchase.found_by]
    list_select_related = ["organisation", "purchase"]
    date_hierarchy = "created_at"


@admin.register(Dispute)
class DisputeAdmin(_InItsMoney, _OfPurchase):
    list_display = [
        "stripe_id",
        "organisation",
        "bought",
        "amount",
        "status",
        "reason",
        "credits",
        "evidence_due_at",
        "created_at",
    ]
    list_filter = ["status"]
    search_fields = ["stripe_id", *_OfPurchase.found_by]
    list_select_related = ["organisation", "purchase"]
    date_hierarchy = "created_at"


@admin.register(Gift)
class GiftAdmin(_OfPurchase):
    """Codes are money: nobody reads them here."""

    list_display = [
        "masked", "organisation", "bought", "worth", "status", "void_for", "created_at", "ended_at",
    ]  # fmt: skip
    list_filter = ["status"]
    exclude = ["code_hash", "code_sealed"]
    search_fields = [
        "last4", "purchase__public_id", "void_for", "organisation__public_id", "organisation__name",
    ]  # fmt: skip
    list_select_related = ["organisation", "purchase"]
    date_hierarchy = "created_at"

    @admin.display(description="credits")
    def worth(self, gift: Gift) -> int:
        """What it gives, with those on top."""
        return gift.purchase.gives


@admin.register(DayClose)
class DayCloseAdmin(ReadOnlyAdmin):
    list_display = ["day", "vendor", "differing", "closed_at"]
    list_filter = ["vendor"]
    date_hierarchy = "day"

    @admin.display(description="differences")
    def differing(self, close: DayClose) -> int:
        """How many."""
        return len(close.differences)
