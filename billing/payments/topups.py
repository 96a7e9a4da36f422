"""What follows from a top-up's invoice: credits, a question of the bank's, a rest."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from accounts import tenancy
from billing import ledger, notices
from billing.models import Purchase, PurchaseKind, PurchaseStatus, WalletSettings
from billing.payments import customers, gateway, sessions
from billing.payments.errors import Disagrees, NotUnderstood

CONFIRM = timedelta(hours=23)  # in which the customer may answer the bank
_ASKS = "authentication_required"


def sync(invoice_id: str) -> None:
    """Make the top-up agree with its invoice, as that is now; harmless to repeat.

    Outside of transactions. Raises Disagrees, PaymentServiceDown, NotUnderstood.
    """
    invoice = gateway.ask(lambda v1: v1.invoices.retrieve(invoice_id))
    intent = gateway.intent_of(invoice_id)
    found = sessions.named(invoice)
    with tenancy.scope(found.organisation_id):
        purchase: Purchase = Purchase.objects.select_for_update().get(pk=found.pk)
        _compare(purchase, invoice)
        late = invoice["status"] == "paid" and purchase.status != PurchaseStatus.PAID
        if purchase.status == PurchaseStatus.OPEN or late:
            _write(purchase, invoice, intent)
    asked_long_ago = bool(purchase.pay_url) and timezone.now() - purchase.created_at > CONFIRM
    open_still = purchase.status == PurchaseStatus.OPEN and asked_long_ago
    if invoice["status"] == "open" and (open_still or purchase.status == PurchaseStatus.FAILED):
        void(purchase, invoice_id)


def void(purchase: Purchase, invoice_id: str) -> None:
    """Nobody is to pay it any more. Raises PaymentServiceDown, NotUnderstood."""
    try:
        gateway.order(
            f"{purchase.public_id}:void",
            lambda v1, once: v1.invoices.void_invoice(invoice_id, {}, once),
        )
    except NotUnderstood as refusal:
        if refusal.reason != "invoice_not_editable":  # paid, or void, meanwhile
            raise


def forbid(purchase: Purchase, why: str, until: datetime | None = None) -> None:
    """It is not to be paid, by no fault of the card's; the next one not before `until`."""
    with tenancy.scope(purchase.organisation_id):
        row: Purchase = Purchase.objects.select_for_update().get(pk=purchase.pk)
        if row.status == PurchaseStatus.OPEN:
            sessions.failed(row, why)
            row.save()
            if until is not None:
                _of(row.organisation_id).update(rests_until=until)


def stop(organisation_id: int, why: str) -> None:
    """No top-up by itself until somebody switches it on again. In the organisation's scope."""
    _of(organisation_id).filter(top_up=True, stopped_because="").update(stopped_because=why)


def _compare(purchase: Purchase, invoice: gateway.Doc) -> None:
    customer = customers.find(purchase.organisation_id)
    if purchase.kind != PurchaseKind.TOP_UP:
        raise Disagrees("its purchase is no top-up")
    sessions.differ(
        {
            "id": (purchase.invoice_id or invoice["id"], invoice["id"]),
            "livemode": (settings.PAYMENTS_LIVE, invoice["livemode"]),
            "customer": (customer and customer.stripe_id, invoice["customer"]),
            "currency": (purchase.currency, invoice["currency"]),
        }
    )
    if invoice["status"] == "paid":
        sessions.differ({"subtotal": (purchase.amount_cents, invoice["subtotal"])})


def _write(purchase: Purchase, invoice: gateway.Doc, intent: gateway.Doc) -> None:
    sessions.note_invoice(purchase, invoice)
    purchase.payment_intent_id = intent.get("id") or purchase.payment_intent_id
    error = intent.get("last_payment_error") or {}
    if invoice["status"] == "paid":
        _paid(purchase, invoice)
    elif invoice["status"] in {"void", "uncollectible"}:
        _failed(purchase, "It was not paid in time.")
    elif intent.get("status") == "requires_action" or error.get("code") == _ASKS:
        _ask(purchase, invoice)
    elif invoice["attempted"]:
        _failed(purchase, error.get("message") or "The card was declined.")
    purchase.save()


def _paid(purchase: Purchase, invoice: gateway.Doc) -> None:
    purchase.status, purchase.paid_at, purchase.failure = (
        PurchaseStatus.PAID, timezone.now(), "",
    )  # fmt: skip
    purchase.paid_cents, purchase.pay_url = invoice["amount_paid"], ""
    purchase.tax_cents = sessions.taxes_of(invoice)
    sessions.give(purchase)
    _of(purchase.organisation_id).update(declines=0, rests_until=None)
    sessions.tell(purchase, "purchase.paid")


def _ask(purchase: Purchase, invoice: gateway.Doc) -> None:
    """Only the customer can answer their bank: the link is good for a day."""
    purchase.pay_url = invoice["hosted_invoice_url"] or ""
    notices.add(
        purchase.organisation_id, True, "top_up_asks", f"top_up:{purchase.public_id}",
        link=purchase.pay_url, credits=purchase.credits, cents=invoice["amount_remaining"],
        currency=purchase.currency,
    )  # fmt: skip


def _failed(purchase: Purchase, why: str) -> None:
    ledger.open_wallet(purchase.organisation_id, True)  # locked before its settings, as elsewhere
    row = _of(purchase.organisation_id).select_for_update().get()
    row.declines += 1
    row.rests_until = timezone.now() + timedelta(hours=settings.TOP_UP_REST_HOURS)
    over = row.declines >= settings.TOP_UP_DECLINES
    if over:
        row.stopped_because = f"{row.declines} payments in a row failed: {why}"[:300]
    row.save(update_fields=["declines", "rests_until", "stopped_because"])
    purchase.pay_url = ""
    sessions.failed(purchase, why)
    notices.add(
        purchase.organisation_id, True, "top_up_failed", f"top_up:{purchase.public_id}:failed",
        why=purchase.failure, credits=purchase.credits, stopped=over,
        hours=round(settings.TOP_UP_REST_HOURS),
    )  # fmt: skip


def _of(organisation_id: int) -> QuerySet[WalletSettings]:
    rows: QuerySet[WalletSettings] = WalletSettings.objects.filter(
        organisation_id=organisation_id, livemode=True
    )
    return rows
