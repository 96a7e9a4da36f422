"""What customers do about their plan: choose one, another one, cancel, stay after all.

A first plan and a dearer one are paid on the payment service's page at once, and a month begins
with them; a cheaper one follows at the next renewal. Nothing is granted here.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.conf import settings

from accounts import tenancy
from accounts.actors import Actor
from billing.models import PaymentCustomer, Plan, Subscription
from billing.payments import customers, gateway, subscriptions, tariffs
from billing.payments.errors import NotUnderstood, PaymentServiceDown
from kling_saas.lib.refusals import Conflict, NotFound

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams

HERE = "/billing/plan"
_PORTAL = {"kling": "portal 1"}  # the metadata of our configuration


def choose(actor: Actor, plan: Plan) -> str:
    """Where the plan is paid; empty when it follows at the next renewal, with nothing to pay now.

    Outside of transactions. Raises Forbidden, NotFound for a plan that is not sold (any more),
    Conflict for the one that the organisation has and while a payment is being confirmed,
    PaymentServiceDown, NotUnderstood, Unavailable.
    """
    actor.must_buy("spend your money")
    if not plan.active:
        raise NotFound("This plan is not sold any more: choose another one.")
    running = subscriptions.of(actor.organisation_id)
    if running is None:
        return _page(actor, plan)
    if running.plan_id == plan.pk:
        if running.next_plan is None:
            raise Conflict(f"{plan.name} is your plan already.")
        _next(running, plan)
        return ""
    if plan.price_cents > running.plan.price_cents:
        return _page(actor, plan)
    _next(running, plan)
    return ""


def _page(actor: Actor, plan: Plan) -> str:
    customer = customers.ensure(actor.organisation_id)
    _close_pages(customer)
    _need_all_confirmed(customer)
    ours = {"organisation": str(actor.organisation_id), "plan": plan.slug}
    wanted: SessionCreateParams = {
        "mode": "subscription",
        "line_items": [{"quantity": 1, "price": tariffs.price_of(plan)}],
        "metadata": ours,
        "subscription_data": {"metadata": ours},
        "customer": customer.stripe_id,
        "customer_update": {"name": "auto", "address": "auto"},
        "allow_promotion_codes": True,
        "tax_id_collection": {"enabled": True},
        "billing_address_collection": "auto",
        "success_url": (
            f"{settings.SITE_URL}{HERE}?paid={plan.slug}&session={{CHECKOUT_SESSION_ID}}"
        ),
        "cancel_url": settings.SITE_URL + HERE,
    }
    if settings.STRIPE_TAX:
        wanted["automatic_tax"] = {"enabled": True}
    session = gateway.order(
        str(uuid.uuid4()), lambda v1, once: v1.checkout.sessions.create(wanted, once)
    )
    if not session.get("url"):
        raise PaymentServiceDown
    _close_pages(customer, but=session["id"])
    return str(session["url"])


def _close_pages(customer: PaymentCustomer, but: str = "") -> None:
    """Nobody pays a page of another plan any more: the later plan would end the dearer one.

    `but` is a page that was opened just now and stays if no newer one is there: of two that are
    opened at the same moment one stays. Raises Conflict when it does not, or one is being paid.
    """
    wanted: Any = {"customer": customer.stripe_id, "status": "open", "limit": 100}
    found = gateway.ask(lambda v1: v1.checkout.sessions.list(wanted))["data"]
    pages = [one for one in found if one["mode"] == "subscription"]
    names = [one["id"] for one in sorted(pages, key=lambda page: (page["created"], page["id"]))]
    for name in names[:-1] if but else names:
        try:
            _close(name)
        except NotUnderstood:
            raise Conflict("Another page of a plan is over since just now: look again.") from None
    if names and but and names[-1] != but:
        raise Conflict("Another page of a plan was opened at the same moment: look again.")


def _need_all_confirmed(customer: PaymentCustomer) -> None:
    """Raises Conflict when a plan is paid that we have not heard of yet: nobody pays it twice."""
    wanted: Any = {"customer": customer.stripe_id, "status": "active", "limit": 100}
    found = gateway.ask(lambda v1: v1.subscriptions.list(wanted))
    ours = {one["id"] for one in found["data"] if (one["metadata"] or {}).get("plan")}
    with tenancy.scope(customer.organisation_id):
        known = Subscription.objects.filter(stripe_id__in=ours).values_list("stripe_id", flat=True)
        if ours - set(known):
            raise Conflict(
                "A plan was paid just now, and its payment is being confirmed: look again in a "
                "minute. Nothing has to be paid twice."
            )


def _close(session_id: str) -> None:
    gateway.order(
        str(uuid.uuid4()), lambda v1, once: v1.checkout.sessions.expire(session_id, {}, once)
    )


def _next(running: Subscription, plan: Plan) -> None:
    price = tariffs.price_of(plan)
    thing = gateway.ask(lambda v1: v1.subscriptions.retrieve(running.stripe_id))
    item = thing["items"]["data"][0]["id"]
    _update(
        running,
        {
            "items": [{"id": item, "price": price}],
            "proration_behavior": "none",
            "cancel_at_period_end": False,
        },
    )


def cancel(actor: Actor) -> Subscription:
    """The plan ends with the month that is paid. Raises Forbidden, NotFound without a plan, and as
    `choose` does when it cannot be ended now.
    """
    running = _running(actor)
    _update(running, {"cancel_at_period_end": True})
    return _running(actor)


def stay(actor: Actor) -> Subscription:
    """It is renewed after all. Raises as `cancel` does."""
    running = _running(actor)
    _update(running, {"cancel_at_period_end": False})
    return _running(actor)


def portal(actor: Actor) -> str:
    """The payment service's page for cards, address, tax id and invoices. Raises Forbidden."""
    actor.must_buy("spend your money")
    customer = customers.ensure(actor.organisation_id)
    configuration = _portal()
    wanted: Any = {
        "customer": customer.stripe_id,
        "configuration": configuration,
        "return_url": settings.SITE_URL + HERE,
    }
    made = gateway.order(
        str(uuid.uuid4()), lambda v1, once: v1.billing_portal.sessions.create(wanted, once)
    )
    return str(made["url"])


def _portal() -> str:
    """Our configuration of it: plans are changed with us, where the credits are explained."""
    found = gateway.ask(lambda v1: v1.billing_portal.configurations.list({"active": True}))
    for one in found["data"]:
        if one["metadata"] == _PORTAL:
            return str(one["id"])
    wanted: Any = {
        "metadata": _PORTAL,
        "features": {
            "customer_update": {
                "enabled": True,
                "allowed_updates": ["name", "email", "address", "tax_id"],
            },
            "invoice_history": {"enabled": True},
            "payment_method_update": {"enabled": True},
            "subscription_cancel": {"enabled": True, "mode": "at_period_end"},
        },
    }
    made = gateway.order(
        f"{settings.SITE_URL}:{_PORTAL['kling']}",
        lambda v1, once: v1.billing_portal.configurations.create(wanted, once),
    )
    return str(made["id"])


def _update(running: Subscription, wanted: Any) -> None:
    gateway.order(
        str(uuid.uuid4()),
        lambda v1, once: v1.subscriptions.update(running.stripe_id, wanted, once),
    )
    subscriptions.sync(running.stripe_id)


def _running(actor: Actor) -> Subscription:
    actor.must_buy("spend your money")
    running = subscriptions.of(actor.organisation_id)
    if running is None:
        raise NotFound("Your organisation has no plan.")
    return running
