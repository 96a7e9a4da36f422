"""A create whose answer was lost: when its id goes out again, and what is believed of a look-up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts import tenancy
from generations import attempts, dispatch, lifecycle
from generations.models import Attempt, Generation
from tests.generations.orders import claimed, parked
from tests.generations.programs import funded
from tests.generations.scripted import account_at, scripted
from tests.processes import stopped
from tests.stack import Stack

GRACE = timedelta(seconds=settings.UNKNOWN_GRACE_SECONDS)


def change(attempt: Attempt, **values: object) -> None:
    with tenancy.system("a test turns the clock"):
        Attempt.objects.filter(pk=attempt.pk).update(**values)


def rounds(order: Generation, count: int) -> None:
    """So many workers take it one after the other."""
    for _ in range(count):
        dispatch._carry_on(claimed(order))


def of_no_use(method: str, path: str, body: dict[str, Any]) -> tuple[int, object]:
    """A create's answer is lost, and nothing is known of it."""
    if method == "POST":
        return 504, {}
    return 404, {"code": 1203, "message": "task not found"}


def test_what_was_sent_again_is_not_sent_a_third_time_before_its_own_grace_is_over(
    stack: Stack,
) -> None:
    with stopped(stack.pid, "watcher", "cluster"), scripted(of_no_use) as upstream:
        account = account_at(upstream.url)
        order = claimed(parked(funded()))
        attempt = attempts.begin(order, account)
        change(attempt, look_ups=2, started_at=timezone.now() - GRACE - timedelta(seconds=1))
        lifecycle.release(order, again_in=86_400)

        rounds(order, 1)
        assert upstream.creates == 1
        rounds(order, 4)
        assert upstream.creates == 1  # the second may still be on its way

        with tenancy.system("a test looks at every tenant"):
            kept = Attempt.objects.get(pk=attempt.pk)
        assert (kept.retry, kept.look_ups) == (True, 5)
        assert kept.started_at > timezone.now() - GRACE
        change(attempt, started_at=timezone.now() - GRACE - timedelta(seconds=1))
        rounds(order, 1)
        assert upstream.creates == 2
        assert attempts.count(order) == 3  # the first, which the test did not send, and two
        with tenancy.system("a test looks at every tenant"):
            kept = Attempt.objects.get(pk=attempt.pk)
        assert (kept.sends, len(kept.earlier)) == (3, 2)
        assert kept.earlier[1]["answered"] == {"status": 504, "body": {}}
        assert lifecycle.fail(claimed(order), "test", "over")


def test_what_was_taken_meanwhile_is_not_sent_again(stack: Stack) -> None:
    with stopped(stack.pid, "watcher", "cluster"), scripted(of_no_use) as upstream:
        order = claimed(parked(funded()))
        attempt = attempts.begin(order, account_at(upstream.url))
        change(attempt, outcome="accepted", upstream_id="theirs")  # as it was read, it was unknown
        assert dispatch._resend(order, attempt) is None
        rounds(order, 1)
        assert upstream.seen == []
        with tenancy.system("a test looks at every tenant"):
            now = Generation.objects.get(pk=order.pk)
        assert (now.status, now.upstream_id) == ("in_flight", "theirs")
        assert lifecycle.fail(now, "test", "over")


def test_who_does_not_answer_look_ups_is_asked_more_and_more_seldom_until_the_deadline(
    stack: Stack,
) -> None:
    def pause() -> float:
        with tenancy.system("a test looks at every tenant"):
            row = Generation.objects.get(pk=order.pk)
        return float((row.next_run_at - timezone.now()).total_seconds())

    with stopped(stack.pid, "watcher", "cluster"):
        order = claimed(parked(funded()))
        attempt = attempts.begin(order, account_at("http://127.0.0.1:1"))
        lifecycle.release(order, again_in=86_400)
        pauses = []
        for looks in (0, 3, 9):
            change(attempt, look_ups=looks)
            rounds(order, 1)
            pauses.append(pause())
        assert pauses == sorted(pauses)
        assert (3 < pauses[0] < 7, 45 < pauses[-1] < 73) == (True, True)
        with tenancy.system("a test turns the clock"):
            soon = timezone.now() + timedelta(seconds=20)
            Generation.objects.filter(pk=order.pk).update(deadline_at=soon)
        rounds(order, 1)
        assert 10 < pause() <= 20
        with tenancy.system("a test turns the clock"):
            Generation.objects.filter(pk=order.pk).update(deadline_at=timezone.now())
        rounds(order, 1)
        with tenancy.system("a test looks at every tenant"):
            ended = Generation.objects.get(pk=order.pk)
        assert (ended.status, ended.error_code) == ("failed", "upstream_unknown")
