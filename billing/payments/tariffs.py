"""Our plans as the payment service knows them: a product with a monthly price for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from billing.models import Plan
from billing.payments import gateway

if TYPE_CHECKING:
    from stripe.params import PriceCreateParams

_PLAN = "plan"  # in a price's metadata: the slug


def price_of(plan: Plan) -> str:
    """The id of the plan's price as it is today, made when there is none.

    A plan whose figures change gets another price; who subscribed before keeps theirs. Raises
    PaymentServiceDown, NotUnderstood.
    """
    name = f"{plan.slug}:{plan.price_cents}:{settings.CURRENCY}"
    found = gateway.ask(
        lambda v1: v1.prices.list({"lookup_keys": [name], "active": True, "limit": 1})
    )
    if found["data"]:
        return str(found["data"][0]["id"])
    wanted: PriceCreateParams = {
        "currency": settings.CURRENCY,
        "unit_amount": plan.price_cents,
        "tax_behavior": "exclusive",
        "recurring": {"interval": "month"},
        "lookup_key": name,
        "metadata": {_PLAN: plan.slug},
        "product_data": {"name": plan.name, "metadata": {_PLAN: plan.slug}},
    }
    made = gateway.order(f"price:{name}", lambda v1, once: v1.prices.create(wanted, once))
    return str(made["id"])


def plan_of(price: gateway.Doc) -> Plan | None:
    """The plan that a price is of; None for one that was not made here."""
    slug = (price.get("metadata") or {}).get(_PLAN)
    return Plan.objects.filter(slug=slug).first() if slug else None


def plan_of_id(price_id: str) -> Plan | None:
    """The same, when only its id is known. Raises PaymentServiceDown, NotUnderstood."""
    return plan_of(gateway.ask(lambda v1: v1.prices.retrieve(price_id)))
