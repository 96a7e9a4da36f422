"""Make our purchase agree with its checkout session, as that is now.

Whatever event brings us here, and however often: the session is asked for, and what is written
follows from it and from our row alone. Credits are granted here, and only here, for packs, and the
codes of gifts are made.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone

from accounts import outbox, tenancy
from accounts.models import AuditEvent
from billing import freezes, gifts, ledger, referrals
from billing.models import LotSource, Purchase, PurchaseKind, PurchaseStatus, RefundStatus
from billing.payments import customers, gateway
from billing.payments.errors import Disagrees, NotOurs
from kling_saas.lib.logs import kept

_EXPANDED = ["invoice", "payment_intent.payment_method"]
_OVER = {"requires_payment_method", "canceled"}  # of an intent whose session is complete
_NOT_PAID = "The payment did not go through."
FAILURE_CHARACTERS = 300


def sync(session_id: str) -> None:
    """Ask for the session and write what follows from it; harmless to repeat.

    Outside of transactions. Raises NotOurs, Disagrees (and nothing moved), PaymentServiceDown,
    NotUnderstood.
    """
    session = gateway.ask(
        lambda v1: v1.checkout.sessions.retrieve(session_id, {"expand": _EXPANDED})
    )
    if session["mode"] != "payment":
        raise NotOurs(f"a session of mode {session['mode']}")
    found = named(session)
    with tenancy.scope(found.organisation_id):
        purchase: Purchase = Purchase.objects.select_for_update().get(pk=found.pk)
        _compare(purchase, session)
        _write(purchase, session)


def named(thing: gateway.Doc) -> Purchase:
    """The purchase in its metadata. Raises NotOurs without one, Disagrees when we have none."""
    name = (thing.get("metadata") or {}).get("purchase")
    if not name:
        raise NotOurs("it names no purchase")
    with tenancy.system("the payment service names a purchase, not a tenant"):
        found: Purchase | None = Purchase.objects.filter(public_id=name).first()
    if found is None:
        raise Disagrees(f"there is no purchase {kept(str(name), 60)}")
    return found


def _compare(purchase: Purchase, session: gateway.Doc) -> None:
    """Raises Disagrees unless the session is the purchase's own, of its money and customer."""
    customer = customers.find(purchase.organisation_id)
    differ(
        {
            # Not written down where we died before we could: then all the rest must agree.
            "id": (purchase.session_id or session["id"], session["id"]),
            "client_reference_id": (purchase.public_id, session["client_reference_id"]),
            "vendor": (purchase.vendor, settings.PAYMENTS_VENDOR),
            "livemode": (settings.PAYMENTS_LIVE, session["livemode"]),
            "customer": (customer and customer.stripe_id, session["customer"]),
            "currency": (purchase.currency, session["currency"]),
            "amount_subtotal": (purchase.amount_cents, session["amount_subtotal"]),
        },
    )


def differ(facts: dict[str, tuple[Any, Any]]) -> None:
    """Raises Disagrees for facts of which ours and theirs are not the same."""
    wrong = [
        f"{name} is {theirs}, not {ours}"
        for name, (ours, theirs) in facts.items()
        if ours != theirs
    ]
    if wrong:
        raise Disagrees("; ".join(wrong))


def _write(purchase: Purchase, session: gateway.Doc) -> None:
    intent: gateway.Doc = session["payment_intent"] or {}
    complete = session["status"] == "complete"
    purchase.session_id = session["id"]
    if purchase.status == PurchaseStatus.PAID:
        if session["invoice"] and not purchase.invoice_id:  # what went back before has no paper yet
            without = purchase.refunds.filter(status=RefundStatus.SUCCEEDED, credit_note_id="")
            without.update(next_attempt_at=Now(), attempts=0)
        note_invoice(purchase, session["invoice"])
    elif complete and session["payment_status"] in {"paid", "no_payment_required"}:
        _paid(purchase, session, intent)
    elif complete and intent.get("status") in _OVER:
        failed(purchase, (intent.get("last_payment_error") or {}).get("message") or _NOT_PAID)
    elif complete and purchase.status == PurchaseStatus.OPEN:
        _announce(purchase)
    elif session["status"] == "expired" and purchase.status == PurchaseStatus.OPEN:
        purchase.status = PurchaseStatus.EXPIRED
        tell(purchase, "purchase.expired")
    open_still = purchase.status == PurchaseStatus.OPEN
    purchase.pay_url = (session["url"] or "") if open_still else ""
    purchase.save()


def _announce(purchase: Purchase) -> None:
    if purchase.kind != PurchaseKind.GIFT:  # of which nothing comes into this wallet
        ledger.announce(
            purchase.organisation_id, purchase.livemode, purchase.credits, reference=of(purchase)
        )


