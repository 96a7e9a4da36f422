"""Many at once on one wallet: what is accepted is exactly what can be paid."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connection

from accounts import tenancy
from billing import ledger, proof
from billing.models import LotSource, Transfer
from kling_saas.lib.refusals import Refusal
from tests.billing import purse
from tests.billing.purse import LIVE
from tests.waiting import until

THREADS = 16


def at_once(act: Callable[[int], object]) -> Counter[str]:
    """Run `act` in 16 threads started together; how often each outcome came."""
    together = Barrier(THREADS)

    def one(number: int) -> str:
        try:
            connection.ensure_connection()
            together.wait()
            return str(act(number))
        except Refusal as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return Counter(pool.map(one, range(THREADS)))


def in_scope(organisation: int, act: Callable[[], object]) -> object:
    with tenancy.scope(organisation):
        return act()


def test_sixteen_orders_on_a_wallet_that_pays_for_ten_get_ten() -> None:
    alice = purse.funded(100)

    def order(number: int) -> str:
        ledger.reserve(alice, LIVE, 10, reference=f"gen_{number}")
        return "held"

    assert at_once(order) == {"held": 10, "insufficient_credits": 6}
    assert purse.figures(alice) == (0, 100, 0)
    assert proof.prove(alice).holds


def test_one_order_sent_sixteen_times_at_once_is_held_for_once() -> None:
    alice = purse.funded(100)
    holds = at_once(lambda _: ledger.reserve(alice, LIVE, 10, reference="gen_a").hold_id)
    assert list(holds.values()) == [16]
    assert purse.figures(alice) == (90, 10, 0)


def test_one_purchase_told_sixteen_times_at_once_is_paid_out_once() -> None:
    alice = purse.organisation().pk
    told = at_once(lambda _: ledger.grant(alice, LIVE, 100, LotSource.PURCHASE, reference="pi_1"))
    assert told == {"True": 1, "False": 15}
    assert purse.figures(alice) == (100, 0, 0)


def test_one_refund_asked_for_sixteen_times_at_once_is_made_once() -> None:
    alice = purse.funded(100)
    made = at_once(
        lambda _: ledger.refund(
            alice, LIVE, 10, lot="first purchase", reference="re_1", reason="asked for"
        )
    )
    assert made == {"True": 1, "False": 15}
    assert proof.prove(alice).holds


def test_captures_and_releases_of_one_hold_racing_settle_it_once() -> None:
    alice = purse.funded(100)
    held = ledger.reserve(alice, LIVE, 10, reference="gen_a").hold_id

    def settle(number: int) -> object:
        if number % 2:
            return in_scope(alice, lambda: ledger.capture(held, 10))
        return in_scope(alice, lambda: ledger.release(held))

    assert at_once(settle) == {"True": 1, "False": 7, "already_settled": 8}
    assert purse.figures(alice) in {(90, 0, 0), (100, 0, 0)}
    assert proof.prove(alice).holds


def test_an_entry_is_never_earlier_than_the_one_before_it() -> None:
    """An order that waits for the wallet's lock began before one that had the lock."""
    alice = purse.funded(100)
    waiting = threading.Thread(target=_reserve_late, args=(alice,))
    with tenancy.scope(alice):
        ledger.open_wallet(alice, LIVE)
        waiting.start()
        _until_somebody_waits(alice)
        ledger.reserve(alice, LIVE, 1, reference="gen_quick")
    waiting.join()
    with tenancy.scope(alice):
        rows = Transfer.objects.filter(organisation_id=alice).order_by("sequence")
        times = [row.created_at for row in rows]
        assert [row.reference for row in rows][1:] == ["gen_quick", "gen_late"]
    assert times == sorted(times)


def _reserve_late(organisation: int) -> None:
    try:
        ledger.reserve(organisation, LIVE, 1, reference="gen_late")
    finally:
        connection.close()


def _until_somebody_waits(organisation: int) -> None:
    def waits() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
            )
            return bool(cursor.fetchone()[0])

    until(waits)
