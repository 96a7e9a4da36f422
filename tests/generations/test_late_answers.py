"""An upstream's yes that comes to a worker which has lost the step: nobody gives the film up."""

from __future__ import annotations

from pathlib import Path

import pytest

from accounts import tenancy
from generations import attempts, blocking, dispatch, late, lifecycle, outcomes, storage
from generations.models import Alarm, Attempt, Generation, Protocol
from generations.providers import Exchange
from generations.wire.task import Accepted, Task, TaskState
from tests.generations import mp4
from tests.generations.orders import claimed, parked
from tests.generations.programs import funded
from tests.generations.scripted import account_at
from tests.processes import stopped
from tests.stack import Stack
from tests.waiting import until

TASK = Task(id="theirs", state=TaskState.QUEUED)


def now(order: Generation) -> Generation:
    with tenancy.system("a test looks at every tenant"):
        found: Generation = Generation.objects.get(pk=order.pk)
    return found


def sent_by_two(protocol: Protocol) -> tuple[Generation, Generation, Attempt]:
    """As the slow sender holds it, as the next worker does, and the attempt."""
    order = claimed(parked(funded()))
    attempt = attempts.begin(order, account_at("http://127.0.0.1:1", protocol))
    with tenancy.system("it slept for longer than its lease"):
        Generation.objects.filter(pk=order.pk).update(lease_until=None)
    return order, claimed(order), attempt


@pytest.mark.parametrize("protocol", [Protocol.KLING, Protocol.LLMPROVIDER])
def test_an_answer_that_comes_before_the_other_worker_gives_up_is_gone_on_with(
    stack: Stack, protocol: Protocol
) -> None:
    with stopped(stack.pid, "watcher", "cluster"):
        slow, its, attempt = sent_by_two(protocol)
        outcomes.record(slow, attempt, Exchange(Accepted(TASK)))
        outcomes.abandon(its)  # as it read the attempt, there was no answer
        assert now(its).status == "submitting"
        assert dispatch._next_step(claimed(its)) is None
        assert (now(its).status, now(its).upstream_id) == ("in_flight", TASK.id)
        assert lifecycle.fail(now(its), "test", "over")


def test_a_held_calls_film_that_its_slow_holder_stored_is_sold(
    stack: Stack, tmp_path: Path
) -> None:
    with stopped(stack.pid, "watcher", "cluster"):
        slow, its, attempt = sent_by_two(Protocol.SEGMIND_V1)
        with mp4.write(tmp_path / "film.mp4").open("rb") as film:
            storage.put(f"incoming/{slow.public_id}.mp4", film)
        blocking._record(slow, attempt, Exchange(Accepted(blocking._stored(slow))))
        outcomes.abandon(its)  # as it looked, there was no film
        assert blocking._next_call(claimed(its)) is None
    until(lambda: now(its).status == "succeeded", what="the film's way into the library")


def test_a_held_calls_film_elsewhere_is_asked_for_and_not_made_again(stack: Stack) -> None:
    with stopped(stack.pid, "watcher", "cluster"):
        slow, its, attempt = sent_by_two(Protocol.SEGMIND_V1)
        blocking._record(slow, attempt, Exchange(Accepted(TASK)))
        assert blocking._next_call(its) is None
        assert (now(its).status, now(its).upstream_id) == ("in_flight", TASK.id)
        assert lifecycle.fail(now(its), "test", "over")


@pytest.mark.parametrize("code", ["internal", "deadline"])
def test_what_is_given_up_all_the_same_can_be_asked_for_and_is_told_to_operators(
    stack: Stack, code: str
) -> None:
    with stopped(stack.pid, "watcher", "cluster"):
        slow, its, attempt = sent_by_two(Protocol.KLING)
        outcomes.record(slow, attempt, Exchange(Accepted(TASK)))
        assert outcomes.give_up(its, code, "its workers died")
    assert (now(its).status, now(its).upstream_id) == ("failed", TASK.id)
    with tenancy.system("late films are looked for across tenants"):
        assert Generation.objects.filter(late._askable(), pk=its.pk).exists()
    alarm = Alarm.objects.get(kind="suspense", subject=attempt.external_id)
    assert alarm.message == f"{attempt.account.name} took it as theirs when it was given up"
