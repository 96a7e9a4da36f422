"""Customers take their money back themselves: a while after paying, for what they did not spend,
or for a part of that.

Whoever takes a month of a plan back gives the plan up with it: otherwise they would keep its limits
and its prices, every month, for nothing. So it comes back whole, or not at all. So does a gift, for
as long as nobody has redeemed it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from accounts import tenancy
from accounts.actors import Actor
from accounts.models import Organisation
from billing import gifts, wallets
from billing.errors import BillingRefusal
from billing.models import Dispute, Purchase, PurchaseKind, Refund
from billing.payments import purchases, refunds, shares, subscriptions

_REASON = "Asked for by the customer."
_LEAST_CENTS = 100  # of a part: each refund is the bank's work


class BadPart(BillingRefusal):
    """Not a part of the purchase that can be paid back; `field` is `credits`."""

    code, status, title = "invalid_refund", 422, "Invalid refund"


@dataclass(frozen=True, slots=True)
class Offer:
    """What would come back: credits that were bought leave the wallet, `on_top` with them, and
    the running plan ends if `ends_plan`. At most `most` of them can, and no fewer than `least`;
    `rest` is all that was not paid back before. `until` is None for as long as it is open.
    """

    credits: int
    on_top: int
    cents: int
    most: int
    least: int
    rest: shares.Left
    until: datetime | None
    ends_plan: bool


def offer(actor: Actor, purchase: Purchase) -> Offer | None:
    """All that the actor can have paid back of it now; None: nothing, too late, they owe
    credits, or it is not theirs to ask."""
    if not actor.may_buy or _is_suspended(actor.organisation_id):
        return None
    if not settings.REFUND_DAYS or purchase.paid_at is None:
        return None
    until: datetime | None = purchase.paid_at + timedelta(days=settings.REFUND_DAYS)
    if purchase.kind == PurchaseKind.GIFT:
        until = None
    owes = wallets.balance(purchase.organisation_id, purchase.livemode).owed
    if (until and until <= timezone.now()) or owes:
        return None
    with tenancy.scope(purchase.organisation_id):
        rest = shares.left(purchase)  # before: what others take meanwhile is not offered
        most = shares.refundable(purchase)
    if not most:
        return None
    least = min(most, -(-_LEAST_CENTS * rest.credits // rest.cents))
    if purchase.kind == PurchaseKind.PLAN and most < purchase.credits:
        return None
    if purchase.kind in {PurchaseKind.PLAN, PurchaseKind.GIFT}:
        least = most
    running = subscriptions.of(purchase.organisation_id) if purchase.subscription_id else None
    ends_plan = running is not None and running.stripe_id == purchase.subscription_id
    return Offer(
        credits=most, on_top=shares.on_top_of(purchase, rest, most),
        cents=shares.cents_of(rest, most), most=most, least=least, rest=rest, until=until,
        ends_plan=ends_plan,
    )  # fmt: skip


def part(purchase: Purchase, offered: Offer, bought: int | None) -> Offer:
    """What would come back for so many of the credits that are `offered`; None is no number.

    Raises BadPart.
    """
    most, least = offered.most, offered.least
    if bought is None or not least <= bought <= most:
        if least == most:
            raise BadPart(
                f"Only all of them together come back: {most:,} credits.", field="credits"
            )
        raise BadPart(f"Write {least:,} to {most:,} credits.", field="credits")
    on_top = shares.on_top_of(purchase, offered.rest, bought)
    return replace(
        offered, credits=bought, on_top=on_top, cents=shares.cents_of(offered.rest, bought)
    )


def give_back(actor: Actor, public_id: str, bought: int | None, seen: int | None = None) -> Refund:
    """Pay back so many of those that were offered, and end the plan it is a month of.

    `seen` is how many were offered, and None that `bought` was all of them.
    Outside of transactions. Raises NotFound, Forbidden, Conflict when the offer does not stand any
    more, BadPart; and as `subscriptions.end` does when the plan could not be ended. Then no money
    moved.
    """
    seen = bought if seen is None else seen
    actor.must_buy("ask for money back")
    purchase = purchases.find(actor, public_id)
    offered = offer(actor, purchase)
    with tenancy.scope(actor.organisation_id):
        why_kept = gifts.why_kept(purchase)
    shares.need(offered.most if offered else 0, seen, why_kept)
    assert offered is not None, "it was needed"
    wanted = part(purchase, offered, bought).credits
    return refunds.ask(
        purchase, wanted, _REASON, asked_by=actor.user_id, seen=seen, ends_plan=offered.ends_plan
    )


def disputed(actor: Actor, purchase: Purchase) -> Dispute | None:
    """By what a bank has taken the payment back, and keeps it for now or for good."""
    with tenancy.scope(actor.organisation_id):
        return shares.charged_back(purchase)


def of(actor: Actor, purchase: Purchase) -> list[tuple[Refund, int]]:
    """What was paid back of it, or is on its way, the oldest first; each with the credits of a
    gift that went with it.
    """
    with tenancy.scope(actor.organisation_id):
        return [(one, refunds.on_top(one)) for one in purchase.refunds.order_by("pk")]


def _is_suspended(organisation_id: int) -> bool:
    with tenancy.scope(organisation_id):
        mine = Organisation.objects.filter(pk=organisation_id, suspended_at__isnull=False)
        return bool(mine.exists())
