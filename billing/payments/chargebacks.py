"""The credits of a payment that a bank has taken back: what a dispute takes, and gives back.

All of it is done under the purchase's lock, in its scope.
"""

from __future__ import annotations

from django.utils import timezone

from billing import freezes, gifts, ledger
from billing.models import Dispute, Purchase, Refund, RefundStatus
from billing.payments import sessions, shares


def take(purchase: Purchase, row: Dispute) -> None:
    """In proportion of what is disputed, upwards; of what was not paid back before."""
    row.credits = _due(purchase, row)
    if row.credits:
        _claw_back(purchase, row, row.credits, freezes.of_dispute(row.stripe_id))
    _freeze(row)


def lose(purchase: Purchase, row: Dispute) -> bool:
    """The bank keeps the payment: a gift that nobody could redeem meanwhile ends with it. False
    when there was none, or credits were taken for it.
    """
    return not row.credits and gifts.take_back(purchase, freezes.of_dispute(row.stripe_id))


def take_also(purchase: Purchase, row: Dispute, failed: Refund) -> None:
    """What the dispute left alone because it was being paid back, and was not: the refund failed,
    and its credits are in the wallet again, or its code is open.
    """
    if row.status == freezes.LOST and lose(purchase, row):
        return
    more = max(0, _due(purchase, row) - row.credits)
    if not more:
        return
    _taken, owed = _claw_back(purchase, row, more, _also(row, failed))
    row.credits += more
    row.save(update_fields=["credits"])
    if owed:  # a lost one's freeze may be over
        _freeze(row)


def give_back(row: Dispute) -> None:
    """The bank has given the payment back: all that was taken returns, and spending goes on."""
    cause = freezes.of_dispute(row.stripe_id)
    failed = row.purchase.refunds.filter(status=RefundStatus.FAILED).order_by("pk")
    for reference in (cause, *(_also(row, refund) for refund in failed)):
        ledger.reinstate(
            row.organisation_id, row.livemode, reference=reference, reason="The bank gave it back."
        )
    gifts.open_again(row.purchase, cause)
    ledger.thaw(row.organisation_id, row.livemode, cause=cause, reason="The dispute was won.")
    row.reversed_at = timezone.now()


def _due(purchase: Purchase, row: Dispute) -> int:
    """How many credits, bought and on top, go with what is disputed. None while it is a gift's
    code, which nobody can redeem until the bank has decided.
    """
    if shares.takes_gift(purchase, row.amount_cents):
        return 0
    rest = shares.left(purchase)
    whole = rest.credits + rest.bonus
    cents = min(row.amount_cents, rest.cents)
    return -(-whole * cents // rest.cents) if rest.cents else 0


def _also(row: Dispute, failed: Refund) -> str:
    return f"{freezes.of_dispute(row.stripe_id)}:{failed.public_id}"


def _claw_back(purchase: Purchase, row: Dispute, credits_: int, reference: str) -> tuple[int, int]:
    return ledger.claw_back(
        row.organisation_id, row.livemode, credits_, purchase=sessions.of(purchase),
        reference=reference, reason="Disputed at the bank.",
    )  # fmt: skip


def _freeze(row: Dispute) -> None:
    ledger.freeze(
        row.organisation_id, row.livemode, cause=freezes.of_dispute(row.stripe_id),
        reason="A payment was disputed at the bank.",
    )  # fmt: skip
