"""Money that goes back, to the last credit: refunds, disputes won, and what a plan keeps."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

import pytest
from django.utils import timezone

from accounts import tenancy
from billing import ledger, proof, wallets
from billing.errors import AmountOutOfRange, ReferenceReused
from billing.models import Lot, LotSource, Wallet
from tests.billing import purse
from tests.billing.purse import LIVE


def lots(organisation: int) -> dict[str, int]:
    """What remains of each lot, by reference."""
    with tenancy.scope(organisation):
        return dict(Lot.objects.order_by("id").values_list("reference", "remaining"))


@pytest.mark.parametrize(("paid", "owed"), [(1, 89), (50, 40), (89, 1), (90, 0)])
def test_a_dispute_that_is_won_forgives_the_rest_and_gives_back_what_was_paid(
    paid: int, owed: int
) -> None:
    alice = purse.funded(100)
    ledger.reserve(alice, LIVE, 90, reference="gen_a")
    dispute = {"purchase": "first purchase", "reference": "dp_1", "reason": "dispute"}
    assert ledger.claw_back(alice, LIVE, 100, **dispute) == (10, 90)
    ledger.grant(alice, LIVE, paid, LotSource.PURCHASE, reference="second purchase")
    assert wallets.balance(alice, LIVE).owed == owed
    assert ledger.reinstate(alice, LIVE, reference="dp_1", reason="won") == 10 + paid
    assert ledger.reinstate(alice, LIVE, reference="dp_1", reason="won") == 0
    assert purse.figures(alice) == (10 + paid, 90, 0)
    assert wallets.balance(alice, LIVE).owed == 0
    assert lots(alice) == {"first purchase": 10, "second purchase": 0, "dp_1:paid": paid}
    assert proof.prove(alice).holds


@pytest.mark.parametrize(("bought", "first"), [(1, (1, 0)), (0, (0, 1))])
def test_a_claim_of_one_credit_is_made_once_too(bought: int, first: tuple[int, int]) -> None:
    alice = purse.funded(1)
    if not bought:
        ledger.reserve(alice, LIVE, 1, reference="gen_a")
    claim = {"purchase": "first purchase", "reference": "dp_1", "reason": "dispute"}
    assert ledger.claw_back(alice, LIVE, 1, **claim) == first
    assert ledger.claw_back(alice, LIVE, 1, **claim) == first
    with pytest.raises(ReferenceReused):
        ledger.claw_back(alice, LIVE, 2, **claim)
    assert proof.prove(alice).holds


def test_what_expired_while_the_bank_decided_lives_for_seven_days_more() -> None:
    alice, begun = purse.organisation().pk, timezone.now()
    ledger.grant(
        alice, LIVE, 10, LotSource.PURCHASE, reference="first purchase",
        expires_at=begun + timedelta(days=3),
    )  # fmt: skip
    ledger.claw_back(alice, LIVE, 10, purchase="first purchase", reference="dp_1", reason="dispute")
    purse.let_days_pass(alice, 4)
    before = timezone.now()
    assert ledger.reinstate(alice, LIVE, reference="dp_1", reason="won") == 10
    with tenancy.scope(alice):
        lives = Lot.objects.get().expires_at - timedelta(days=7)
    assert before <= lives <= timezone.now()


def test_what_had_ended_of_a_lot_does_not_come_back_to_life_with_what_was_taken_of_it() -> None:
    alice = purse.organisation().pk
    ledger.grant(
        alice, LIVE, 10, LotSource.PURCHASE, reference="first purchase",
        expires_at=timezone.now() + timedelta(days=3),
    )  # fmt: skip
    ledger.refund(alice, LIVE, 4, lot="first purchase", reference="re_1", reason="asked for")
    purse.let_days_pass(alice, 4)
    assert ledger.reinstate(alice, LIVE, reference="re_1", reason="failed") == 4
    assert purse.entries(alice)[-2:] == [("expire", -6, 0), ("reinstate", 4, 4)]
    assert lots(alice) == {"first purchase": 4}


def test_a_debt_is_written_off_once_per_reference() -> None:
    alice = purse.funded(100)
    ledger.reserve(alice, LIVE, 90, reference="gen_a")
    dispute = {"purchase": "first purchase", "reason": "dispute"}
    courtesy = {"reference": "off_1", "reason": "courtesy", "actor": ""}
    ledger.claw_back(alice, LIVE, 100, reference="dp_1", **dispute)
    assert ledger.write_off(alice, LIVE, **courtesy) == 90
    ledger.claw_back(alice, LIVE, 1, reference="dp_2", **dispute)
    assert ledger.write_off(alice, LIVE, **courtesy) == 0
    assert wallets.balance(alice, LIVE).owed == 1
    assert ledger.write_off(alice, LIVE, **{**courtesy, "reference": "off_2"}) == 1
    assert proof.prove(alice).holds


def test_a_debt_that_was_written_off_is_not_paid_out_when_the_dispute_is_won() -> None:
    alice = purse.funded(100)
    hold = ledger.reserve(alice, LIVE, 100, reference="gen_a").hold_id
    with tenancy.scope(alice):
        ledger.capture(hold, 100)
    for name, amount in (("dp_1", 60), ("dp_2", 40)):
        taken = ledger.claw_back(
            alice, LIVE, amount, purchase="first purchase", reference=name, reason="dispute"
        )
        assert taken == (0, amount)
    ledger.grant(alice, LIVE, 30, LotSource.PURCHASE, reference="second purchase")
    assert ledger.write_off(alice, LIVE, reference="op", reason="goodwill", actor="") == 70
    for _ in range(2):  # the 30 that were paid come back once
        assert ledger.reinstate(alice, LIVE, reference="dp_1", reason="won") in {30, 0}
        assert ledger.reinstate(alice, LIVE, reference="dp_2", reason="won") == 0
    assert purse.figures(alice) == (30, 0, 0)
    assert proof.prove(alice).holds


@pytest.mark.parametrize("bought", [50, 0])
def test_a_dispute_that_is_won_forgives_no_debt_but_its_own_and_what_it_gives_back_pays_others(
    bought: int,
) -> None:
    alice = purse.funded(100)
    hold = ledger.reserve(alice, LIVE, 100, reference="gen_a").hold_id
    with tenancy.scope(alice):
        ledger.capture(hold, 100)
    claim = {"purchase": "first purchase", "reason": "dispute"}
    ledger.claw_back(alice, LIVE, 50, reference="dp_1", **claim)
    assert ledger.write_off(alice, LIVE, reference="op", reason="goodwill", actor="") == 50
    ledger.claw_back(alice, LIVE, 30, reference="dp_2", **claim)
    ledger.claw_back(alice, LIVE, 40, reference="dp_3", **claim)
    if bought:
        ledger.grant(alice, LIVE, bought, LotSource.PURCHASE, reference="second purchase")
    back = [
        (ledger.reinstate(alice, LIVE, reference=name, reason="won"),
         wallets.balance(alice, LIVE).owed)
        for name in ("dp_1", "dp_2", "dp_3", "dp_1")
    ]  # fmt: skip
    assert back == ([(0, 20), (10, 0), (40, 0), (0, 0)] if bought else
                    [(0, 70), (0, 40), (0, 0), (0, 0)])  # fmt: skip
    assert proof.prove(alice).holds


def test_a_later_dispute_that_is_won_first_leaves_the_earlier_debt_as_it_was() -> None:
    alice = purse.funded(100)
    hold = ledger.reserve(alice, LIVE, 100, reference="gen_a").hold_id
    with tenancy.scope(alice):
        ledger.capture(hold, 100)
    for name, amount in (("dp_1", 50), ("dp_2", 30)):
        ledger.claw_back(
            alice, LIVE, amount, purchase="first purchase", reference=name, reason="dispute"
        )
    for name, owed in (("dp_2", 50), ("dp_1", 0)):
        assert ledger.reinstate(alice, LIVE, reference=name, reason="won") == 0
        assert wallets.balance(alice, LIVE).owed == owed
    assert proof.prove(alice).holds


def test_what_comes_back_to_bought_lots_pays_a_debt_first() -> None:
    alice = purse.funded(100)
    ledger.grant(alice, LIVE, 20, LotSource.PROMO, reference="gift")
    first, second = (
        ledger.reserve(alice, LIVE, amount, reference=name).hold_id
        for name, amount in (("gen_a", 70), ("gen_b", 50))
    )
    ledger.claw_back(alice, LIVE, 90, purchase="first purchase", reference="dp_1", reason="x")
    with tenancy.scope(alice):
        ledger.capture(first, 60)
        assert (purse.figures(alice)[0], wallets.balance(alice, LIVE).owed) == (0, 80)
        ledger.release(second)
    assert (purse.figures(alice), wallets.balance(alice, LIVE).owed) == ((0, 0, 0), 30)
    assert proof.prove(alice).holds


def test_a_debt_takes_no_more_than_it_is_of_what_comes_back_to_several_lots() -> None:
    alice = purse.funded(100)
    ledger.grant(alice, LIVE, 50, LotSource.PURCHASE, reference="second purchase")
    hold = ledger.reserve(alice, LIVE, 150, reference="gen_a").hold_id
    ledger.claw_back(alice, LIVE, 20, purchase="first purchase", reference="dp_1", reason="x")
    with tenancy.scope(alice):
        ledger.release(hold)
    assert (purse.figures(alice), wallets.balance(alice, LIVE).owed) == ((130, 0, 0), 0)
    assert lots(alice) == {"first purchase": 100, "second purchase": 30}
    assert proof.prove(alice).holds


def test_what_is_released_in_part_goes_back_to_the_lots_that_were_taken_last() -> None:
    alice = purse.funded(30)
    ledger.grant(alice, LIVE, 50, LotSource.PURCHASE, reference="second purchase")
    hold = ledger.reserve(alice, LIVE, 80, reference="gen_a").hold_id
    with tenancy.scope(alice):
        ledger.capture(hold, 20)
    assert lots(alice) == {"first purchase": 10, "second purchase": 50}
    assert proof.prove(alice).holds


def test_a_refund_is_made_once_per_reference() -> None:
    alice = purse.funded(100)
    refund = {"lot": "first purchase", "reference": "re_1", "reason": "asked for"}
    assert ledger.refund(alice, LIVE, 30, **refund) is True
    assert ledger.refund(alice, LIVE, 30, **refund) is False
    with pytest.raises(ReferenceReused):
        ledger.refund(alice, LIVE, 31, **refund)
    assert ledger.refund(alice, LIVE, 70, **{**refund, "reference": "re_2"}) is True
    assert purse.figures(alice) == (0, 0, 0)


def test_a_renewal_keeps_the_newest_credits_of_all_months_before_it() -> None:
    alice, month = purse.organisation().pk, timezone.now() + timedelta(days=30)
    for name in ("first", "second", "third", "fourth"):
        ledger.grant(alice, LIVE, 30, LotSource.PLAN, reference=name, expires_at=month)
    until = month + timedelta(days=30)
    assert ledger.roll_over(alice, LIVE, 40, until=until, renewal="fourth") == 40
    assert lots(alice) == {"first": 0, "second": 10, "third": 30, "fourth": 30}
    with tenancy.scope(alice):
        kept = dict(Lot.objects.values_list("reference", "expires_at"))
    assert kept == {"first": month, "second": until, "third": until, "fourth": month}


def test_one_credit_too_many_is_not_kept_at_a_renewal() -> None:
    alice, month = purse.organisation().pk, timezone.now() + timedelta(days=30)
    for name in ("first", "second"):
        ledger.grant(alice, LIVE, 30, LotSource.PLAN, reference=name, expires_at=month)
    until = month + timedelta(days=30)
    assert ledger.roll_over(alice, LIVE, 29, until=until, renewal="second") == 29
    assert lots(alice) == {"first": 29, "second": 30}


def test_a_wallet_says_the_cause_that_still_freezes_it() -> None:
    alice, bob = purse.funded(10), purse.funded(10)
    for cause in ("one", "two"):
        ledger.freeze(alice, LIVE, cause=cause, reason=f"cause {cause}")
    ledger.reserve(bob, LIVE, 1, reference="gen_b")  # it is nobody else's
    for lifted, said in (("one", "cause two"), ("two", "")):
        assert ledger.thaw(alice, LIVE, cause=lifted, reason="looked at")
        with tenancy.scope(alice):
            wallet = Wallet.objects.get(livemode=True)
        assert (wallet.frozen_reason, wallet.frozen_at is not None) == (said, bool(said))


def test_credits_from_nowhere_and_orders_of_no_amount_are_refused() -> None:
    alice = purse.funded(10)
    grant = "SELECT billing_grant(%s, true, 5, 'nowhere', NULL, 'gift', '', 0, '')"
    with pytest.raises(AmountOutOfRange), tenancy.scope(alice):
        ledger._call(grant, [alice])
    with pytest.raises(AmountOutOfRange):
        ledger.reserve(alice, LIVE, cast(int, None), reference="gen_a")
    assert lots(alice) == {"first purchase": 10}