def of(purchase: Purchase) -> str:
    """The ledger's reference of what a purchase gave; its bonus has `:bonus` behind it."""
    if purchase.kind == PurchaseKind.GIFT:
        return gifts.reference(purchase)
    return f"purchase:{purchase.public_id}"


def _paid(purchase: Purchase, session: gateway.Doc, intent: gateway.Doc) -> None:
    now = timezone.now()
    details = session["total_details"]
    purchase.status, purchase.paid_at, purchase.failure = PurchaseStatus.PAID, now, ""
    purchase.paid_cents = session["amount_total"]
    purchase.tax_cents = details["amount_tax"]
    purchase.discount_cents = details["amount_discount"]
    purchase.payment_intent_id = intent.get("id")
    note_invoice(purchase, session["invoice"])
    give(purchase)
    if intent.get("payment_method"):
        _keep_card(purchase, session["customer"], intent["payment_method"])
    tell(purchase, "purchase.paid")


def give(purchase: Purchase) -> None:
    """The credits of a purchase that is paid, or the code for them; its row is locked, and saved
    by the caller. A gift counts for no invitation: it can be taken back at any time.
    """
    if purchase.kind == PurchaseKind.GIFT:
        gifts.make(purchase)
        return
    _grant(purchase, purchase.credits, LotSource.PURCHASE, of(purchase))
    if purchase.bonus_credits:
        _grant(purchase, purchase.bonus_credits, LotSource.BONUS, f"{of(purchase)}:bonus")
    referrals.bought(purchase)
    freezes.thaw_settled(purchase.organisation_id, purchase.livemode)


def _grant(purchase: Purchase, amount: int, source: LotSource, reference: str) -> None:
    assert purchase.paid_cents is not None, "granted when paid"
    assert purchase.paid_at is not None, "granted when paid"
    days = purchase.valid_days
    name = purchase.pack.name if purchase.pack else purchase.get_kind_display()
    ledger.grant(
        purchase.organisation_id,
        purchase.livemode,
        amount,
        source,
        reference=reference,
        expires_at=purchase.paid_at + timedelta(days=days) if days else None,
        reason=f"Gift with {name}" if source == LotSource.BONUS else name,
        cents=purchase.paid_cents - purchase.tax_cents if source == LotSource.PURCHASE else 0,
        actor=f"user:{purchase.asked_by_id}" if purchase.asked_by_id else "",
    )


def note_invoice(purchase: Purchase, invoice: gateway.Doc | None) -> None:
    """It may be made, or get its number, after the payment was told."""
    if invoice:
        purchase.invoice_id = invoice["id"]
        purchase.invoice_number = invoice["number"] or ""
        purchase.invoice_url = invoice["hosted_invoice_url"] or ""
        purchase.invoice_pdf = invoice["invoice_pdf"] or ""


def taxes_of(invoice: gateway.Doc) -> int:
    """Cents of tax in what was paid for it: no more than that, when a credit paid the rest."""
    taxes = sum(tax["amount"] for tax in invoice.get("total_taxes") or [])
    return int(min(taxes, invoice["amount_paid"]))


def _keep_card(purchase: Purchase, customer: str, method: gateway.Doc) -> None:
    """The card of the newest purchase, in whatever order they are told."""
    newer = Purchase.objects.filter(
        organisation_id=purchase.organisation_id,
        vendor=purchase.vendor,
        status=PurchaseStatus.PAID,
        created_at__gt=purchase.created_at,
    )
    if not newer.exists():
        customers.keep_card(customer, method)


def failed(purchase: Purchase, why: str) -> None:
    """It was not paid and cannot be any more; `why` is in the bank's words. Not saved here."""
    if purchase.status == PurchaseStatus.FAILED:
        return
    purchase.status, purchase.failure = PurchaseStatus.FAILED, kept(why, FAILURE_CHARACTERS)
    ledger.withdraw(
        purchase.organisation_id,
        purchase.livemode,
        reference=of(purchase),
        reason=purchase.failure,
    )
    tell(purchase, "purchase.failed")


def tell(purchase: Purchase, topic: str) -> None:
    """The news, and the line of the audit."""
    outbox.emit(
        organisation_id=purchase.organisation_id,
        livemode=purchase.livemode,
        topic=topic,
        subject=purchase.public_id,
    )
    AuditEvent.objects.create(
        organisation_id=purchase.organisation_id,
        actor_id=purchase.asked_by_id,
        action=topic,
        subject=purchase.public_id,
        detail={
            "credits": purchase.credits + purchase.bonus_credits,
            "paid_cents": purchase.paid_cents,
            "currency": purchase.currency,
        },
    )
