"""Operators see what passed between us and the payment service, and change none of it."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from billing.models import (
    DayClose,
    Dispute,
    PaymentCustomer,
    PaymentEvent,
    Purchase,
    Refund,
    Subscription,
)
from kling_saas.lib.admin import ReadOnlyAdmin


@admin.register(Purchase)
class PurchaseAdmin(ReadOnlyAdmin):
    list_display = [
        "public_id",
        "organisation",
        "kind",
        "status",
        "credits",
        "paid_cents",
        "currency",
        "vendor",
        "invoice_number",
        "created_at",
        "paid_at",
    ]
    list_filter = ["status", "kind", "vendor"]
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

    @admin.display(description="purchase")
    def bought(self, record: Refund | Dispute) -> str:
        """Its id, as a link."""
        address = reverse("admin:billing_purchase_change", args=[record.purchase_id])
        return format_html('<a href="{}">{}</a>', address, record.purchase.public_id)


@admin.register(Refund)
class RefundAdmin(_OfPurchase):
    list_display = [
        "public_id",
        "organisation",
        "bought",
        "credits",
        "amount_cents",
        "status",
        "created_at",
        "settled_at",
    ]
    list_filter = ["status"]
    search_fields = [
        "public_id", "stripe_id", "purchase__public_id", "organisation__public_id",
        "organisation__name",
    ]  # fmt: skip
    list_select_related = ["organisation", "purchase"]
    date_hierarchy = "created_at"


@admin.register(Dispute)
class DisputeAdmin(_OfPurchase):
    list_display = [
        "stripe_id",
        "organisation",
        "bought",
        "amount_cents",
        "status",
        "reason",
        "credits",
        "evidence_due_at",
        "created_at",
    ]
    list_filter = ["status"]
    search_fields = [
        "stripe_id", "purchase__public_id", "organisation__public_id", "organisation__name",
    ]  # fmt: skip
    list_select_related = ["organisation", "purchase"]
    date_hierarchy = "created_at"


@admin.register(DayClose)
class DayCloseAdmin(ReadOnlyAdmin):
    list_display = ["day", "vendor", "differing", "closed_at"]
    list_filter = ["vendor"]
    date_hierarchy = "day"

    @admin.display(description="differences")
    def differing(self, close: DayClose) -> int:
        """How many."""
        return len(close.differences)
