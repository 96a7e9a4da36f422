"""What each move of a generation writes down, to the last column, and what it leaves alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import tenancy
from accounts.models import OutboxMessage
from billing.models import Hold
from generations import lifecycle
from generations.lifecycle import IllegalMove, LeaseLost
from generations.models import Generation, GenerationEvent, ProviderAccount, Status
from tests.generations.orders import claimed, parked
from tests.generations.programs import funded
from tests.people import Customer

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def alice() -> Customer:
    """A customer with 10,000 test credits."""
    return funded()


@pytest.fixture(autouse=True)
def seen_by_no_worker() -> Iterator[None]:
    """What happens in one transaction that is never committed, the running workers never see."""
    with tenancy.system("a test is a worker"):
        yield
        transaction.set_rollback(True)


def now_of(order: Generation) -> Generation:
    found: Generation = Generation.objects.get(pk=order.pk)
    return found


def changed(order: Generation, **columns: Any) -> Generation:
    """As it is after somebody else has written these columns."""
    Generation.objects.filter(pk=order.pk).update(**columns)
    return now_of(order)


def account() -> ProviderAccount:
    found: ProviderAccount = ProviderAccount.objects.get(name="sandbox-kling")
    return found


def in_flight(of: Customer, **columns: Any) -> Generation:
    order = claimed(parked(of))
    lifecycle.hand_over(order, account())
    assert lifecycle.advance(order, Status.IN_FLIGHT)
    return changed(order, **columns)


def is_about(moment: Any, *, seconds: float = 0) -> bool:
    return abs((moment - timezone.now()).total_seconds() - seconds) < 5


def test_who_takes_a_step_is_written_down_and_who_takes_it_over_counts_the_crash(
    alice: Customer,
) -> None:
    early, late = parked(alice), parked(alice)
    changed(early, next_run_at=timezone.now() - 2 * SECOND)
    changed(late, next_run_at=timezone.now() - 3 * SECOND)
    both = Q(pk__in=[early.pk, late.pk])
    assert [g.pk for g in lifecycle.claim([Status.ACCEPTED], 1, only=both)] == [late.pk]
    (mine,) = lifecycle.claim([Status.ACCEPTED], 9, only=both)
    assert (mine.pk, mine.leased_by) == (early.pk, lifecycle.holder(os.getpgrp()))
    assert is_about(mine.lease_until, seconds=settings.LEASE_SECONDS)
    assert (mine.version, mine.step_attempts, mine.crashes) == (1, 1, 0)

    changed(mine, lease_until=timezone.now())
    assert lifecycle.claim([Status.IN_FLIGHT], 9, only=both) == []
    (mine,) = lifecycle.claim([Status.ACCEPTED], 9, only=both)
    assert (mine.version, mine.step_attempts, mine.crashes) == (2, 2, 1)
    changed(mine, lease_until=None, next_run_at=timezone.now() + DAY)
    assert lifecycle.claim([Status.ACCEPTED], 9, only=both) == []


def test_several_steps_are_taken_longest_overdue_first(alice: Customer) -> None:
    due = [changed(parked(alice), next_run_at=timezone.now() - n * SECOND) for n in (1, 3, 2)]
    taken = lifecycle.claim([Status.ACCEPTED], 9, only=Q(pk__in=[g.pk for g in due]))
    assert [g.pk for g in taken] == [due[1].pk, due[2].pk, due[0].pk]


def test_a_step_is_poisonous_when_its_last_lease_ran_out_too(alice: Customer) -> None:
    enough, ago = settings.STEP_CRASHES - 1, timezone.now() - SECOND
    step = changed(parked(alice), crashes=enough, lease_until=ago, next_run_at=ago)
    mine = Generation.objects.filter(pk=step.pk)
    assert mine.filter(lifecycle.poison()).exists()
    assert lifecycle.claim(list(Status), 1, only=Q(pk=step.pk)) == []
    for fields in (
        {"crashes": enough - 1}, {"lease_until": None}, {"lease_until": timezone.now() + DAY},
    ):  # fmt: skip
        changed(step, **{"crashes": enough, "lease_until": ago, **fields})
        assert not mine.filter(lifecycle.poison()).exists(), fields
    assert lifecycle.fail(changed(step, crashes=enough, lease_until=None), "internal", "no")
    changed(step, lease_until=ago)
    assert not mine.filter(lifecycle.poison()).exists()


def test_a_step_is_hopeless_when_its_time_is_over_and_its_tries_are(alice: Customer) -> None:
    ago = timezone.now() - SECOND
    hopeless = {"deadline_at": ago, "step_attempts": settings.STEP_ATTEMPTS, "lease_until": None}
    step = changed(parked(alice), **hopeless)
    mine = Generation.objects.filter(pk=step.pk)
    for status in (Status.ACCEPTED, Status.SUBMITTING, Status.IN_FLIGHT):
        changed(step, status=status)
        assert mine.filter(lifecycle.hopeless()).exists(), status
    for fields in (
        {"status": Status.FETCHING}, {"deadline_at": timezone.now() + DAY},
        {"lease_until": timezone.now() + DAY}, {"step_attempts": settings.STEP_ATTEMPTS - 1},
    ):  # fmt: skip
        with transaction.atomic():
            changed(step, **fields)
            assert not mine.filter(lifecycle.hopeless()).exists(), fields
            transaction.set_rollback(True)


def test_the_leases_of_a_dead_holder_end_and_its_ghost_writes_nothing(alice: Customer) -> None:
    of_dead, of_living, over, ended = (claimed(parked(alice)) for _ in range(4))
    dead = lifecycle.holder(1)
    for order in (of_dead, over, ended):
        changed(order, leased_by=dead)
    before = timezone.now() - DAY
    changed(over, lease_until=before)
    assert lifecycle.fail(ended, "internal", "no")
    changed(ended, lease_until=timezone.now() + DAY)
    assert lifecycle.free_leases(dead) == 1
    assert is_about(now_of(of_dead).lease_until)
    assert now_of(of_dead).version == of_dead.version + 1
    assert not lifecycle.advance(of_dead, Status.SUBMITTING)
    assert now_of(of_living).lease_until == of_living.lease_until
    assert now_of(over).lease_until == before


def test_a_step_is_held_on_to_by_who_has_it_and_nobody_else(alice: Customer) -> None:
    mine = claimed(parked(alice))
    changed(mine, lease_until=timezone.now() + SECOND)
    lifecycle.renew(mine)
    assert is_about(now_of(mine).lease_until, seconds=settings.LEASE_SECONDS)
    assert lifecycle.is_mine(mine)
    changed(mine, version=mine.version + 1)
    assert not lifecycle.is_mine(mine)
    for write in (lifecycle.renew, lambda g: lifecycle.hand_over(g, account())):
        with pytest.raises(LeaseLost):
            write(mine)


def test_what_is_given_back_is_due_again_and_remembers_its_tries(alice: Customer) -> None:
    order = claimed(parked(alice))
    changed(order, crashes=1, lane=[1])
    lifecycle.release(order, again_in=100)
    back = now_of(order)
    assert (back.lease_until, back.step_attempts, back.crashes, back.lane) == (None, 1, 1, [1])
    assert is_about(back.next_run_at, seconds=100)
    lifecycle.release(order, again_in=0, forgive=True, lane=[2, 3])
    back = now_of(order)
    assert (back.step_attempts, back.crashes, back.lane) == (0, 0, [2, 3])

    assert lifecycle.cancel(order)
    lifecycle.release(order, again_in=0)
    assert now_of(order).next_run_at is None


@pytest.mark.parametrize(
    ("again_in", "left", "due"), [(3600, 3600, 60), (30, 3600, 30), (3600, 20, 20), (30, -20, 0)]
)
def test_what_is_put_back_holds_no_place_and_is_due_within_a_minute_and_by_its_deadline(
    alice: Customer, again_in: float, left: float, due: float
) -> None:
    order = claimed(parked(alice))
    lifecycle.hand_over(order, account(), keep_lease=True)
    deadline = timezone.now() + left * SECOND
    lifecycle.put_back(changed(order, crashes=1, deadline_at=deadline), again_in=again_in)
    back = now_of(order)
    assert (back.account, back.lease_until, back.step_attempts, back.crashes) == (None, None, 0, 0)
    assert is_about(back.next_run_at, seconds=due)
    assert back.next_run_at > timezone.now() or due == 0


def test_it_is_written_down_when_and_to_whom_an_order_was_handed_over(alice: Customer) -> None:
    order, kept = claimed(parked(alice)), claimed(parked(alice))
    lifecycle.hand_over(order, account())
    seen = now_of(order)
    assert (seen.status, seen.account, seen.lease_until) == ("submitting", account(), None)
    assert is_about(seen.handed_over_at)
    assert is_about(seen.next_run_at)
    assert seen.version == order.version

    changed(kept, next_run_at=timezone.now() + DAY)
    lifecycle.hand_over(kept, account(), keep_lease=True)
    changed(kept, handed_over_at=None, account=None)
    first = kept.version
    lifecycle.hand_over(kept, account(), keep_lease=True)  # again, as it was put back
    seen = now_of(kept)
    assert (seen.version, seen.account) == (first + 1, account()) == (kept.version, account())
    assert seen.lease_until is not None
    assert is_about(seen.handed_over_at)
    assert is_about(seen.next_run_at, seconds=DAY.total_seconds())


def test_a_move_is_due_at_once_counts_anew_and_is_recorded(alice: Customer) -> None:
    order = in_flight(alice, step_attempts=2, crashes=1, lease_until=timezone.now() + DAY)
    assert lifecycle.advance(order, Status.FETCHING, detail={"found": 1}, upstream_id="theirs")
    seen = now_of(order)
    assert (seen.step_attempts, seen.crashes, seen.lease_until) == (0, 0, None)
    assert (seen.status, seen.upstream_id, seen.version) == ("fetching", "theirs", order.version)
    assert is_about(seen.next_run_at)
    last = GenerationEvent.objects.filter(generation=order).latest("sequence")
    assert (last.sequence, last.status, last.detail) == (order.version, "fetching", {"found": 1})
    assert (last.organisation_id, last.livemode) == (order.organisation_id, order.livemode)


def test_moves_that_the_table_does_not_have_are_mistakes(alice: Customer) -> None:
    order = claimed(parked(alice))
    with pytest.raises(IllegalMove, match="accepted to fetching"):
        lifecycle.advance(order, Status.FETCHING)
    with pytest.raises(IllegalMove, match="by succeed, fail and cancel"):
        lifecycle.advance(order, Status.FAILED)


def test_the_table_of_moves() -> None:
    told = {str(state): sorted(map(str, onward)) for state, onward in lifecycle.MOVES.items()}
    assert told == {
        "accepted": ["cancelled", "failed", "submitting"],
        "submitting": ["cancelled", "failed", "fetching", "in_flight"],
        "in_flight": ["failed", "fetching"],
        "fetching": ["failed", "storing"],
        "storing": ["failed", "succeeded"],
        "succeeded": [],
        "failed": [],
        "cancelled": [],
    }


def test_a_failure_gives_all_back_and_its_words_have_an_end(alice: Customer) -> None:
    order = in_flight(alice, lease_until=timezone.now() + DAY)
    assert lifecycle.fail(order, "c" * 50, "m" * 600) is True
    seen = now_of(order)
    assert (seen.status, seen.charged, seen.error_code) == ("failed", 0, "c" * 40)
    assert len(seen.error_message) == 500
    assert (seen.next_run_at, seen.lease_until) == (None, None)
    assert is_about(seen.finished_at)
    assert Hold.objects.get(pk=order.hold_id).status == "released"
    last = GenerationEvent.objects.filter(generation=order).latest("sequence")
    assert last.detail == {"code": "c" * 50, "message": seen.error_message}
    assert not lifecycle.cancel(in_flight(alice))


def test_who_was_too_late_ends_nothing(alice: Customer) -> None:
    order = in_flight(alice)
    changed(order, version=order.version + 1)
    assert lifecycle.fail(order, "late", "too late") is False
    assert lifecycle.succeed(changed(order, status=Status.STORING)) is True
    assert Hold.objects.get(pk=order.hold_id).status == "captured"
    waiting = claimed(parked(alice))
    changed(waiting, version=waiting.version + 1)
    assert lifecycle.cancel(waiting) is False
    assert now_of(waiting).status == "accepted"


@pytest.mark.parametrize("door", ["kling", "native"])
def test_every_move_wakes_who_waits_and_calls_back_where_its_door_promises(
    alice: Customer, door: str
) -> None:
    order = claimed(parked(alice))
    order = changed(order, door=door, callback_url="/in")
    lifecycle.hand_over(order, account())
    assert lifecycle.advance(order, Status.IN_FLIGHT)
    assert lifecycle.advance(order, Status.FETCHING)
    assert lifecycle.fail(order, "internal", "no")
    news = OutboxMessage.objects.filter(subject=order.public_id).order_by("id")
    addresses = [(told.topic, told.url) for told in news]
    taken = ("generation.processing", "/in" if door == "kling" else "")
    handed_over = fetching = ("generation.processing", "")
    accepted, ended = ("generation.queued", ""), ("generation.failed", "/in")
    assert addresses == [accepted, handed_over, taken, fetching, ended]
    assert [addresses[n] for n, told in enumerate(news) if told.public_id] == [
        accepted, taken, ended,
    ]  # fmt: skip
    assert {(told.organisation_id, told.livemode) for told in news} == {
        (order.organisation_id, order.livemode)
    }
