"""Whose turn it is to be asked about: one statement takes it, and nothing has to give it back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings
from django.db.models.functions import Now
from django.test import override_settings
from django.utils import timezone

from accounts import tenancy
from generations import asking, callbacks, lifecycle, outcomes, polls
from generations.models import Generation, ProviderAccount, Status
from generations.wire.task import Reason, Rejected, Task, TaskState
from kling_saas.lib.questions import Questioner
from tests.generations.orders import parked
from tests.generations.programs import funded

_KNOWS_NOT = Rejected(Reason.NOT_FOUND, "1203", "task not found")


def in_flight() -> Generation:
    """A film at an account of its own, submitted a minute ago, its turn due tomorrow."""
    order = parked(funded())
    account = ProviderAccount(
        name=f"turn-{order.pk}", protocol="kling", base_url="http://127.0.0.1:1", enabled=False
    )
    account.set_credential("key")
    account.save()
    with lifecycle.scope(order):
        Generation.objects.filter(pk=order.pk).update(
            status=Status.IN_FLIGHT,
            account=account,
            upstream_id="1",
            submitted_at=timezone.now() - timedelta(minutes=1),
        )
    return again(order)


def again(order: Generation) -> Generation:
    """The row as it is."""
    with tenancy.scope(order.organisation_id):
        return Generation.objects.get(pk=order.pk)


def taken(order: Generation, *, busy: bool = False) -> polls.Turn | None:
    """Its turn comes and is taken at once, before the running watcher sees it."""
    mine = [order.account_id] if busy and order.account_id else []
    with tenancy.system("a turn comes"):
        Generation.objects.filter(pk=order.pk).update(next_run_at=Now())
        return next((turn for turn in polls.take(500, busy=mine) if turn.pk == order.pk), None)


def test_taking_a_turn_sets_the_next_one_and_holds_no_lease() -> None:
    order = in_flight()
    found = taken(order)
    assert found is not None
    assert (found.version, found.account, found.upstream_id, found.is_over) == (
        order.version, order.account_id, order.upstream_id, False
    )  # fmt: skip
    assert again(order).lease_until is None
    pause = (again(order).next_run_at - timezone.now()).total_seconds()
    assert 0.7 * settings.POLL_SECONDS < pause <= 1.2 * settings.POLL_SECONDS


def test_a_busy_account_gets_no_questions() -> None:
    assert taken(in_flight(), busy=True) is None


def test_still_at_work_writes_nothing_so_a_callback_meanwhile_is_not_lost() -> None:
    order = in_flight()
    found = taken(order)
    assert found is not None
    with tenancy.system("due, and the running watcher must not see it yet"):
        assert callbacks.received(order.callback_token)
        due = again(order).next_run_at
        at_work = Task(id="1", state=TaskState.RUNNING)
        assert not outcomes.is_news(found, at_work)
        outcomes.polled(again(order), at_work)
        assert again(order).next_run_at == due


def test_a_film_that_has_gone_on_since_its_turn_was_taken_is_not_touched() -> None:
    order = in_flight()
    found = taken(order)
    assert found is not None
    assert polls.film(found) == order
    no = Task(id="1", state=TaskState.FAILED, message="no", reason=Reason.MODERATION)
    outcomes.polled(again(order), no)
    assert polls.film(found) is None


def test_ten_absences_in_a_row_lose_it_and_a_sight_of_it_starts_anew() -> None:
    order = in_flight()
    for _ in range(9):
        outcomes.polled(again(order), _KNOWS_NOT)
    outcomes.polled(again(order), Task(id="1", state=TaskState.RUNNING))
    assert again(order).step_attempts == 0
    for _ in range(10):
        outcomes.polled(again(order), _KNOWS_NOT)
    assert again(order).status == Status.IN_FLIGHT
    outcomes.polled(again(order), _KNOWS_NOT)
    assert (again(order).status, again(order).error_code) == (Status.FAILED, "upstream_lost")


def test_an_answer_is_news_when_it_may_change_anything() -> None:
    turn = polls.Turn(0, 0, 0, 1, "text2video", "1", timezone.now() + timedelta(hours=1), missed=0)
    at_work, made = Task(id="1", state=TaskState.RUNNING), Task(id="1", state=TaskState.SUCCEEDED)
    heeded = {Reason.NOT_FOUND, Reason.AUTH, Reason.BALANCE, Reason.CONCURRENCY}
    assert outcomes.is_news(turn, made)
    assert not outcomes.is_news(turn, at_work)
    assert outcomes.is_news(replace(turn, missed=1), at_work)
    told = {reason for reason in Reason if outcomes.is_news(turn, Rejected(reason, "", ""))}
    assert told == heeded
    over = replace(turn, deadline_at=timezone.now())
    assert outcomes.is_news(over, at_work)
    assert all(outcomes.is_news(over, Rejected(reason, "", "")) for reason in Reason)


def test_of_two_answers_to_one_question_the_first_counts() -> None:
    order = in_flight()
    first, second = again(order), again(order)
    no = Task(id="1", state=TaskState.FAILED, message="no", reason=Reason.MODERATION)
    outcomes.polled(first, no)
    outcomes.polled(second, Task(id="1", state=TaskState.FAILED, message="no, again"))
    assert (again(order).error_message, again(order).error_code) == ("no", "moderation")


def test_films_that_wait_for_their_turn_at_a_slow_pace_are_asked_about_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    slow = ProviderAccount(pk=1, name="slow", protocol="kling", base_url="http://127.0.0.1:1")
    slow.polls_per_second = 4
    slow.set_credential("key")
    later = timezone.now() + timedelta(hours=1)
    bunch = [polls.Turn(0, 0, 0, 1, "text2video", str(n), later, missed=0) for n in range(6)]

    async def ask() -> None:
        one = asking.Asking()
        async with Questioner() as one.line:
            one.begin(slow, bunch)
            one.begin(slow, bunch)
            await one.finish()

    with override_settings(LEASE_SECONDS=1):
        asyncio.run(ask())
    assert "polls at slow failed" not in caplog.text
