"""What of a purchase can go back: credits, their share of the bonus, and the money for them."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q, Sum
from django.db.models.functions import Now

from billing import freezes, gifts
from billing.errors import LotSpent
from billing.models import Dispute, Lot, Purchase, PurchaseKind, PurchaseStatus, RefundStatus
from billing.payments import sessions
from kling_saas.lib.refusals import Conflict


@dataclass(frozen=True, slots=True)
class Left:
    """What of a purchase was not paid back yet: credits bought, those on top, cents with tax."""

    credits: int
    bonus: int
    cents: int


def left(purchase: Purchase) -> Left:
    """Spent or not. In the purchase's scope."""
    gone = _paid_back(purchase)
    return Left(
        purchase.credits - gone,
        purchase.bonus_credits - _bonus(purchase, gone),
        (purchase.paid_cents or 0) - purchase.refunded_cents,
    )


def _paid_back(purchase: Purchase) -> int:
    mine = purchase.refunds.exclude(status=RefundStatus.FAILED)
    return min(purchase.credits, mine.aggregate(sum=Sum("credits"))["sum"] or 0)


def _bonus(purchase: Purchase, bought: int) -> int:
    """The share of the bonus that so many of the credits bought brought, upwards."""
    return -(-purchase.bonus_credits * bought // purchase.credits)


def refundable(purchase: Purchase) -> int:
    """How many of the credits bought can be paid back.

    Those that are unspent, less what is missing of the bonus: whoever has spent credits that were
    given on top keeps as many of those that were paid. In the purchase's scope.
    """
    rest = left(purchase)
    if _barred(purchase, rest):
        return 0
    most = max(0, min(rest.credits, sum(unspent(purchase)) - rest.bonus))
    return most if cents_of(rest, most) else 0


@dataclass(frozen=True, slots=True)
class Part:
    """Credits bought that go back, those that go `on_top` with them, and the cents for both; at
    most `most` of those bought can.
    """

    credits: int
    on_top: int
    cents: int
    most: int


def part(purchase: Purchase, wanted: int | None, seen: int | None = None) -> Part:
    """What goes back for so many of the credits bought, or for all that can. In its scope.

    Raises Conflict when nothing can, or not as many as were `seen`, or for a part of a gift,
    LotSpent for more than can.
    """
    most = refundable(purchase)
    need(most, seen, gifts.why_kept(purchase))
    bought = most if wanted is None else wanted
    if purchase.kind == PurchaseKind.GIFT and 0 < bought < most:
        raise Conflict("A gift comes back whole, or not at all.")
    if not 1 <= bought <= most:
        raise LotSpent(wanted=bought, left=most)
    rest = left(purchase)
    cents = cents_of(rest, bought)
    if not cents:
        raise Conflict(f"{bought} credits of this purchase are worth less than the least coin.")
    return Part(bought, on_top_of(purchase, rest, bought), cents, most)


def need(most: int, seen: int | None, why_kept: str = "") -> None:
    """Raises Conflict when nothing can be paid back, or not as many credits as were `seen`."""
    if not most:
        raise Conflict(why_kept or "Nothing of this purchase can be paid back (any more).")
    if seen is not None and seen != most:
        raise Conflict("Other credits were spent meanwhile: look again at what would come back.")


def why_nothing(purchase: Purchase) -> str:
    """Why none of it can be paid back, when none can: a sentence for operators. In its scope."""
    spent = "What can still be spent of it is not more than the credits that were given on top."
    return _barred(purchase, left(purchase)) or (
        spent if sum(unspent(purchase)) else "All of its credits are spent, or have expired."
    )


def _barred(purchase: Purchase, rest: Left) -> str:
    """Why, whatever is unspent; or empty."""
    if purchase.status != PurchaseStatus.PAID:
        return f"It is not paid: {purchase.get_status_display().lower()}."
    if not purchase.payment_intent_id:
        return "Nothing was charged for it."
    if purchase.vendor != settings.PAYMENTS_VENDOR:
        return "It was paid under other keys."
    if rest.cents < 1 or rest.credits < 1:
        return "All of it was paid back before."
    if dispute := charged_back(purchase):
        return f"The bank has taken the payment back by the dispute {dispute.stripe_id}."
    if purchase.kind == PurchaseKind.GIFT and rest.credits < purchase.credits:
        return "A gift comes back whole, and a part of it was paid back before."
    return gifts.why_kept(purchase)


def on_top_of(purchase: Purchase, rest: Left, bought: int) -> int:
    """How many of the bonus go with so many of the credits that are left."""
    gone = purchase.credits - rest.credits
    return _bonus(purchase, gone + bought) - _bonus(purchase, gone)


def cents_of(rest: Left, bought: int) -> int:
    """In proportion, downwards; the last credits bring all the cents that are left."""
    return rest.cents * bought // rest.credits


def takes_gift(purchase: Purchase, cents: int) -> bool:
    """Whether what goes back is all that was paid for a gift that nobody has redeemed: then its
    code goes with it. For any other money the credits are taken from whoever bought it. In its
    scope.
    """
    rest = left(purchase)
    whole = rest.credits == purchase.credits and cents >= rest.cents
    return whole and purchase.kind == PurchaseKind.GIFT and gifts.is_open(purchase)


def charged_back(purchase: Purchase) -> Dispute | None:
    """The dispute by which a bank has taken its money, and has not given it back."""
    standing = purchase.disputes.filter(status__in=freezes.STANDING)
    found: Dispute | None = standing.order_by("pk").last()
    return found


def unspent(purchase: Purchase) -> tuple[int, int]:
    """Credits of it that can be spent: of those bought, and of those on top; of a gift, by whoever
    will redeem it. In its scope.
    """
    if purchase.kind == PurchaseKind.GIFT:
        is_open = gifts.is_open(purchase)
        return (purchase.credits, purchase.bonus_credits) if is_open else (0, 0)
    bought = sessions.of(purchase)
    lots = Lot.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=Now()),
        organisation_id=purchase.organisation_id,
        livemode=purchase.livemode,
        reference__in=[bought, f"{bought}:bonus"],
    )
    found = dict(lots.values_list("reference", "remaining"))
    return found.get(bought, 0), found.get(f"{bought}:bonus", 0)
