"""The paper for money that went back: a credit note of the invoice, with its part of the tax."""

from __future__ import annotations

import logging
from typing import Any

from accounts import tenancy
from billing.models import Purchase, Refund, RefundStatus
from billing.payments import gateway
from billing.payments.errors import Declined, NotUnderstood

log = logging.getLogger(__name__)


def due(purchase: Purchase, refund: Refund) -> bool:
    """Whether one is to be written: there is an invoice, and no note of this refund yet."""
    return bool(purchase.invoice_id and refund.stripe_id and not refund.credit_note_id)


def issue(refund: Refund) -> None:
    """Have it written, or find the one that was (also in the dashboard); harmless to repeat.

    Outside of transactions, of a refund that went through. The payment service mails it to the
    customer. One that it refuses is an alarm, and not asked for again. Raises PaymentServiceDown.
    """
    note = _written(refund) or _ordered(refund)
    with tenancy.scope(refund.organisation_id):
        # Locked as by all who write its refunds: none of them saves what it has read before this.
        Purchase.objects.select_for_update().get(pk=refund.purchase_id)
        row = Refund.objects.get(pk=refund.pk)
        row.next_attempt_at = None
        if note is not None:
            row.credit_note_id, row.credit_note_number = note["id"], note["number"]
            row.credit_note_pdf = note["pdf"]
        row.save()
        if row.status == RefundStatus.FAILED:  # meanwhile
            regret(row)


def regret(refund: Refund) -> None:
    """Of one that failed: a note of a paid invoice cannot be taken back."""
    if refund.credit_note_id:
        log.error(
            "ALARM payments: %s failed, and its credit note %s stands: invoice its sum anew.",
            refund.public_id, refund.credit_note_number,
        )  # fmt: skip


def _written(refund: Refund) -> gateway.Doc | None:
    """The note that links it; one of the dashboard may be of several refunds, or of a part."""
    wanted: Any = {"invoice": refund.purchase.invoice_id, "limit": 100}
    found: gateway.Doc | None = None
    noted = 0
    for note in gateway.ask(lambda v1: v1.credit_notes.list(wanted))["data"]:
        mine = [link for link in note["refunds"] if link["refund"] == refund.stripe_id]
        if mine and note["status"] != "void":
            found, noted = note, noted + sum(link["amount_refunded"] for link in mine)
    if found is not None and noted != refund.amount_cents:
        log.error(
            "ALARM payments: of %s, %s of %s cents have a credit note. Write the rest by hand for "
            "invoice %s.", refund.public_id, noted, refund.amount_cents,
            refund.purchase.invoice_number,
        )  # fmt: skip
    return found


def _ordered(refund: Refund) -> gateway.Doc | None:
    """None when it is refused."""
    wanted: Any = {
        "invoice": refund.purchase.invoice_id,
        "amount": refund.amount_cents,
        "refunds": [{"refund": refund.stripe_id, "amount_refunded": refund.amount_cents}],
        "reason": "order_change",
        "metadata": {"refund": refund.public_id},  # for who looks at it there
    }
    try:
        return gateway.order(
            f"{refund.public_id}:note", lambda v1, once: v1.credit_notes.create(wanted, once)
        )
    except (NotUnderstood, Declined) as refusal:
        log.error(
            "ALARM payments: %s has no credit note: %s Write it by hand for invoice %s.",
            refund.public_id, refusal.detail, refund.purchase.invoice_number,
        )  # fmt: skip
        return None
