"""What only subscribers of some plans may order, in live mode: what a plan on sale unlocks.

Every other SKU is open to all. A plan that is sold no more unlocks on for whoever has it.
"""

from __future__ import annotations

from billing import plans, prices, titles
from billing.errors import PlanRequired
from billing.models import Plan


def plans_for(sku: str) -> list[Plan]:
    """The plans on sale that unlock it, in the order of their cards; none: it is open to all.

    At most `prices.CACHE_SECONDS` old. Raises UnknownPrice when no prices were published yet.
    """
    return [plan for plan in prices.active_book().unlocked_by.get(sku, ()) if plan.active]


def is_open(organisation_id: int, sku: str) -> bool:
    """Whether the organisation may order it in live mode.

    It asks the database for nothing that pricing the order has not asked for already, but for the
    subscribers of all plans once a second and process, and only for a SKU that is not open to all.
    """
    by = prices.active_book().unlocked_by.get(sku)
    if by is None:
        return True
    mine = plans.telling_plan(organisation_id)
    return any(plan.pk == mine for plan in by)


def require(organisation_id: int, sku: str) -> None:
    """Raises PlanRequired unless the organisation may order it in live mode."""
    if not is_open(organisation_id, sku):
        name = titles.of_skus().get(sku, sku)
        raise PlanRequired(sku, name, {plan.slug: plan.name for plan in plans_for(sku)})
