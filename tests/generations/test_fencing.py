"""Claims and leases: whoever lost a step can write nothing, and nobody does a step twice."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier
from typing import cast

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from accounts import tenancy
from accounts.models import OutboxMessage
from billing import wallets
from billing.models import Hold
from generations import asking, attempts, dispatch, lifecycle, outcomes, sweeps
from generations.lifecycle import IllegalMove, LeaseLost
from generations.models import (
    Alarm,
    Attempt,
    AttemptOutcome,
    Generation,
    GenerationEvent,
    ProviderAccount,
    Status,
    Video,
)
from generations.models.generation import TERMINAL
from generations.polls import Turn
from generations.providers import Exchange, Found, NotSent
from generations.wire.task import Accepted, Reason, Rejected, Task, TaskState
from tests.generations.orders import parked
from tests.generations.programs import funded
from tests.people import Customer
from tests.processes import stopped
from tests.stack import Stack


@pytest.fixture(scope="module")
def alice() -> Customer:
    """A customer with 10,000 test credits."""
    return funded()


def rows(act: Callable[[], object]) -> object:
    with tenancy.system("a test looks at every tenant"):
        return act()


def due_and_claimed(generation: Generation, *, fresh: bool = True) -> Generation:
    """Made due and claimed in one transaction, so that no running worker comes between.

    `fresh`: without a lease that somebody left behind.
    """
    with tenancy.system("a test is a worker"):
        mine = Generation.objects.filter(pk=generation.pk)
        mine.update(next_run_at=timezone.now() - timedelta(seconds=1))
        if fresh:
            mine.update(lease_until=None)
        (claimed,) = lifecycle.claim(list(Status), 1, only=Q(pk=generation.pk))
    return claimed


def traces(generation: Generation) -> tuple[object, ...]:
    """All that a write could have changed."""
    with tenancy.system("a test looks at every tenant"):
        now = Generation.objects.get(pk=generation.pk)
        return (
            now.status,
            now.version,
            now.lease_until,
            now.charged,
            now.account_id,
            Hold.objects.get(pk=now.hold_id).status,
            GenerationEvent.objects.filter(generation=now).count(),
            Attempt.objects.filter(generation=now).count(),
            Video.objects.filter(generation=now).count(),
            OutboxMessage.objects.filter(subject=now.public_id).count(),
        )


def film_of(generation: Generation) -> Video:
    return Video(
        organisation_id=generation.organisation_id, livemode=generation.livemode,
        generation=generation, key="k", poster_key="p", bytes=1, sha256="0" * 64, width=1,
        height=1, duration_ms=5000, has_sound=False, preview_due_at=None,
    )  # fmt: skip


TASK = Task(id="theirs", state=TaskState.QUEUED)


def outcome_of(attempt: Attempt) -> object:
    return rows(lambda: Attempt.objects.get(pk=attempt.pk).outcome)


def account() -> ProviderAccount:
    found: ProviderAccount = ProviderAccount.objects.get(name="sandbox-kling")
    return found


def test_a_claim_counts_its_try_and_raises_the_version(alice: Customer) -> None:
    order = parked(alice)
    first = due_and_claimed(order)
    assert (first.version, first.step_attempts) == (order.version + 1, 1)
    lifecycle.release(first, again_in=86_400)
    second = due_and_claimed(first)
    assert (second.version, second.step_attempts) == (order.version + 2, 2)
    lifecycle.release(second, again_in=86_400, forgive=True)
    assert rows(lambda: Generation.objects.get(pk=order.pk).step_attempts) == 0
    assert lifecycle.cancel(second)


def test_a_claimed_step_is_nobody_elses_until_its_lease_ends(alice: Customer) -> None:
    mine = due_and_claimed(parked(alice))
    only = Q(pk=mine.pk)
    assert lifecycle.claim(list(Status), 10, only=only) == []
    left = rows(lambda: Generation.objects.get(pk=mine.pk).lease_until) - timezone.now()
    assert timedelta(seconds=settings.LEASE_SECONDS - 5) < left
    assert left <= timedelta(seconds=settings.LEASE_SECONDS)

    with tenancy.system("the lease ends"):
        Generation.objects.filter(only).update(lease_until=timezone.now())
        (next_owner,) = lifecycle.claim(list(Status), 10, only=only)
    assert (next_owner.version, next_owner.step_attempts) == (mine.version + 1, 2)
    assert lifecycle.cancel(next_owner)


def test_a_worker_whose_lease_was_taken_can_write_nothing(alice: Customer) -> None:
    stale = due_and_claimed(parked(alice))
    owner = due_and_claimed(stale)
    before, wallet = traces(owner), wallets.balance(alice.organisation.pk, False)

    with pytest.raises(LeaseLost):
        lifecycle.renew(stale)
    with pytest.raises(LeaseLost):
        lifecycle.hand_over(stale, account())
    with pytest.raises(LeaseLost):
        attempts.begin(stale, account())
    lifecycle.release(stale, again_in=0, forgive=True)
    assert lifecycle.fail(stale, "late", "late") is False
    assert lifecycle.cancel(stale) is False

    assert traces(owner) == before
    assert wallets.balance(alice.organisation.pk, False) == wallet
    assert lifecycle.cancel(owner)


def test_a_film_stored_by_a_stale_worker_is_neither_shown_nor_charged(alice: Customer) -> None:
    order = parked(alice)
    with tenancy.system("the way to storing, unseen by the workers"), transaction.atomic():
        lifecycle.hand_over(order, account())
        for step in (Status.IN_FLIGHT, Status.FETCHING, Status.STORING):
            assert lifecycle.advance(order, step)
        Generation.objects.filter(pk=order.pk).update(next_run_at=None)
    with tenancy.system("a test is a worker"):
        stale = Generation.objects.get(pk=order.pk)
    owner = due_and_claimed(stale)
    before, wallet = traces(owner), wallets.balance(alice.organisation.pk, False)

    assert lifecycle.succeed(stale, film_of(stale)) is False
    assert lifecycle.fail(stale, "late", "late") is False
    assert traces(owner) == before
    assert wallets.balance(alice.organisation.pk, False) == wallet

    assert lifecycle.succeed(owner, film_of(owner)) is True
    paid = wallets.balance(alice.organisation.pk, False)
    assert (paid.available, paid.reserved) == (wallet.available, wallet.reserved - 10)
    with pytest.raises(IllegalMove):
        lifecycle.fail(owner, "late", "too late")


def test_the_final_states_absorb_and_the_table_knows_every_state() -> None:
    assert set(lifecycle.MOVES) == set(Status)
    assert all(lifecycle.MOVES[state] == frozenset() for state in TERMINAL)
    for state, onward in lifecycle.MOVES.items():
        assert Status.ACCEPTED not in onward
        assert state in TERMINAL or Status.FAILED in onward


def test_eight_workers_claim_forty_steps_and_none_twice(alice: Customer, stack: Stack) -> None:
    orders = [parked(alice) for _ in range(40)]
    mine = Q(pk__in=[order.pk for order in orders])
    together = Barrier(8)

    def work(_: int) -> list[int]:
        try:
            connection.ensure_connection()
            together.wait()
            got: list[int] = []
            while claimed := lifecycle.claim([Status.ACCEPTED], 3, only=mine):
                got += [generation.pk for generation in claimed]
            return got
        finally:
            connection.close()

    with stopped(stack.pid, "watcher", "cluster"), ThreadPoolExecutor(8) as pool:
        with tenancy.system("due now, while the running workers hold still"):
            Generation.objects.filter(mine).update(next_run_at=timezone.now())
        shares = list(pool.map(work, range(8)))
        taken = [pk for share in shares for pk in share]
        assert sorted(taken) == sorted(order.pk for order in orders)
        with tenancy.system("a test tidies up"):
            for order in Generation.objects.filter(mine):
                assert (order.version, order.step_attempts) == (1, 1)
                assert lifecycle.fail(order, "test", "over")


def dies(order: Generation) -> Generation:
    """A worker claims the step and is killed: its lease runs out with nothing done."""
    claimed = due_and_claimed(order, fresh=False)
    with tenancy.system("the lease runs out"):
        Generation.objects.filter(pk=order.pk).update(
            lease_until=timezone.now() - timedelta(seconds=1)
        )
    return claimed


def test_a_step_that_kills_every_worker_is_given_up_and_given_back(
    alice: Customer, stack: Stack
) -> None:
    with stopped(stack.pid, "watcher", "cluster"):
        poison, patient = parked(alice), parked(alice)
        before = wallets.balance(alice.organisation.pk, False)
        for _ in range(settings.STEP_CRASHES - 1):
            dies(patient)
        for _ in range(settings.STEP_CRASHES):
            dies(poison)
        assert lifecycle.claim([Status.ACCEPTED], 1, only=Q(pk=poison.pk)) == []
        assert sweeps.give_up_stuck() == 1

        with tenancy.system("a test looks at every tenant"):
            poison, patient = (Generation.objects.get(pk=g.pk) for g in (poison, patient))
        assert (poison.status, poison.error_code, poison.charged) == ("failed", "internal", 0)
        assert Alarm.objects.get(kind="poison", subject=poison.public_id).count == 1
        assert patient.status == "accepted"
        after = wallets.balance(alice.organisation.pk, False)
        assert (after.available, after.reserved) == (before.available + 10, before.reserved - 10)
        assert lifecycle.cancel(patient)


def test_a_step_that_is_given_back_has_not_crashed(alice: Customer, stack: Stack) -> None:
    with stopped(stack.pid, "watcher", "cluster"):
        order = parked(alice)
        for _ in range(settings.STEP_CRASHES - 1):
            dies(order)
        lifecycle.release(due_and_claimed(order, fresh=False), again_in=86_400, forgive=True)
        assert rows(lambda: Generation.objects.get(pk=order.pk).crashes) == 0
        assert lifecycle.cancel(due_and_claimed(order))


def test_what_a_poisonous_order_may_have_cost_goes_to_suspense(
    alice: Customer, stack: Stack
) -> None:
    with stopped(stack.pid, "watcher", "cluster"):
        order = due_and_claimed(parked(alice))
        attempts.begin(order, account())
        with tenancy.system("three workers died"):
            Generation.objects.filter(pk=order.pk).update(
                crashes=settings.STEP_CRASHES - 1, lease_until=timezone.now()
            )
        assert sweeps.give_up_stuck() == 1
        with tenancy.system("an operator looks"):
            (kept,) = attempts.in_suspense().filter(generation=order)
        assert (kept.outcome, kept.upstream_cost) == ("abandoned", Decimal("0.14"))


def test_a_step_that_fails_until_its_deadline_is_given_back(alice: Customer, stack: Stack) -> None:
    with stopped(stack.pid, "watcher", "cluster"):
        order = due_and_claimed(parked(alice))
        attempts.begin(order, account())
        before = wallets.balance(alice.organisation.pk, False)
        for _ in range(settings.STEP_ATTEMPTS - 1):
            lifecycle.release(order, again_in=0)
            order = due_and_claimed(order)
        lifecycle.release(order, again_in=86_400)
        assert sweeps.give_up_stuck() == 0
        with tenancy.system("its time is over"):
            Generation.objects.filter(pk=order.pk).update(deadline_at=timezone.now())
        assert sweeps.give_up_stuck() == 1

        ended = rows(lambda: Generation.objects.get(pk=order.pk))
        assert isinstance(ended, Generation)
        assert (ended.status, ended.error_code, ended.charged) == ("failed", "deadline", 0)
        with tenancy.system("an operator looks"):
            (kept,) = attempts.in_suspense().filter(generation=order)
        assert kept.outcome == "abandoned"
        after = wallets.balance(alice.organisation.pk, False)
        assert after.available == before.available + 10


def test_a_film_whose_answers_we_cannot_take_is_given_back_after_its_deadline(
    alice: Customer, stack: Stack
) -> None:
    with stopped(stack.pid, "watcher", "cluster"):
        order = due_and_claimed(parked(alice))
        attempts.begin(order, account())
        assert lifecycle.advance(order, Status.IN_FLIGHT, upstream_id="lost")
        turn = Turn(
            order.pk, order.organisation_id, order.version, account().pk, order.kind, "lost",
            order.deadline_at, missed=0,
        )  # fmt: skip
        for _ in range(settings.STEP_ATTEMPTS):
            asking._record([(turn, cast(Found, None))])
        assert sweeps.give_up_stuck() == 0
        with tenancy.system("its time is over"):
            Generation.objects.filter(pk=order.pk).update(deadline_at=timezone.now())
        assert sweeps.give_up_stuck() == 1
        assert traces(order)[0] == "failed"


def test_what_has_ended_is_not_given_back_to_anybody(alice: Customer) -> None:
    order = due_and_claimed(parked(alice))
    assert lifecycle.fail(order, "test", "over")
    before = traces(order)
    lifecycle.release(order, again_in=0)
    assert traces(order) == before


def test_who_lost_a_step_does_not_close_its_attempt_either(alice: Customer) -> None:
    slow = due_and_claimed(parked(alice))
    attempt = attempts.begin(slow, account())
    now_its = due_and_claimed(slow)
    outcomes.abandon(slow)
    assert rows(lambda: Attempt.objects.get(pk=attempt.pk).outcome) == "unknown"
    outcomes.abandon(now_its)
    assert rows(lambda: Attempt.objects.get(pk=attempt.pk).outcome) == "abandoned"


@pytest.mark.parametrize(
    "late",
    [
        Rejected(Reason.UNAVAILABLE, "503", "busy"),
        Rejected(Reason.INVALID, "1201", "this id is known"),
        Rejected(Reason.DISCONTINUED, "1203", "this id is known"),
        NotSent("ConnectError"),
    ],
)
def test_an_attempt_that_another_worker_sends_again_is_not_closed_by_the_first_sender(
    alice: Customer, late: Rejected | NotSent
) -> None:
    slow = due_and_claimed(parked(alice))
    attempt = attempts.begin(slow, account())
    now_its = due_and_claimed(slow)
    before = traces(now_its)
    outcomes._follow(slow, attempt, Exchange(late))
    assert traces(now_its) == before
    assert outcome_of(attempt) == "unknown"  # so that the next claim does not make another film

    outcomes._follow(now_its, attempt, Exchange(Accepted(TASK)))
    assert outcome_of(attempt) == "accepted"
    assert lifecycle.fail(now_its, "test", "over")


@pytest.mark.parametrize(
    "second", [Rejected(Reason.MODERATION, "1301", "no"), NotSent("ConnectError")]
)
def test_what_the_first_sender_was_accepted_is_not_lost_to_the_second_ones_refusal(
    alice: Customer, stack: Stack, second: Rejected | NotSent
) -> None:
    with stopped(stack.pid, "watcher", "cluster"):
        slow = due_and_claimed(parked(alice))
        attempt = attempts.begin(slow, account())
        now_its = due_and_claimed(slow)
        outcomes._follow(slow, attempt, Exchange(Accepted(TASK)))
        outcomes._follow(now_its, attempt, Exchange(second))
        assert outcome_of(attempt) == "accepted"
        order = rows(lambda: Generation.objects.get(pk=now_its.pk))
        assert isinstance(order, Generation)
        assert (order.status, order.account) == ("submitting", account())

        assert dispatch._next_step(due_and_claimed(now_its)) is None
        order = rows(lambda: Generation.objects.get(pk=now_its.pk))
        assert isinstance(order, Generation)
        assert (order.status, order.upstream_id) == ("in_flight", TASK.id)
        assert lifecycle.fail(order, "test", "over")


def test_an_attempt_is_written_before_it_is_sent_and_closed_once(alice: Customer) -> None:
    claimed = due_and_claimed(parked(alice))
    attempt = attempts.begin(claimed, account())
    assert (attempt.outcome, attempt.external_id) == ("unknown", f"{claimed.public_id}-1")
    assert claimed.status == Status.SUBMITTING
    attempts.close(claimed, attempt, AttemptOutcome.REJECTED, reason="rate")
    attempts.close(claimed, attempt, AttemptOutcome.ACCEPTED, upstream_id="late")
    kept = rows(lambda: Attempt.objects.get(pk=attempt.pk))
    assert (kept.outcome, kept.reason, kept.upstream_id) == ("rejected", "rate", "")
    assert lifecycle.fail(claimed, "test", "over")
