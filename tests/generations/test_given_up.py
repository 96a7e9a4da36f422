"""Orders that were given up while an upstream has them: their films are asked for all the same."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from accounts import tenancy
from generations import attempts, late, lifecycle, outcomes, patience, providers, sweeps
from generations.models import Attempt, Generation, Protocol, ProviderAccount, Status, Video
from generations.providers import Exchange
from generations.reconciliation import promises
from generations.reconciliation.finding import Look
from generations.wire.task import Accepted, Task, TaskState
from tests.generations.orders import parked
from tests.generations.programs import available, funded
from tests.people import Customer
from tests.processes import stopped
from tests.stack import Stack
from tests.waiting import until


def at_sandbox(stack: Stack, protocol: Protocol) -> ProviderAccount:
    """An account there that gets no order by itself."""
    place = "kling" if protocol == Protocol.KLING else str(protocol)
    account = ProviderAccount(
        name=f"late-{secrets.token_hex(4)}", protocol=protocol, enabled=False,
        base_url=f"{stack.sandbox}/{place}", serves_live=False, is_sandbox=True,
    )  # fmt: skip
    account.set_credential(f"key-{secrets.token_hex(8)}")
    account.save()
    return account


def begun(alice: Customer, account: ProviderAccount) -> tuple[Generation, Attempt]:
    """A claimed order with an attempt whose answer has not come."""
    order = parked(alice)
    with tenancy.system("a test is a worker"):
        Generation.objects.filter(pk=order.pk).update(next_run_at=timezone.now())
        (order,) = lifecycle.claim([Status.ACCEPTED], 1, only=Q(pk=order.pk))
    return order, attempts.begin(order, account)


def made(order: Generation, attempt: Attempt) -> Exchange:
    """Sent, and the film is ready there."""
    adapter, params = providers.adapter(attempt.account), order.order()
    exchange = adapter.create(params, external_id=attempt.external_id, callback_url="")
    assert isinstance(exchange.outcome, Accepted)
    task_id = exchange.outcome.task.id

    def ready() -> bool:
        found = adapter.get(params.kind, task_id)
        return isinstance(found, Task) and found.state == TaskState.SUCCEEDED

    until(ready, seconds=30, what="the film")
    return exchange


def change(order: Generation, **values: object) -> None:
    with tenancy.system("a test turns the clock"):
        Generation.objects.filter(pk=order.pk).update(**values)


def now(order: Generation) -> Generation:
    with tenancy.system("a test looks at every tenant"):
        found: Generation = Generation.objects.get(pk=order.pk)
    return found


def is_given(order: Generation) -> bool:
    late.run()
    with tenancy.system("a test looks at every tenant"):
        return Video.objects.filter(generation=order).exists()


@pytest.mark.parametrize("protocol", [Protocol.SEGMIND, Protocol.LLMPROVIDER, Protocol.KLING])
def test_an_answer_that_came_after_its_order_was_given_up_leads_to_the_film(
    stack: Stack, protocol: Protocol
) -> None:
    alice = funded()
    with stopped(stack.pid, "watcher", "cluster"):
        order, attempt = begun(alice, at_sandbox(stack, protocol))
        answer = made(order, attempt)
        outcomes.abandon(now(order))
        outcomes.record(order, attempt, answer)
    with tenancy.system("an operator looks"):
        kept = Attempt.objects.get(pk=attempt.pk)
    assert isinstance(answer.outcome, Accepted)
    assert (kept.outcome, kept.upstream_id) == ("abandoned", answer.outcome.task.id)
    assert kept.response["status"] == 200
    assert now(order).upstream_id == kept.upstream_id
    until(lambda: is_given(order), what="the late film")
    assert (now(order).status, now(order).charged) == ("failed", 0)
    assert available(alice) == 10_000


def hopeless(order: Generation) -> None:
    lifecycle.release(order, again_in=86_400)
    change(order, step_attempts=settings.STEP_ATTEMPTS, deadline_at=timezone.now())
    assert sweeps.give_up_stuck() == 1


def poisonous(order: Generation) -> None:
    change(order, crashes=settings.STEP_CRASHES - 1, lease_until=timezone.now())
    assert sweeps.give_up_stuck() == 1


def test_a_film_that_seemed_to_kill_its_workers_is_asked_for_when_they_are_well(
    stack: Stack,
) -> None:
    alice = funded()
    with stopped(stack.pid, "watcher", "cluster"):
        order, attempt = begun(alice, at_sandbox(stack, Protocol.KLING))
        outcomes.record(order, attempt, made(order, attempt))
        poisonous(order)
        assert now(order).error_code == "internal"
        until(lambda: is_given(order), what="the late film")
    assert (now(order).status, available(alice)) == ("failed", 10_000)


def forgotten(order: Generation) -> None:
    change(order, lease_until=None, deadline_at=timezone.now() - patience.DEADLINE_GRACE * 2)
    promises.holds(Look(mend=True))


@pytest.mark.parametrize(
    ("give_up", "code"),
    [(hopeless, "deadline"), (poisonous, "internal"), (forgotten, "deadline")],
)
def test_a_film_of_an_unknown_attempt_is_asked_for_whyever_its_order_was_given_up(
    stack: Stack, give_up: Callable[[Generation], None], code: str
) -> None:
    alice = funded()
    with stopped(stack.pid, "watcher", "cluster"):
        order, attempt = begun(alice, at_sandbox(stack, Protocol.KLING))
        made(order, attempt)
        give_up(order)
    ended = now(order)
    assert (ended.status, ended.error_code, ended.upstream_id) == ("failed", code, "")
    until(lambda: is_given(order), what="the late film")
    assert available(alice) == 10_000


def test_an_upstream_that_does_not_answer_keeps_a_worker_for_one_question_only(
    stack: Stack,
) -> None:
    alice, account = funded(), at_sandbox(stack, Protocol.KLING)
    ProviderAccount.objects.filter(pk=account.pk).update(base_url="http://127.0.0.1:1/kling")
    with stopped(stack.pid, "watcher", "cluster"):
        orders = [begun(alice, account)[0] for _ in range(3)]
        for order in orders:
            outcomes.abandon(now(order))
        until(lambda: late.run() and now(orders[0]).lease_until, what="the question")
        rests = [now(order).lease_until for order in orders]
    assert len(set(rests)) == 1
    assert rests[0] > timezone.now() + timedelta(seconds=5 * settings.LATE_LOOK_SECONDS)
