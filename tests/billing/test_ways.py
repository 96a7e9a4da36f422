"""The cheapest way to a month's credits, whatever is on sale."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from billing import ways
from billing.offers import Offer

SMALL = Offer("pack", "s", "Small", 100, 300)
LARGE = Offer("pack", "l", "Large", 1_000, 2_500)
PLAN = Offer("plan", "p", "Plan", 500, 1_000)


def found(
    need: int, *among: Offer, one_of: tuple[str, ...] = ()
) -> tuple[list[tuple[str, int]], int] | None:
    """Slugs and times, and the cents."""
    way = ways.cheapest(need, among, one_of)
    return way and ([(part.offer.slug, part.times) for part in way.parts], way.cents)


def test_packs_are_combined_also_with_one_plan() -> None:
    everything = SMALL, LARGE, PLAN
    assert found(1, *everything) == ([("s", 1)], 300)
    assert found(301, *everything) == ([("p", 1)], 1_000)
    assert found(700, *everything) == ([("p", 1), ("s", 2)], 1_600)
    assert found(1_100, SMALL, LARGE) == ([("l", 1), ("s", 1)], 2_800)
    assert found(1_501, *everything) == ([("p", 1), ("l", 1), ("s", 1)], 3_800)
    assert found(10**12, SMALL, LARGE) == ([("l", 10**9)], 2_500 * 10**9)


def test_without_packs_a_plan_must_be_enough_alone() -> None:
    assert found(500, PLAN) == ([("p", 1)], 1_000)
    assert found(501, PLAN) is None
    assert found(1) is None


def test_what_a_plan_unlocks_is_reckoned_with_that_plan_alone() -> None:
    other = Offer("plan", "o", "Other", 500, 1)
    assert found(100, SMALL, LARGE, other, PLAN, one_of=("p",)) == ([("p", 1)], 1_000)
    assert found(700, SMALL, LARGE, other, PLAN, one_of=("p",)) == ([("p", 1), ("s", 2)], 1_600)
    assert found(501, other, PLAN, one_of=("p",)) is None
    assert found(1, SMALL, other, one_of=("p",)) is None


def test_of_equal_prices_fewer_purchases_are_told() -> None:
    half = Offer("pack", "h", "Half", 50, 150)
    assert found(100, half, SMALL) == ([("s", 1)], 300)
    assert found(100, SMALL, Offer("plan", "q", "Same", 100, 300)) == ([("s", 1)], 300)


@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(0, 60)), min_size=1, max_size=4),
    st.integers(1, 400),
)
def test_no_other_packs_cost_less(packs: list[tuple[int, int]], need: int) -> None:
    least = [0]
    for wanted in range(1, need + 1):
        least.append(min(cents + least[max(0, wanted - gives)] for gives, cents in packs))
    offers = [Offer("pack", f"{n}", "Pack", *pack) for n, pack in enumerate(packs)]
    way = ways.cheapest(need, offers)
    assert way is not None
    assert way.credits >= need
    assert way.cents == least[need]
