"""Customers take their money back themselves: a while after paying, for what they did not spend.

Whoever takes a month of a plan back gives the plan up with it: otherwise they would keep its limits
and its prices, every month, for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from accounts import tenancy
from accounts.actors import Actor
from billing import wallets
from billing.models import Dispute, Purchase, PurchaseKind, Refund
from billing.payments import purchases, refunds, shares, subscriptions
from kling_saas.lib.refusals import Conflict

_REASON = "Asked for by the customer."


@dataclass(frozen=True, slots=True)
class Offer:
    """What would come back: credits that were bought leave the wallet, `on_top` with them, and
    the running plan ends if `ends_plan`."""

    credits: int
    on_top: int
    cents: int
    until: datetime
    ends_plan: bool


def offer(actor: Actor, purchase: Purchase) -> Offer | None:
    """What the actor can have paid back of it now; None: nothing, too late, they owe
    credits, or it is not theirs to ask."""
    if not actor.may_buy or actor.suspended or purchase.vendor != settings.PAYMENTS_VENDOR:
        return None
    if not settings.REFUND_DAYS or purchase.paid_at is None:
        return None
    until = purchase.paid_at + timedelta(days=settings.REFUND_DAYS)
    owes = wallets.balance(purchase.organisation_id, purchase.livemode).owed
    if until <= timezone.now() or owes:
        return None
    with tenancy.scope(purchase.organisation_id):
        most, cents = shares.refundable(purchase)
        on_top = shares.on_top_of(purchase, shares.left(purchase), most)
        whole = most == purchase.credits or purchase.kind != PurchaseKind.PLAN
    if not most or not whole:
        return None
    running = subscriptions.of(purchase.organisation_id) if purchase.subscription_id else None
    ends_plan = running is not None and running.stripe_id == purchase.subscription_id
    return Offer(most, on_top, cents, until, ends_plan)


def give_back(actor: Actor, public_id: str, bought: int) -> Refund:
    """Pay back what was offered, if that still stands; before that, end the plan it is a month of.

    Outside of transactions. Raises NotFound, Forbidden, Conflict when it does not stand any more,
    PaymentServiceDown and NotUnderstood when the plan could not be ended; then no money moved.
    """
    actor.must_buy("ask for money back")
    purchase = purchases.find(actor, public_id)
    offered = offer(actor, purchase)
    if offered is None:
        raise Conflict("Nothing of this purchase can be paid back (any more).")
    if offered.credits != bought:
        raise Conflict("Other credits were spent meanwhile: look again at what would come back.")
    if offered.ends_plan:
        subscriptions.end(purchase.organisation_id, purchase.subscription_id)
    return refunds.ask(purchase, bought, _REASON, asked_by=actor.user_id)


def disputed(actor: Actor, purchase: Purchase) -> Dispute | None:
    """By what a bank has taken the payment back, and keeps it for now or for good."""
    with tenancy.scope(actor.organisation_id):
        return shares.charged_back(purchase)


def of(actor: Actor, purchase: Purchase) -> list[Refund]:
    """What was paid back of it, or is on its way, the oldest first."""
    with tenancy.scope(actor.organisation_id):
        return list(purchase.refunds.order_by("pk"))
