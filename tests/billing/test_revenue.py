"""Revenue: each credit's money is its lot's, wherever the credit went, to the last fraction."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from django.utils import timezone

from accounts import tenancy
from billing import gifts, ledger, months, revenue
from billing.models import Dispute, Gift, Lot, LotSource, Purchase, Refund
from billing.payments import chargebacks, refunds, sessions
from billing.revenue import EARNED, RETURNED, Kind, Share
from tests.billing import histories, presents, purse
from tests.billing.purse import LIVE

EVER = date(2020, 1, 1), date(2100, 1, 1)


def capture(organisation: int, amount: int, whole: int, reference: str) -> None:
    held = ledger.reserve(organisation, LIVE, whole, reference=reference)
    with tenancy.scope(organisation):
        ledger.capture(held.hold_id, amount)


def bought(organisation: int, amount: int, cents: int, tax: int = 0) -> Purchase:
    """A pack that is paid, with its credits."""
    with tenancy.scope(organisation):
        made: Purchase = Purchase.objects.create(
            organisation_id=organisation, livemode=LIVE, vendor="live", kind="pack",
            credits=amount, currency="usd", amount_cents=cents, paid_cents=cents + tax,
            tax_cents=tax, status="paid", paid_at=timezone.now(),
        )  # fmt: skip
        sessions.give(made)
    return made


def paid_back(purchase: Purchase, amount: int, cents: int, status: str) -> Refund:
    """A refund of so many credits, of which so many are taken, and cents."""
    with tenancy.scope(purchase.organisation_id):
        made: Refund = Refund.objects.create(
            organisation_id=purchase.organisation_id, livemode=LIVE, purchase=purchase,
            credits=amount, amount_cents=cents, status=status,
            settled_at=None if status == "asked" else timezone.now(),
        )  # fmt: skip
    ledger.refund(
        purchase.organisation_id, LIVE, amount, lot=sessions.of(purchase),
        reference=refunds.of(made), reason="Asked for",
    )  # fmt: skip
    return made


def disputed(purchase: Purchase, status: str) -> None:
    """All of it; lost, or won at once."""
    name = f"dp_{purchase.public_id}"
    claim = {"reference": f"dispute:{name}", "reason": "Disputed"}
    ledger.claw_back(
        purchase.organisation_id, LIVE, purchase.credits, purchase=sessions.of(purchase), **claim
    )
    if status == "won":
        ledger.reinstate(purchase.organisation_id, LIVE, **claim)
    with tenancy.scope(purchase.organisation_id):
        Dispute.objects.create(
            organisation_id=purchase.organisation_id, livemode=LIVE, purchase=purchase,
            stripe_id=name, amount_cents=purchase.paid_cents, status=status,
            credits=purchase.credits, closed_at=timezone.now(),
        )  # fmt: skip


def test_all_money_that_came_in_is_earned_kept_lost_owed_broken_or_went_back() -> None:
    alice = purse.organisation().pk
    first = bought(alice, 1000, 2800, 560)
    capture(alice, 34, 34, "gen_1")
    paid_back(first, 960, 3072, "succeeded")  # of 3360 with tax: 2560 of 2688 without
    spent = bought(alice, 100, 700)
    capture(alice, 106, 106, "gen_2")
    disputed(spent, "lost")
    disputed(bought(alice, 100, 500), "won")  # all of it has paid the debt
    open_still = bought(alice, 40, 100)
    paid_back(open_still, 20, 50, "asked")
    told = revenue.report(*EVER, alice)
    with tenancy.scope(alice):
        paid = sum(one.paid_cents - one.tax_cents for one in Purchase.objects.all())
        back = list(Refund.objects.filter(status="succeeded").select_related("purchase"))
        lost = list(Dispute.objects.filter(status="lost").select_related("purchase"))
    gone = sum(
        Fraction(one.amount_cents * (one.purchase.paid_cents - one.purchase.tax_cents),
                 one.purchase.paid_cents)
        for one in [*back, *lost]
    )  # fmt: skip
    assert (told.returned(), told.kept, told.lost) == (gone, 128, 700)
    assert gone == 2560 + 700
    owed = revenue.added(told.deferred.values()).cents
    here = told.total(*EARNED, Kind.EXPIRED).cents + told.kept - told.lost + told.returned() + owed
    assert (here + told.on_its_way, told.on_its_way) == (paid, 50)
    assert paid == revenue.added(told.sold.values()).cents
    assert told.returned(months.today()) == told.returned()


def test_what_a_lost_dispute_takes_when_a_refund_fails_is_not_lost() -> None:
    alice = purse.organisation().pk
    both = bought(alice, 100, 700)
    failed = paid_back(both, 60, 420, "failed")
    name, reason = f"dispute:dp_{both.public_id}", "Disputed"
    for amount, reference in ((40, name), (60, f"{name}:{failed.public_id}")):
        if amount == failed.credits:
            ledger.reinstate(alice, LIVE, reference=refunds.of(failed), reason="It failed")
        taken = ledger.claw_back(
            alice, LIVE, amount, purchase=sessions.of(both), reference=reference, reason=reason
        )
        assert taken == (amount, 0)
    with tenancy.scope(alice):
        Dispute.objects.create(
            organisation_id=alice, livemode=LIVE, purchase=both, stripe_id=f"dp_{both.public_id}",
            amount_cents=700, status="lost", credits=100, closed_at=timezone.now(),
        )  # fmt: skip
    told = revenue.report(*EVER, alice)
    assert (told.returned(), told.lost, told.kept) == (700, 0, 0)


def test_what_paid_a_debt_that_is_undone_is_owed_again_for_its_money_and_not_earned() -> None:
    alice = purse.organisation().pk
    spent = bought(alice, 100, 280)
    capture(alice, 100, 100, "gen_1")
    ledger.claw_back(
        alice, LIVE, 100, purchase=sessions.of(spent), reference="dispute:d", reason="Disputed"
    )
    bought(alice, 30, 100)
    bought(alice, 120, 240)
    before = revenue.report(*EVER, alice)
    assert before.total(*EARNED) == Share(200, Fraction(280 + 100 + 140))
    assert ledger.reinstate(alice, LIVE, reference="dispute:d", reason="Won") == 100
    told = revenue.report(*EVER, alice)
    assert told.total(*EARNED) == Share(100, Fraction(280))
    assert told.deferred == {
        "refund": Share(100, Fraction(240)),
        "purchase": Share(50, Fraction(100)),
    }
    assert (before.unrecovered, told.unrecovered) == (100, 0)
    assert told.sold == before.sold


def test_what_was_owed_at_the_end_of_a_day_is_known_days_later() -> None:
    alice, today = purse.organisation().pk, months.today()
    ledger.grant(alice, LIVE, 50, LotSource.PURCHASE, reference="a", cents=150)
    capture(alice, 5, 8, "gen_then")
    under_way = ledger.reserve(alice, LIVE, 9, reference="gen_under_way")
    histories.spread(alice, timezone.now() - timedelta(days=3), timedelta(minutes=1))
    with histories.unguarded("billing_hold", "billing_hold_settles_once") as owner:
        owner.execute(
            "UPDATE billing_hold SET settled_at = now() - interval '3 days' "
            "WHERE organisation_id = %s AND status = 'captured'",
            [alice],
        )
    then = revenue.deferred(today, alice)
    assert then == {"purchase": Share(45, Fraction(135))}
    with tenancy.scope(alice):
        ledger.capture(under_way.hold_id, 7)
    ledger.refund(alice, LIVE, 4, lot="a", reference="refund:r", reason="Asked for")
    ledger.grant(alice, LIVE, 10, LotSource.BONUS, reference="b")
    yesterday, before = (today - timedelta(days=days) for days in (1, 4))
    assert revenue.deferred(yesterday, alice) == then
    assert revenue.deferred(before, alice) == {}
    assert revenue.deferred(today, alice) == {
        "purchase": Share(34, Fraction(102)), "bonus": Share(10),
    }  # fmt: skip


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
    given = [lot for lot in lots if lot.source != LotSource.REFUND]
    assert (here + there).cents == sum(lot.cents for lot in given)
    assert (here + there).credits == sum(lot.granted for lot in given)
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


def test_days_that_are_over_keep_what_became_of_a_gift_and_explain_what_is_owed() -> None:
    alice = purse.organisation().pk
    one = presents.paid(alice, 1000, bonus=50, cents=2800)
    days = [months.today() - timedelta(days=ago) for ago in range(6, -1, -1)]
    known: list[list[Any]] = []

    def on(day: int, row: Purchase | Refund | Dispute, field: str) -> None:
        """It was on that day; what was told of the days before stays so, and leads to the next."""
        then = datetime(*days[day].timetuple()[:3], 12, tzinfo=UTC)
        type(row).objects.filter(pk=row.pk).update(**{field: then})
        row.refresh_from_db()
        told = [revenue.report(at, at, alice) for at in days]
        owed = [revenue.added(revenue.deferred(at, alice).values()) for at in days]
        found = [[told[n].moved, told[n].sold, owed[n]] for n in range(7)]
        assert not known or found[:day] == known[:day]
        known[:] = found
        for before, after, moves in zip(owed, owed[1:], told[1:], strict=False):
            assert before + revenue.added(moves.sold.values()) == after + moves.total(*RETURNED)

    with tenancy.scope(alice):
        on(1, one, "paid_at")
        asked = Refund.objects.create(
            organisation_id=alice, livemode=LIVE, purchase=one, credits=1000, amount_cents=2800
        )
        assert gifts.take_back(one, refunds.of(asked))
        on(2, asked, "created_at")
        assert known[2][0][0].share == Share(50)
        claim = Dispute.objects.create(
            organisation_id=alice, livemode=LIVE, purchase=one, stripe_id=f"dp_{one.public_id}",
            amount_cents=2800, status="lost", credits=0, closed_at=timezone.now(),
        )  # fmt: skip
        assert not chargebacks.lose(one, claim)  # the refund has it
        on(3, claim, "closed_at")
        refunds._settle(one, asked, {"status": "failed"})
        assert presents.of(one).void_for == f"dispute:{claim.stripe_id}"
        on(4, asked, "settled_at")
        chargebacks.give_back(claim)
        claim.status = "won"
        claim.save()
        on(5, claim, "reversed_at")
        again = Refund.objects.create(
            organisation_id=alice, livemode=LIVE, purchase=one, credits=1000, amount_cents=2800
        )
        assert gifts.take_back(one, refunds.of(again))
        refunds._settle(one, again, {"status": "succeeded"})
        on(6, again, "created_at")
        assert Gift.objects.get(purchase=one).status == "void"
    kinds = [sorted({moved.kind.value for moved in moves}) for moves, _sold, _owed in known]
    back = ["refund"], ["claw_back", "reinstate"], ["reinstate"], ["refund"]
    assert kinds == [[], [], back[0], [], *back[1:]]
    assert [owed.cents for _moves, _sold, owed in known] == [0, 2800, 0, 0, 0, 2800, 0]
    told = revenue.report(*EVER, alice)
    assert (told.returned(), told.kept, told.lost, told.on_its_way) == (2800, 0, 0, 0)
