"""A customer's bank takes a payment back: the credits go, until it has decided.

A dispute is looked at as it is now. Spending stops while it is open, and after a lost one while
anything is owed. The subscription of a plan's purchase goes on: a dispute of one month's payment
does not end it, an operator does.
"""

from __future__ import annotations

import logging
from typing import Any

from django.utils import timezone

from accounts import tenancy
from accounts.models import AuditEvent
from billing import freezes, notices
from billing.models import Dispute, Purchase, PurchaseKind
from billing.payments import chargebacks, gateway, origins, refunds
from billing.payments.subscriptions import moment

log = logging.getLogger(__name__)
_WON = "won"
_ASKED = ("warning_needs_response", "warning_under_review")
_NO_DISPUTE = ("warning_closed", "prevented")
_ORDER = (*_ASKED, *_NO_DISPUTE, *freezes.STANDING, _WON)  # none goes back to one before it
_OVER = (*_NO_DISPUTE, freezes.LOST, _WON)
_TAKEN = (*freezes.STANDING, _WON)  # the money is away, or was


def sync(dispute_id: str) -> None:
    """Ask for the dispute and write what follows from it; harmless to repeat.

    Outside of transactions. Raises NotOurs, Disagrees, PaymentServiceDown, NotUnderstood.
    """
    thing = gateway.ask(lambda v1: v1.disputes.retrieve(dispute_id))
    found = origins.purchase_of(thing["payment_intent"])
    refunds.sync_payment(thing["payment_intent"])  # what was paid back is not taken once more
    with tenancy.scope(found.organisation_id):
        purchase: Purchase = Purchase.objects.select_for_update().get(pk=found.pk)
        row = Dispute.objects.filter(stripe_id=dispute_id).first() or _new(purchase, thing)
        if _rank(thing["status"]) >= _rank(row.status):
            _write(purchase, row, thing)


def _new(purchase: Purchase, thing: gateway.Doc) -> Dispute:
    return Dispute(
        organisation_id=purchase.organisation_id, livemode=purchase.livemode, purchase=purchase,
        stripe_id=thing["id"], credits=0, status="", amount_cents=thing["amount"],
    )  # fmt: skip


def _rank(status: str) -> int:
    return _ORDER.index(status) if status in _ORDER else -1


def _write(purchase: Purchase, row: Dispute, thing: gateway.Doc) -> None:
    before, row.status = row.status, thing["status"]
    row.amount_cents, row.reason = thing["amount"], (thing["reason"] or "")[:60]
    row.evidence_due_at = moment((thing.get("evidence_details") or {}).get("due_by"))
    taken = before in _TAKEN
    if row.status in freezes.STANDING and not taken:
        chargebacks.take(purchase, row)
    if row.status == freezes.LOST and before != freezes.LOST:
        chargebacks.lose(purchase, row)
    if row.status == _WON and taken and row.reversed_at is None:
        chargebacks.give_back(row)
    if row.status in _OVER and row.closed_at is None:
        row.closed_at = timezone.now()
    row.save()
    if row.status in {freezes.LOST, _WON}:  # what is won may forgive what a lost one left owing
        freezes.thaw_settled(row.organisation_id, row.livemode)
    if said := _news(before, row.status):
        _tell(purchase, row, said)


def _news(before: str, now: str) -> str:
    """What the owners are told of: it began, it is meant seriously, it is over."""
    if now in {freezes.LOST, _WON}:
        return now if before != now else ""
    if now in freezes.STANDING:
        return "" if before in _TAKEN else "opened"
    return "asked" if not before and now in _ASKED else ""


def _tell(purchase: Purchase, row: Dispute, said: str) -> None:
    facts: dict[str, Any] = {
        "said": said, "purchase": purchase.public_id, "credits": row.credits,
        "cents": row.amount_cents, "currency": purchase.currency,
        "gift": purchase.kind == PurchaseKind.GIFT and not row.credits,
    }  # fmt: skip
    mine = row.organisation_id, row.livemode
    notices.add(*mine, "dispute", f"dispute:{row.stripe_id}:{said}", **facts)
    AuditEvent.objects.create(
        organisation_id=row.organisation_id, action=f"dispute.{said}",
        subject=purchase.public_id, detail={**facts, "dispute": row.stripe_id},
    )  # fmt: skip
    log.error(
        "ALARM payments: dispute %s of %s (%s cents, %s): %s; answer until %s", row.stripe_id,
        purchase.public_id, row.amount_cents, row.reason, row.status, row.evidence_due_at,
    )  # fmt: skip
