"""What is sold: packs of credits and monthly plans. Rows of the database, which operators change.

One credit lists at $0.028 (USD_PER_CREDIT). A small pack costs just that; larger ones bring a gift
on top, and plans ask less for a credit, because they are paid every month.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from django.conf import settings
from django.db import models

from billing import plans as in_force
from billing import titles
from billing.errors import UnknownOffer
from billing.models import Pack, Plan, PlanPrice

_YEAR = 365  # days; what is bought at other sellers of films lasts as long

# A film of 5 s costs from 15 credits: these are 23, 66, 252 and 1,320 of them.
PACKS: tuple[dict[str, Any], ...] = (
    {"slug": "pack-350", "name": "350 credits", "credits": 350, "price_cents": 980},
    {"slug": "pack-1000", "name": "1,000 credits", "credits": 1_000, "price_cents": 2_800},
    {
        "slug": "pack-3600", "name": "3,600 credits", "credits": 3_600, "bonus_credits": 180,
        "price_cents": 10_080,
    },
    {
        "slug": "pack-18000", "name": "18,000 credits", "credits": 18_000, "bonus_credits": 1_800,
        "price_cents": 50_400,
    },
)  # fmt: skip

# What a month leaves is kept at its renewal, up to another month's. Films are kept for good.
PLANS: tuple[dict[str, Any], ...] = (
    {
        "slug": "solo", "name": "Solo", "credits": 1_000, "rollover_credits": 1_000,
        "price_cents": 2_500, "concurrency": 10, "dispatch_weight": 2,
    },
    {
        "slug": "crew", "name": "Crew", "credits": 4_000, "rollover_credits": 4_000,
        "price_cents": 9_600, "concurrency": 30, "dispatch_weight": 4,
    },
    {
        "slug": "house", "name": "House", "credits": 20_000, "rollover_credits": 20_000,
        "price_cents": 44_000, "concurrency": 100, "dispatch_weight": 8,
    },
)  # fmt: skip


def publish() -> None:
    """Offer the packs and plans above. A slug that is there is left as an operator has it."""
    # Two starts at once: whichever comes second finds them there.
    Pack.objects.bulk_create(
        [
            Pack(position=place, valid_days=_YEAR, **row)
            for place, row in _missing(Pack.objects, PACKS)
        ],
        ignore_conflicts=True,
    )
    Plan.objects.bulk_create(
        [Plan(position=place, **row) for place, row in _missing(Plan.objects, PLANS)],
        ignore_conflicts=True,
    )


def _missing(
    there: models.Manager[Any], rows: tuple[dict[str, Any], ...]
) -> list[tuple[int, dict[str, Any]]]:
    """Those of `rows` whose slug nobody bears, each with its place among them all."""
    known = set(there.values_list("slug", flat=True))
    return [(place, row) for place, row in enumerate(rows) if row["slug"] not in known]


def packs() -> list[Pack]:
    """Those on sale, in the order of their cards."""
    return list(Pack.objects.filter(active=True))


def plans() -> list[Plan]:
    """Those on sale, in the order of their cards."""
    return list(Plan.objects.filter(active=True))


def pack(slug: str) -> Pack:
    """A pack on sale. Raises UnknownOffer."""
    found = Pack.objects.filter(slug=slug, active=True).first()
    if found is None:
        raise UnknownOffer("pack", slug)
    return found


def plan(slug: str) -> Plan:
    """A plan on sale. Raises UnknownOffer."""
    found = Plan.objects.filter(slug=slug, active=True).first()
    if found is None:
        raise UnknownOffer("plan", slug)
    return found


@dataclass(frozen=True, slots=True)
class Offer:
    """Credits for money, whichever way: `cents` for `credits`, a plan's every month."""

    kind: Literal["pack", "plan"]
    slug: str
    name: str
    credits: int
    cents: int


def everything() -> list[Offer]:
    """What is on sale, packs first; what a pack gives on top counts too."""
    return [
        *(Offer("pack", pack.slug, pack.name, pack.gives, pack.price_cents) for pack in packs()),
        *(Offer("plan", plan.slug, plan.name, plan.credits, plan.price_cents) for plan in plans()),
    ]


def cards(running: Plan | None = None) -> dict[str, Any]:
    """Packs and plans as their cards show them, each plan with the limits it gives here, what is
    shut to it, and what it `opens` and `ends` in place of the plan that is `running`, whose limits
    and unlocked things are `before`.
    """
    usual, before = in_force.limits(None), in_force.limits(running)
    on_sale = plans()
    locked = dict.fromkeys(sku for plan in on_sale for sku in plan.unlocks)
    known = titles.of_skus()
    names = {sku: known.get(sku, sku) for sku in locked}
    mine = [sku for sku in locked if running is not None and sku in running.unlocks]
    priced = set(PlanPrice.objects.values_list("plan_id", flat=True).distinct())
    return {
        "packs": packs(),
        "plans": [
            {
                "plan": plan,
                "dearer": running is not None and plan.price_cents > running.price_cents,
                "own_prices": plan.pk in priced,
                "unlocks": [names[sku] for sku in plan.unlocks],
                "shut": [names[sku] for sku in locked if sku not in plan.unlocks],
                "opens": [names[sku] for sku in plan.unlocks if sku not in mine],
                "ends": [names[sku] for sku in mine if sku not in plan.unlocks],
                "keeps": (running or plan).keeps_before(plan),
                "days_kept": in_force.days_kept(plan),
                **in_force.limits(plan),
            }
            for plan in on_sale
        ],
        "before": {
            **before,
            "days_kept": in_force.days_kept(running),
            "unlocks": [names[sku] for sku in mine],
        },
        "usual_days_kept": in_force.days_kept(None),
        "usual_weight": usual["dispatch_weight"],
        "currency": settings.CURRENCY,
    }
