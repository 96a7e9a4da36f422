"""Money, told as a customer would: what is in the wallet after each thing that happens."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

import pytest
from django.db import DataError, connection, transaction
from django.utils import timezone

from accounts import tenancy
from accounts.models import AuditEvent
from billing import entries as books
from billing import ledger, proof, wallets
from billing.errors import (
    AlreadySettled,
    AmountOutOfRange,
    InsufficientCredits,
    OrganisationSuspended,
    ReferenceReused,
    UnknownHold,
    UnknownOrganisation,
    WalletFrozen,
)
from billing.models import Lot, LotSource
from kling_saas.lib.refusals import NotFound
from tests.billing import purse
from tests.billing.purse import LIVE


def settle(organisation: int, hold: int, amount: int | None) -> bool:
    """Capture `amount`, or release when it is None."""
    with tenancy.scope(organisation):
        return ledger.release(hold) if amount is None else ledger.capture(hold, amount)


def lots(organisation: int) -> dict[str, int]:
    """What remains of each lot, by reference."""
    with tenancy.scope(organisation):
        return dict(Lot.objects.order_by("id").values_list("reference", "remaining"))


def test_a_film_is_held_for_and_then_paid() -> None:
    alice = purse.funded(100)
    held = ledger.reserve(alice, LIVE, 35, reference="gen_a")
    assert held.available_after == 65
    assert purse.figures(alice) == (65, 35, 0)
    assert settle(alice, held.hold_id, 35) is True
    assert purse.figures(alice) == (65, 0, 0)
    assert purse.entries(alice) == [("purchase", 100, 100), ("hold", -35, 65), ("capture", 0, 65)]
    assert proof.prove(alice).accounts == {
        (LIVE, "available"): 65,
        (LIVE, "held"): 0,
        (LIVE, "purchases"): -100,
        (LIVE, "revenue"): 35,
    }


def test_a_failed_film_gives_every_credit_back_to_the_lot_it_came_from() -> None:
    alice = purse.funded(100)
    held = ledger.reserve(alice, LIVE, 70, reference="gen_a")
    assert settle(alice, held.hold_id, None) is True
    assert purse.figures(alice) == (100, 0, 0)
    assert purse.entries(alice)[1:] == [("hold", -70, 30), ("release", 70, 100)]
    assert lots(alice) == {"first purchase": 100}


def test_a_film_shorter_than_held_for_costs_its_real_length() -> None:
    alice = purse.funded(100)
    held = ledger.reserve(alice, LIVE, 80, reference="gen_a")
    assert settle(alice, held.hold_id, 30) is True
    assert purse.entries(alice)[1:] == [("hold", -80, 20), ("capture", 0, 20), ("release", 50, 70)]
    assert lots(alice) == {"first purchase": 70}


def test_settling_again_the_same_way_moves_nothing() -> None:
    alice = purse.funded(100)
    captured = ledger.reserve(alice, LIVE, 10, reference="gen_a").hold_id
    released = ledger.reserve(alice, LIVE, 10, reference="gen_b").hold_id
    assert [settle(alice, captured, 10), settle(alice, captured, 10)] == [True, False]
    assert [settle(alice, released, None), settle(alice, released, None)] == [True, False]
    by_another = ledger.reserve(alice, LIVE, 10, reference="gen_a", spender=ledger.Spender(1))
    assert by_another.hold_id == captured
    assert purse.figures(alice) == (90, 0, 0)
    assert proof.prove(alice).holds


def test_settling_the_other_way_is_refused() -> None:
    alice = purse.funded(100)
    captured = ledger.reserve(alice, LIVE, 10, reference="gen_a").hold_id
    released = ledger.reserve(alice, LIVE, 10, reference="gen_b").hold_id
    settle(alice, captured, 10)
    settle(alice, released, None)
    with pytest.raises(AlreadySettled):
        settle(alice, captured, None)
    with pytest.raises(AlreadySettled):
        settle(alice, released, 10)
    assert purse.figures(alice) == (90, 0, 0)


def test_too_few_credits_are_refused_with_what_is_needed_and_what_is_there() -> None:
    alice = purse.funded(20)
    with pytest.raises(InsufficientCredits) as refusal:
        ledger.reserve(alice, LIVE, 35, reference="gen_a")
    assert (refusal.value.needed, refusal.value.available) == (35, 20)
    assert refusal.value.facts == {"needed": 35, "available": 20}
    assert "15 are missing" in refusal.value.detail
    assert purse.figures(alice) == (20, 0, 0)


def test_a_wallet_never_opened_is_an_empty_one() -> None:
    bob = purse.organisation().pk
    with pytest.raises(InsufficientCredits) as refusal:
        ledger.reserve(bob, LIVE, 1, reference="gen_a")
    assert refusal.value.available == 0
    assert purse.figures(bob) == (0, 0, 0)


def test_live_and_test_credits_never_mix() -> None:
    alice = purse.funded(100)
    ledger.grant(alice, not LIVE, 500, LotSource.TEST, reference="first purchase")
    ledger.reserve(alice, not LIVE, 500, reference="gen_a")
    assert purse.figures(alice) == (100, 0, 0)
    assert wallets.balance(alice, not LIVE) == wallets.Balance(0, 500, 0, 0, livemode=False)


def test_what_expires_first_is_spent_first_then_gifts_then_what_was_bought() -> None:
    alice = purse.organisation().pk
    soon, later = timezone.now() + timedelta(days=2), timezone.now() + timedelta(days=9)
    ledger.grant(alice, LIVE, 10, LotSource.PURCHASE, reference="bought")
    ledger.grant(alice, LIVE, 10, LotSource.BONUS, reference="bonus")
    ledger.grant(alice, LIVE, 10, LotSource.PROMO, reference="later", expires_at=later)
    ledger.grant(alice, LIVE, 10, LotSource.PURCHASE, reference="soon", expires_at=soon)
    remaining = []
    for number in range(4):
        ledger.reserve(alice, LIVE, 10, reference=f"gen_{number}")
        remaining.append({name for name, left in lots(alice).items() if left})
    assert remaining == [{"bought", "bonus", "later"}, {"bought", "bonus"}, {"bought"}, set()]


def test_expired_credits_leave_the_wallet_and_held_ones_wait_for_their_film() -> None:
    alice = purse.organisation().pk
    end = timezone.now() + timedelta(days=1)
    ledger.grant(alice, LIVE, 50, LotSource.PROMO, reference="promo", expires_at=end)
    held = ledger.reserve(alice, LIVE, 20, reference="gen_a")
    for number, hours in ((7, 3), (8, 1)):
        until = end + timedelta(hours=hours)
        ledger.grant(alice, LIVE, number, LotSource.PROMO, reference=f"{hours}", expires_at=until)
    purse.let_days_pass(alice, 2)
    with tenancy.scope(alice):
        assert ledger.expire_lots(timezone.now() - timedelta(days=1.5)) == 0
        assert ledger.expire_lots() == 3
        assert ledger.expire_lots() == 0
    assert purse.figures(alice) == (0, 20, 0)
    assert purse.entries(alice)[-3:] == [("expire", -30, 15), ("expire", -8, 7), ("expire", -7, 0)]
    settle(alice, held.hold_id, 20)
    assert proof.prove(alice).accounts[(LIVE, "expired")] == 45


def test_credits_given_back_after_their_end_last_seven_more_days() -> None:
    alice = purse.organisation().pk
    end = timezone.now() + timedelta(days=1)
    ledger.grant(alice, LIVE, 50, LotSource.PROMO, reference="promo", expires_at=end)
    held = ledger.reserve(alice, LIVE, 50, reference="gen_a")
    purse.let_days_pass(alice, 2)
    settle(alice, held.hold_id, None)
    assert purse.figures(alice) == (50, 0, 0)
    with tenancy.scope(alice):
        left = Lot.objects.get().expires_at - timezone.now()
    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)


@pytest.mark.parametrize("charged", [None, 1])
def test_only_what_comes_back_after_its_end_lives_on(charged: int | None) -> None:
    alice = purse.organisation().pk
    end = timezone.now() + timedelta(days=1)
    ledger.grant(alice, LIVE, 50, LotSource.PROMO, reference="promo", expires_at=end)
    held = ledger.reserve(alice, LIVE, 3, reference="gen_a")
    purse.let_days_pass(alice, 2)  # and no sweep came
    settle(alice, held.hold_id, charged)
    back = 3 - (charged or 0)
    assert purse.figures(alice) == (back, 0, 0)
    assert purse.entries(alice)[-2:] == [("expire", -47, 0), ("release", back, back)]
    purse.let_days_pass(alice, 8)
    with tenancy.scope(alice):
        assert ledger.expire_lots() == 1
    assert purse.figures(alice) == (0, 0, 0)
    assert proof.prove(alice).holds


def test_due_credits_buy_nothing_before_the_sweep_has_come() -> None:
    alice = purse.organisation().pk
    end = timezone.now() + timedelta(days=1)
    ledger.grant(alice, LIVE, 50, LotSource.PROMO, reference="promo", expires_at=end)
    ledger.grant(alice, LIVE, 10, LotSource.PURCHASE, reference="bought")
    purse.let_days_pass(alice, 2)
    with pytest.raises(InsufficientCredits) as refusal:
        ledger.reserve(alice, LIVE, 11, reference="gen_a")
    assert refusal.value.available == 10
    assert ledger.reserve(alice, LIVE, 10, reference="gen_a").available_after == 0
    assert purse.entries(alice)[2:] == [("expire", -50, 10), ("hold", -10, 0)]


def test_credits_are_due_at_their_end_and_not_a_moment_later() -> None:
    alice = purse.organisation().pk
    ledger.grant(alice, LIVE, 10, LotSource.PURCHASE, reference="bought")
    with tenancy.scope(alice):
        [now] = ledger._call("SELECT now()", [])
        ledger.grant(alice, LIVE, 50, LotSource.PROMO, reference="promo", expires_at=now)
        for needed in (61, 11):
            with pytest.raises(InsufficientCredits) as refusal, transaction.atomic():
                ledger.reserve(alice, LIVE, needed, reference="gen_a")
            assert refusal.value.available == 10
        held = ledger.reserve(alice, LIVE, 10, reference="gen_a").hold_id
        ledger.grant(alice, LIVE, 7, LotSource.PROMO, reference="beside", expires_at=now)
        ledger.release(held)
        later = now + timedelta(days=1)
        ledger.grant(alice, LIVE, 5, LotSource.PROMO, reference="later", expires_at=later)
        assert ledger.expire_lots(later - timedelta(microseconds=1)) == 0
        assert ledger.expire_lots(later) == 1
    assert lots(alice) == {"bought": 10, "promo": 0, "beside": 0, "later": 0}


def test_the_same_purchase_told_twice_is_paid_out_once() -> None:
    alice = purse.funded(100)
    again = {"reference": "first purchase"}
    assert ledger.grant(alice, LIVE, 100, LotSource.PURCHASE, **again) is False
    assert purse.figures(alice) == (100, 0, 0)
    with pytest.raises(ReferenceReused):
        ledger.grant(alice, LIVE, 101, LotSource.PURCHASE, **again)


def test_the_same_order_told_twice_is_held_for_once() -> None:
    alice = purse.funded(50)
    first = ledger.reserve(alice, LIVE, 50, reference="gen_a")
    assert ledger.reserve(alice, LIVE, 50, reference="gen_a") == first
    assert purse.figures(alice) == (0, 50, 0)
    with pytest.raises(ReferenceReused):
        ledger.reserve(alice, LIVE, 49, reference="gen_a")


def test_a_paid_top_up_shows_as_pending_until_it_is_confirmed() -> None:
    alice = purse.funded(5)
    assert ledger.announce(alice, LIVE, 100, reference="pi_1") is True
    assert ledger.announce(alice, LIVE, 100, reference="pi_1") is False
    assert ledger.announce(alice, LIVE, 30, reference="pi_2") is True
    assert purse.figures(alice) == (5, 0, 130)
    assert ledger.grant(alice, LIVE, 100, LotSource.PURCHASE, reference="pi_1") is True
    assert purse.figures(alice) == (105, 0, 30)
    assert ledger.withdraw(alice, LIVE, reference="pi_1", reason="late") is False
    assert ledger.withdraw(alice, LIVE, reference="pi_2", reason="late") is True


def test_a_top_up_that_fails_leaves_the_wallet_as_it_was() -> None:
    alice = purse.funded(5)
    ledger.announce(alice, LIVE, 100, reference="pi_1")
    assert ledger.withdraw(alice, LIVE, reference="pi_1", reason="card declined") is True
    assert ledger.withdraw(alice, LIVE, reference="pi_1", reason="card declined") is False
    assert purse.figures(alice) == (5, 0, 0)
    assert ledger.grant(alice, LIVE, 100, LotSource.PURCHASE, reference="pi_1") is True
    assert purse.figures(alice) == (105, 0, 0)


def test_a_dispute_takes_what_is_left_and_notes_the_rest_as_debt() -> None:
    alice = purse.funded(100)
    ledger.reserve(alice, LIVE, 70, reference="gen_a")
    dispute = {"purchase": "first purchase", "reference": "dp_1", "reason": "dispute"}
    assert ledger.claw_back(alice, LIVE, 100, **dispute) == (30, 70)
    assert ledger.claw_back(alice, LIVE, 100, **dispute) == (30, 70)
    assert purse.figures(alice) == (0, 70, 0)
    found = proof.prove(alice)
    assert found.holds
    assert found.accounts[(LIVE, "receivable")] == -70


def test_a_frozen_wallet_settles_and_receives_but_reserves_nothing() -> None:
    alice = purse.funded(100)
    held = ledger.reserve(alice, LIVE, 10, reference="gen_a")
    assert ledger.freeze(alice, LIVE, cause="ledger", reason="books differ") is True
    with tenancy.scope(alice):
        assert AuditEvent.objects.get().subject == "live wallet"
    assert ledger.freeze(alice, LIVE, cause="ledger", reason="books differ") is False
    assert proof.prove(alice).holds
    with pytest.raises(WalletFrozen):
        ledger.reserve(alice, LIVE, 10, reference="gen_b")
    assert ledger.reserve(alice, LIVE, 10, reference="gen_a").hold_id == held.hold_id
    assert settle(alice, held.hold_id, 10) is True
    assert ledger.thaw(alice, LIVE, cause="ledger", reason="looked at") is True
    assert ledger.reserve(alice, LIVE, 10, reference="gen_b").available_after == 80
    with tenancy.scope(alice):
        acts = list(AuditEvent.objects.order_by("id").values_list("action", "detail"))
    assert acts == [
        ("wallet.frozen", {"cause": "ledger", "reason": "books differ"}),
        ("wallet.thawed", {"cause": "ledger", "reason": "looked at"}),
    ]


def test_a_suspended_organisation_orders_nothing_and_its_films_under_way_settle() -> None:
    alice = purse.funded(100)
    held = ledger.reserve(alice, LIVE, 10, reference="gen_a")
    purse.as_owner("UPDATE accounts_organisation SET suspended_at = now() WHERE id = %s", alice)
    with pytest.raises(OrganisationSuspended):
        ledger.reserve(alice, LIVE, 10, reference="gen_b")
    assert settle(alice, held.hold_id, 10) is True


@pytest.mark.parametrize("amount", [0, -5])
def test_amounts_below_one_credit_are_refused(amount: int) -> None:
    alice = purse.funded(100)
    held = ledger.reserve(alice, LIVE, 10, reference="gen_a").hold_id
    with pytest.raises(AmountOutOfRange):
        ledger.reserve(alice, LIVE, amount, reference="gen_b")
    with pytest.raises(AmountOutOfRange):
        ledger.grant(alice, LIVE, amount, LotSource.GRANT, reference="gift")
    with pytest.raises(AmountOutOfRange):
        settle(alice, held, amount)


def test_a_million_million_credits_are_the_most_that_moves_at_once() -> None:
    alice, most = purse.funded(1), 1_000_000_000_000
    ledger.grant(alice, LIVE, most, LotSource.GRANT, reference="gift")
    with pytest.raises(AmountOutOfRange):
        ledger.grant(alice, LIVE, most + 1, LotSource.GRANT, reference="more")
    assert purse.figures(alice) == (most + 1, 0, 0)


def test_a_fault_that_is_no_refusal_is_told_as_it_is() -> None:
    with pytest.raises(DataError):
        settle(purse.funded(1), cast(int, "no number"), 1)


def test_more_than_the_hold_is_never_charged() -> None:
    alice = purse.funded(100)
    held = ledger.reserve(alice, LIVE, 10, reference="gen_a").hold_id
    with pytest.raises(AmountOutOfRange):
        settle(alice, held, 11)
    assert purse.figures(alice) == (90, 10, 0)


def test_nobody_reaches_another_tenant_s_money() -> None:
    alice, mallory = purse.funded(100), purse.funded(1)
    held = ledger.reserve(alice, LIVE, 10, reference="gen_a").hold_id
    with pytest.raises(UnknownHold):
        settle(mallory, held, 10)
    with pytest.raises(UnknownOrganisation), tenancy.scope(mallory):
        ledger._call("SELECT billing_reserve(%s, true, 5, 'gen_m', 0, '', '', '')", [alice])
    with pytest.raises(UnknownOrganisation), tenancy.scope(mallory):
        ledger._call("SELECT billing_grant(%s, true, 5, 'grant', NULL, 'gift', '', 0, '')", [alice])
    assert books.page(mallory, LIVE).entries[0].balance_after == 1
    assert purse.figures(alice) == (90, 10, 0)


def test_two_organisations_may_be_posted_to_in_one_transaction() -> None:
    alice, bob = purse.funded(10), purse.funded(10)
    with tenancy.system("a sweep settles many"):
        for held in [ledger.reserve(each, LIVE, 4, reference="gen_a") for each in (alice, bob)]:
            ledger.capture(held.hold_id, 4)
    assert (purse.figures(alice), purse.figures(bob)) == ((6, 0, 0), (6, 0, 0))
    with transaction.atomic():  # whose end is in nobody's scope
        ledger.reserve(alice, LIVE, 1, reference="gen_b")
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.tenant', true)")
        assert cursor.fetchone() == ("",)


def test_the_statement_is_paged_without_a_gap_and_adds_up() -> None:
    alice = purse.funded(100)
    for number in range(6):
        ledger.reserve(alice, LIVE, number + 1, reference=f"gen_{number}")
    seen, cursor = [], ""
    while True:
        page = books.page(alice, LIVE, after=cursor, limit=3)
        seen += page.entries
        if page.next is None:
            break
        cursor = page.next
    assert [e.amount for e in seen] == [-6, -5, -4, -3, -2, -1, 100]
    assert sum(e.amount for e in seen) == purse.figures(alice)[0] == 79
    assert [e.generation for e in seen[-2:]] == ["gen_0", None]
    assert seen[-1].lot is not None
    assert all(e.id.startswith("led_") for e in seen)
    with pytest.raises(NotFound, match="led_unknown"):
        books.page(alice, LIVE, after="led_unknown")
