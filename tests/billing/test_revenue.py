"""Revenue: each credit's money is its lot's, wherever the credit went, to the last fraction."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from django.utils import timezone

from accounts import tenancy
from billing import ledger, revenue
from billing.models import Lot, LotSource
from billing.revenue import EARNED, RETURNED, Kind, Share
from tests.billing import histories, purse
from tests.billing.purse import LIVE

EVER = date(2020, 1, 1), date(2100, 1, 1)


def capture(organisation: int, amount: int, whole: int, reference: str) -> None:
    held = ledger.reserve(organisation, LIVE, whole, reference=reference)
    with tenancy.scope(organisation):
        ledger.capture(held.hold_id, amount)


def test_a_capture_below_its_hold_spends_the_first_pins_first() -> None:
    alice = purse.organisation().pk
    soon, later = (timezone.now() + timedelta(days=days) for days in (3, 9))
    ledger.grant(alice, LIVE, 30, LotSource.PLAN, reference="a", cents=100, expires_at=soon)
    ledger.grant(alice, LIVE, 70, LotSource.PURCHASE, reference="b", cents=980, expires_at=later)
    ledger.grant(alice, LIVE, 9, LotSource.BONUS, reference="c")
    capture(alice, 37, 50, "gen_part")
    held = ledger.reserve(alice, LIVE, 20, reference="gen_under_way")
    told = revenue.report(*EVER, alice)
    assert told.total(Kind.SPENT) == Share(37, Fraction(100) + 14 * 7)
    assert told.deferred == {"purchase": Share(63, Fraction(882)), "bonus": Share(9)}
    with tenancy.scope(alice):
        ledger.release(held.hold_id)
    assert revenue.report(*EVER, alice).deferred == told.deferred


def test_what_expired_was_refunded_or_paid_a_debt_is_told_apart() -> None:
    alice = purse.organisation().pk
    ledger.grant(alice, LIVE, 300, LotSource.PURCHASE, reference="purchase:p", cents=1000)
    capture(alice, 100, 100, "gen_1")
    back = {"lot": "purchase:p", "reference": "refund:r", "reason": "Asked for"}
    ledger.refund(alice, LIVE, 30, **back)
    ledger.claw_back(
        alice, LIVE, 270, purchase="purchase:p", reference="dispute:d", reason="Disputed"
    )
    ends = timezone.now() + timedelta(days=2)
    ledger.grant(
        alice, LIVE, 120, LotSource.PURCHASE, reference="purchase:q", cents=600, expires_at=ends
    )
    purse.let_days_pass(alice, 3)
    with tenancy.scope(alice):
        ledger.expire_lots()
    told = revenue.report(*EVER, alice)
    assert told.total(Kind.REFUNDED) == Share(30, Fraction(100))
    assert told.total(Kind.CLAWED_BACK) == Share(170, Fraction(1700, 3))
    assert told.unrecovered == 100
    assert told.total(Kind.SETTLED) == Share(100, Fraction(500))
    assert told.total(Kind.EXPIRED) == Share(20, Fraction(100))
    assert (told.deferred, told.sold["purchase"].cents) == ({}, 1600)


@pytest.mark.parametrize("seed", range(25))
def test_what_was_paid_is_earned_owed_broken_or_returned(seed: int) -> None:
    alice = histories.lived(seed, steps=30)
    told = revenue.report(*EVER, alice)
    with tenancy.scope(alice):
        lots = list(Lot.objects.filter(organisation=alice, livemode=LIVE))
    here = revenue.added(told.deferred.values())
    there = told.total(*EARNED, *RETURNED, Kind.EXPIRED)
    assert (here + there).cents == sum(lot.cents for lot in lots)
    assert (here + there).credits == sum(lot.granted for lot in lots)
    assert here + there == revenue.added(told.sold.values())


def test_a_day_has_what_was_earned_on_it_and_everybody_is_in_the_whole() -> None:
    alice = purse.organisation().pk
    ledger.grant(alice, LIVE, 50, LotSource.PURCHASE, reference="a", cents=150)
    ledger.grant(alice, not LIVE, 50, LotSource.TEST, reference="t")
    capture(alice, 5, 5, "gen_now")
    capture(alice, 8, 8, "gen_then")
    then = datetime(2019, 6, 1, 23, 59, 59, tzinfo=UTC)
    with histories.unguarded("billing_hold", "billing_hold_settles_once") as owner:
        owner.execute(
            "UPDATE billing_hold SET settled_at = %s WHERE organisation_id = %s AND amount = 8",
            [then, alice],
        )
    told = revenue.report(date(2019, 6, 1), date(2019, 6, 2), alice)
    assert [told.total(*EARNED, day=day).cents for day in told.days] == [24, 0]
    assert revenue.report(then.date(), then.date()).total(*EARNED).cents == 24
    today = timezone.now().astimezone(UTC).date()
    assert revenue.report(today, today, alice).total(Kind.SPENT) == Share(5, Fraction(15))
