"""The cheapest way to so many credits: packs, each as often as it takes, and one plan at most."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import count
from math import gcd

from billing.offers import Offer

_WIDEST = 200_000  # steps of a table; the packs of billing.offers need 5,000


@dataclass(frozen=True, slots=True)
class Part:
    """An offer taken so many times."""

    offer: Offer
    times: int


@dataclass(frozen=True, slots=True)
class Way:
    """Offers taken together, a plan first, then packs, largest first; what they cost and give."""

    parts: tuple[Part, ...]
    cents: int
    credits: int


@dataclass(frozen=True, slots=True)
class _Table:
    """For each need of n `unit`s of credits: one pack of the cheapest way to it.

    What is left without that pack is a smaller need. `best` has the lowest price for a credit.
    """

    unit: int
    best: Offer
    packs: list[Offer | None]


def cheapest(need: int, among: Sequence[Offer], one_of: Collection[str] = ()) -> Way | None:
    """The cheapest way to `need` credits (≥ 1) a month; None when nothing on sale is enough.

    An organisation has one plan at most; packs may come on top of it. `one_of` are slugs of plans:
    unless it is empty, every way has one of these. Of two ways that cost the same, the one with
    fewer purchases, then the one without a plan.
    """
    packs = tuple(offer for offer in among if offer.kind == "pack")
    plans = [offer for offer in among if offer.kind == "plan"]
    if one_of:
        plans = [plan for plan in plans if plan.slug in one_of]
    found = [] if one_of else [_packed(need, packs, [])]
    found += [_packed(need - plan.credits, packs, [Part(plan, 1)]) for plan in plans]
    return min((way for way in found if way), key=_order, default=None)


def _order(way: Way) -> tuple[int, int]:
    return way.cents, sum(part.times for part in way.parts)


def _packed(need: int, packs: tuple[Offer, ...], first: list[Part]) -> Way | None:
    """`first`, and packs for `need` more credits: the best one for the bulk, then by the table."""
    taken = dict.fromkeys(packs, 0)
    if need > 0:
        if not packs:
            return None
        table = _table(packs)
        steps, size = -(-need // table.unit), table.best.credits // table.unit
        taken[table.best] = max(0, -((len(table.packs) - 1 - steps) // size))
        left = steps - taken[table.best] * size
        while left > 0 and (pack := table.packs[left]):
            taken[pack] += 1
            left -= pack.credits // table.unit
    largest = sorted(packs, key=lambda pack: -pack.credits)
    parts = [*first, *(Part(pack, taken[pack]) for pack in largest if taken[pack])]
    cents = sum(part.times * part.offer.cents for part in parts)
    return Way(tuple(parts), cents, sum(part.times * part.offer.credits for part in parts))


@lru_cache(maxsize=8)  # offers change rarely, and strangers ask often
def _table(packs: tuple[Offer, ...]) -> _Table:
    """As wide as other packs than the best ever reach (but for `_WIDEST`), and one best more."""
    ranked = sorted(packs, key=lambda pack: (Fraction(pack.cents, pack.credits), -pack.credits))
    best, unit = ranked[0], gcd(*(pack.credits for pack in packs))
    others = sum(
        _most(pack, ranked[:place]) * pack.credits for place, pack in enumerate(ranked) if place
    )
    sums: list[tuple[int, int]] = [(0, 0)]
    chosen: list[Offer | None] = [None]
    for step in range(1, min((others + best.credits) // unit, _WIDEST) + 1):
        ways = []
        for place, pack in enumerate(ranked):
            cents, purchases = sums[max(0, step - pack.credits // unit)]
            ways.append((cents + pack.cents, purchases + 1, place))
        *total, place = min(ways)
        sums.append((total[0], total[1]))
        chosen.append(ranked[place])
    return _Table(unit, best, chosen)


def _most(pack: Offer, better: Sequence[Offer]) -> int:
    """How many of it a cheapest way needs at most: one more, and some of a `better` one give as
    much for no more money.
    """
    return next(
        times - 1
        for times in count(1)
        for other in better
        if -(-times * pack.credits // other.credits) * other.cents <= times * pack.cents
    )
