"""PostgreSQL restarts while an upstream's answer is written down: its id is not lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from asgiref.sync import async_to_sync
from django.conf import settings as product
from django.db import OperationalError, connection
from django.test import override_settings

from accounts import tenancy
from generations import answers, attempts, blocking, dispatch, lifecycle, outcomes
from generations.models import Attempt, Generation, Protocol
from generations.providers import Exchange
from generations.wire.task import Accepted, Task, TaskState
from kling_saas.lib import points
from tests.generations.orders import claimed, parked
from tests.generations.programs import available, funded
from tests.generations.scripted import account_at, scripted, selling_to
from tests.outage import database_away
from tests.processes import stopped
from tests.stack import Stack
from tests.waiting import until


@contextmanager
def cut_off_once(at: str) -> Iterator[list[str]]:
    """This process's connection is ended by the server when it first passes `at`."""
    struck: list[str] = []

    def strike(point: str) -> None:
        if point == at and not struck:
            struck.append(point)
            connection.ensure_connection()
            with psycopg.connect(product.DATABASE_URL, autocommit=True) as other:
                backend = connection.connection.info.backend_pid
                assert other.execute("SELECT pg_terminate_backend(%s, 5000)", [backend]).fetchone()

    points.watched_by(strike)
    try:
        yield struck
    finally:
        points.watched_by(None)


def now(order: Generation) -> Generation:
    with tenancy.system("a test looks at every tenant"):
        found: Generation = Generation.objects.get(pk=order.pk)
    return found


@pytest.mark.parametrize(
    "point",
    ["create.answered", "record.accepted", "move.told", "record.followed"],
)
def test_a_connection_cut_while_the_id_is_written_down_costs_no_film(
    stack: Stack, point: str
) -> None:
    alice = funded()
    with stopped(stack.pid, "watcher", "cluster"):
        order = parked(alice)
        account = account_at(f"{stack.sandbox}/llmprovider", Protocol.LLMPROVIDER, is_sandbox=True)
        with selling_to(order, account):
            order = claimed(order)
            if point == "move.told":  # not the move to submitting, which goes before the create
                step = dispatch._next_step(order)
                assert step is not None
                exchange = dispatch._send(order, step)
                with cut_off_once(point) as struck:
                    answers.keep(order, step, exchange, outcomes.record)
            else:
                with cut_off_once(point) as struck:
                    dispatch._carry_on(order)
        assert struck == [point]
        with tenancy.system("a test looks at every tenant"):
            (attempt,) = Attempt.objects.filter(generation=order)
        assert (attempt.outcome, attempt.upstream_id != "") == ("accepted", True)
        assert now(order).status == "in_flight"
    until(lambda: now(order).status == "succeeded", what="the film")
    assert available(alice) == 10_000 - 10


def test_a_held_call_is_written_down_when_the_database_is_back(stack: Stack) -> None:
    def film(method: str, path: str, body: dict[str, Any]) -> tuple[int, object]:
        return 200, {"status": "COMPLETED", "video": {"url": "https://films.example/one.mp4"}}

    with stopped(stack.pid, "watcher", "cluster"), scripted(film) as upstream:
        order = claimed(parked(funded()))
        attempt = attempts.begin(order, account_at(upstream.url, Protocol.SEGMIND_V1))
        with cut_off_once("record.accepted") as struck:
            async_to_sync(blocking._hold)(order, attempt)  # its thread is this one
        assert struck == ["record.accepted"]
        assert now(order).media_url == "https://films.example/one.mp4"
        assert lifecycle.fail(now(order), "test", "over")


def test_what_cannot_be_written_down_at_all_is_logged_with_its_ids(
    caplog: pytest.LogCaptureFixture,
) -> None:
    order = claimed(parked(funded()))
    attempt = attempts.begin(order, account_at("http://127.0.0.1:1", Protocol.LLMPROVIDER))
    exchange = Exchange(Accepted(Task(id="task-77", state=TaskState.QUEUED)))
    with (
        database_away(),
        override_settings(LEASE_SECONDS=0),
        pytest.raises(OperationalError),
    ):
        answers.keep(order, attempt, exchange, outcomes.record)
    assert f"{attempt.external_id}: could not be written down: taken as task-77" in caplog.text
    assert lifecycle.fail(now(order), "test", "over")
