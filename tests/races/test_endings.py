"""Two who want to end or begin the same thing: one of them does, and the money moves once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import requests
from django.db import connection, transaction

from accounts import tenancy
from billing import proof, wallets
from billing.models import Hold
from generations import attempts, cancelling, lifecycle
from generations.errors import NotCancellable
from generations.models import (
    AttemptOutcome,
    Generation,
    GenerationEvent,
    ProviderAccount,
    Status,
    Video,
)
from tests.generations.orders import actor, parked
from tests.generations.programs import FILM, Program, available, funded, native, settled
from tests.people import Customer
from tests.stack import Stack

ROUNDS = 30


@pytest.fixture(scope="module")
def alice() -> Customer:
    """A customer with 10,000 test credits."""
    return funded()


def both(*acts: Callable[[], object]) -> list[object]:
    """All at the same moment, each with a connection of its own."""
    together = Barrier(len(acts))

    def one(act: Callable[[], object]) -> object:
        try:
            connection.ensure_connection()
            together.wait()
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


def test_a_cancel_that_races_the_hand_over_30_times_is_either_and_never_both(
    site: str, stack: Stack
) -> None:
    bob = funded("bob")
    programs = [native(site, bob.test_key) for _ in range(ROUNDS)]

    def round_(numbered: tuple[int, Program]) -> tuple[str, int]:
        number, program = numbered
        made = program.post("/generations", {**FILM, "prompt": f"A race {number}"}).json()
        threading.Event().wait(number * 0.005)  # from before the hand-over until after it
        told = program.post(f"/generations/{made['id']}/cancel").status_code
        return made["id"], told

    with ThreadPoolExecutor(10) as pool:
        told = dict(pool.map(round_, enumerate(programs)))
    ends = {name: settled(programs[0], name) for name in told}

    creates = requests.get(f"{stack.sandbox}/_audit", timeout=60).json()["creates"]
    made = Counter({c["label"].removeprefix("external:")[:-2]: c["created"] for c in creates})
    for name, film in ends.items():
        assert (film["status"], told[name], made[name]) in {
            ("cancelled", 200, 0),
            ("succeeded", 409, 1),
        }
        assert film["credits"]["charged"] == (10 if film["status"] == "succeeded" else 0)
    paid = sum(film["status"] == "succeeded" for film in ends.values())
    assert available(bob) == 10_000 - 10 * paid
    assert wallets.balance(bob.organisation.pk, False).reserved == 0
    assert proof.prove(bob.organisation.pk).holds


def stored(order: Generation) -> list[Generation]:
    """The order at its last step, unseen by the workers, as two workers hold it."""
    with tenancy.system("a test moves it"), transaction.atomic():
        account = ProviderAccount.objects.get(name="sandbox-kling")
        lifecycle.hand_over(order, account)
        for step in (Status.IN_FLIGHT, Status.FETCHING, Status.STORING):
            assert lifecycle.advance(order, step)
        Generation.objects.filter(pk=order.pk).update(next_run_at=None)
        return [Generation.objects.get(pk=order.pk) for _ in range(2)]


def film_of(order: Generation) -> Video:
    return Video(
        organisation_id=order.organisation_id, livemode=order.livemode, generation=order,
        key="k", poster_key="p", bytes=1, sha256="0" * 64, width=1, height=1, duration_ms=5000,
        has_sound=False, preview_due_at=None,
    )  # fmt: skip


def final_events(order: Generation) -> list[str]:
    with tenancy.system("a test looks at every tenant"):
        return [
            event.status
            for event in GenerationEvent.objects.filter(generation=order)
            if event.status in {"succeeded", "failed", "cancelled"}
        ]


def test_success_and_failure_at_once_settle_once(alice: Customer) -> None:
    outcomes = Counter[str]()
    for _ in range(ROUNDS // 3):
        before = wallets.balance(alice.organisation.pk, False)
        one, two = stored(parked(alice))
        won = both(
            lambda one=one: lifecycle.succeed(one, film_of(one)),
            lambda two=two: lifecycle.fail(two, "late", "too late"),
        )
        assert sorted(map(bool, won)) == [False, True]
        (end,) = final_events(one)
        outcomes[end] += 1
        assert end == ("succeeded" if won[0] else "failed")
        after = wallets.balance(alice.organisation.pk, False)
        assert before.available - after.available == (10 if won[0] else 0)
        assert after.reserved == before.reserved
        with tenancy.system("a test looks at every tenant"):
            settled_as = Hold.objects.get(pk=one.hold_id).status
            assert settled_as == ("captured" if won[0] else "released")
            assert Video.objects.filter(generation=one).count() == int(bool(won[0]))
    assert sum(outcomes.values()) == ROUNDS // 3
    assert proof.prove(alice.organisation.pk).holds


def test_two_successes_at_once_charge_once(alice: Customer) -> None:
    before = wallets.balance(alice.organisation.pk, False)
    one, two = stored(parked(alice))
    won = both(
        lambda: lifecycle.succeed(one, film_of(one)), lambda: lifecycle.succeed(two, film_of(two))
    )
    assert sorted(map(bool, won)) == [False, True]
    assert final_events(one) == ["succeeded"]
    assert before.available - wallets.balance(alice.organisation.pk, False).available == 10


def test_eight_cancels_at_once_give_back_once(alice: Customer) -> None:
    before = wallets.balance(alice.organisation.pk, False)
    order = parked(alice)
    with tenancy.system("eight requests read it"):
        seen = [Generation.objects.get(pk=order.pk) for _ in range(8)]
    won = both(*(lambda mine=mine: lifecycle.cancel(mine) for mine in seen))
    assert sorted(map(bool, won)) == [False] * 7 + [True]
    assert final_events(order) == ["cancelled"]
    assert wallets.balance(alice.organisation.pk, False) == before


def test_what_no_upstream_took_is_cancelled_free_until_it_is_handed_over_again(
    alice: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cancelling, "_TRIES", 1)  # what the last try does counts as well
    account = ProviderAccount.objects.get(name="sandbox-kling")
    first, second = (parked(alice) for _ in range(2))
    before = available(alice)
    for order in (first, second):
        refused = attempts.begin(order, account)
        assert attempts.close(order, refused, AttemptOutcome.REJECTED)
        lifecycle.put_back(order, again_in=60)
    assert cancelling.cancel(actor(alice), first.public_id).status == Status.CANCELLED
    assert available(alice) == before + first.credits

    with tenancy.scope(alice.organisation.pk):
        stale = Generation.objects.get(pk=second.pk)
        attempts.begin(Generation.objects.get(pk=second.pk), account)
    assert lifecycle.cancel(stale) is False
    with pytest.raises(NotCancellable, match="handed over and an upstream may be making it"):
        cancelling.cancel(actor(alice), second.public_id)
    assert available(alice) == before + first.credits
