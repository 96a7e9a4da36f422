"""A film is made and billed, and nobody gives it to us now: it is waited for, then given late."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import override_settings
from django.utils import timezone

from generations import ingest, late, outcomes
from generations.models import Alarm, AlarmKind, Generation, Protocol, ProviderAccount, Status
from generations.providers import alarms
from generations.wire.kling import server
from generations.wire.task import RemoteVideo, Task, TaskState
from kling_saas.lib import http as kling_http
from tests.generations import mp4
from tests.generations.endless import dripping
from tests.generations.orders import parked
from tests.generations.programs import available, funded
from tests.generations.test_given_up import at_sandbox, begun, change, is_given, made, now
from tests.processes import stopped
from tests.serving import Quiet, serving
from tests.stack import Stack
from tests.waiting import until

NOBODY = "http://127.0.0.1:1/film.mp4"
HOUR = timedelta(hours=1)


@contextmanager
def host(status: int, body: bytes = b"", *, first: Callable[[], object] = int) -> Iterator[str]:
    """The address of a film; `first` is done before it is answered."""

    class Server(Quiet):
        def get(self) -> None:
            first()
            self.answer(status, body)

    with serving(Server) as address:
        yield f"{address}/film.mp4"


@contextmanager
def swallowing() -> Iterator[str]:
    """The address of a host that answers no call, as behind a wall: its line of callers is full."""
    with ExitStack() as opened:
        deaf = opened.enter_context(socket.socket())
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for _ in range(3):
            caller = opened.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(deaf.getsockname())
        yield f"http://127.0.0.1:{deaf.getsockname()[1]}/film.mp4"


@contextmanager
def with_a_bad_film(task_id: str) -> Iterator[str]:
    """The address of an upstream of Kling's form whose finished film cannot be played."""

    class Server(Quiet):
        def get(self) -> None:
            film = RemoteVideo(f"http://{self.headers['Host']}/film.mp4")
            task = Task(id=task_id, state=TaskState.SUCCEEDED, videos=(film,))
            told = json.dumps(server.encode_task(task, "").json).encode()
            self.answer(200, b"no film" if self.path == "/film.mp4" else told)

    with serving(Server) as address:
        yield address


@contextmanager
def hangs_up() -> Iterator[str]:
    """The address of a server that takes a call and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)

        threading.Thread(target=take, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/film.mp4"


def finished(address: str, *, ago: timedelta = timedelta(), **more: object) -> Generation:
    """An order whose film lies at the address since `ago`, held so that no worker takes it."""
    order = parked(funded())
    values = {
        "status": Status.FETCHING, "media_url": address, "step_attempts": 1,
        "lease_until": timezone.now() + HOUR, "upstream_finished_at": timezone.now() - ago, **more,
    }  # fmt: skip
    change(order, **values)
    return now(order)


def taken_in(order: Generation) -> Generation:
    ingest._take_in(order)
    return now(order)


def held_again(order: Generation, address: str) -> Generation:
    change(order, lease_until=timezone.now() + HOUR, media_url=address)
    return now(order)


def failure(address: str, *, seconds: float = 5) -> kling_http.FetchFailed:
    with pytest.raises(kling_http.FetchFailed) as failed:
        list(kling_http.fetch(address, max_bytes=1000, max_seconds=seconds))
    return failed.value


def test_a_host_that_is_down_costs_no_try_and_gives_the_film_when_it_is_back(
    tmp_path: Path,
) -> None:
    order = finished(NOBODY)
    for _ in range(3 * settings.STEP_ATTEMPTS):
        waiting = taken_in(order)
        assert (waiting.status, waiting.step_attempts, waiting.lease_until) == ("fetching", 0, None)
        order = held_again(order, NOBODY)
    with host(200, mp4.write(tmp_path / "film.mp4").read_bytes()) as address:
        given = taken_in(held_again(order, address))
    assert (given.status, given.charged) == ("succeeded", given.credits)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_an_answer_that_says_not_now_is_passing(status: int) -> None:
    with host(status) as address:
        assert failure(address).passing


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 206])
def test_an_answer_that_says_no_is_not(status: int) -> None:
    with host(status) as address:
        assert not failure(address).passing


def test_whoever_does_not_answer_may_answer_later() -> None:
    assert failure(NOBODY).passing
    assert failure("http://no-such-host.invalid/film.mp4").passing
    with hangs_up() as address:
        assert failure(address).passing
    with dripping(b"HTTP/1.1 200 OK\r\n\r\n") as port:
        assert failure(f"http://127.0.0.1:{port}/", seconds=0.2).passing


def test_a_host_that_swallows_calls_is_left_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kling_http, "_CONNECT_ELSEWHERE", 0.2)
    began = time.monotonic()
    with swallowing() as address:
        assert failure(address, seconds=60).passing
    assert time.monotonic() - began < 30


def test_a_film_that_is_cut_short_or_too_large_is_so_again() -> None:
    with host(200, b"x" * 1001) as address:
        assert not failure(address).passing
    with socket.create_server(("127.0.0.1", 0)) as server:

        def cut() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")

        threading.Thread(target=cut, daemon=True).start()
        assert not failure(f"http://127.0.0.1:{server.getsockname()[1]}/").passing


def test_an_expired_link_is_a_try_and_ends_as_before() -> None:
    with host(404) as address:
        order = finished(address, step_attempts=settings.STEP_ATTEMPTS - 1)
        assert taken_in(order).status == "fetching"
        change(order, step_attempts=settings.STEP_ATTEMPTS)
        ended = taken_in(held_again(order, address))
    assert (ended.status, ended.error_code) == ("failed", "bad_film")


def test_an_operator_may_allow_more_tries_than_there_are_pauses() -> None:
    with host(404) as address, override_settings(STEP_ATTEMPTS=8):
        waiting = taken_in(finished(address, step_attempts=7))
        assert waiting.status == "fetching"
        assert 50 < (waiting.next_run_at - timezone.now()).total_seconds() < 61
        change(waiting, step_attempts=8)
        assert taken_in(held_again(waiting, address)).error_code == "bad_film"


@pytest.mark.parametrize(
    ("status", "last"),
    [(404, {"step_attempts": settings.STEP_ATTEMPTS}), (503, {"deadline_at": timezone.now()})],
)
def test_a_film_whose_marked_copy_cannot_be_had_is_given_without_it_at_the_last_try(
    tmp_path: Path, status: int, last: dict[str, object]
) -> None:
    film = mp4.write(tmp_path / "film.mp4").read_bytes()
    with host(200, film) as address, host(status) as marked:
        order = finished(address, ago=timedelta(minutes=2), made={"marked_url": marked})
        change(order, params={**order.params, "watermark": True})
        assert taken_in(now(order)).status == "fetching"
        change(order, **last)
        given = taken_in(held_again(order, address))
    assert (given.status, given.charged) == ("succeeded", given.credits)
    assert given.warnings == [outcomes.NO_MARK]


def test_an_expired_link_is_no_try_while_nobody_tells_the_present_one(stack: Stack) -> None:
    alice, account = funded(), at_sandbox(stack, Protocol.KLING)
    there = account.base_url
    with stopped(stack.pid, "watcher", "cluster"), host(403) as expired:
        order, attempt = begun(alice, account)
        outcomes.record(order, attempt, made(order, attempt))
        change(order, status=Status.FETCHING, upstream_finished_at=timezone.now())
        change(order, step_attempts=settings.STEP_ATTEMPTS)
        ProviderAccount.objects.filter(pk=account.pk).update(base_url="http://127.0.0.1:1/kling")
        for _ in range(2):
            waiting = taken_in(held_again(now(order), expired))
            assert (waiting.status, waiting.step_attempts) == ("fetching", 0)
            assert waiting.media_url == expired
        ProviderAccount.objects.filter(pk=account.pk).update(base_url=there)
        refreshed = taken_in(held_again(now(order), expired))
        assert refreshed.media_url != expired
        change(order, lease_until=timezone.now() + HOUR)
        given = taken_in(now(order))
    assert (given.status, given.charged) == ("succeeded", given.credits)


@pytest.mark.parametrize(
    ("minutes", "least", "most"), [(0, 4, 5.1), (4, 59, 61), (40, 599, 601), (90, 899, 901)]
)
def test_it_is_asked_for_more_and_more_seldom(minutes: int, least: float, most: float) -> None:
    order = finished(
        NOBODY, ago=timedelta(minutes=minutes), deadline_at=timezone.now() + timedelta(hours=9)
    )
    waiting = taken_in(order)
    assert waiting.next_run_at is not None
    left = (waiting.next_run_at - timezone.now()).total_seconds()
    assert least - 2 < left < most


def test_it_is_asked_for_at_its_deadline() -> None:
    soon = timezone.now() + timedelta(seconds=30)
    waiting = taken_in(finished(NOBODY, ago=timedelta(minutes=50), deadline_at=soon))
    assert waiting.next_run_at is not None
    assert abs((waiting.next_run_at - soon).total_seconds()) < 2


def test_a_film_made_at_its_deadline_has_a_minute_to_come() -> None:
    over = timezone.now() - timedelta(seconds=1)
    order = finished(NOBODY, ago=timedelta(seconds=50), deadline_at=over)
    assert taken_in(order).status == "fetching"


def lost_sight_of(order: Generation) -> Generation:
    """Made five minutes ago where nobody answers, and past its deadline."""
    change(
        order, status=Status.FETCHING, media_url=NOBODY, lease_until=timezone.now() + HOUR,
        upstream_finished_at=timezone.now() - timedelta(minutes=5), deadline_at=timezone.now(),
    )  # fmt: skip
    return now(order)


def rung(account: ProviderAccount) -> list[bool]:
    """Whether each alarm about its films is resolved."""
    rows = Alarm.objects.filter(kind=AlarmKind.UNFETCHED, subject=account.name)
    return [row.resolved_at is not None for row in rows]


def test_a_film_that_stays_away_is_given_back_rings_and_is_given_free_when_it_can_be_had(
    stack: Stack,
) -> None:
    alice, account = funded(), at_sandbox(stack, Protocol.KLING)
    ProviderAccount.objects.filter(pk=account.pk).update(is_sandbox=False)
    account.refresh_from_db()
    with stopped(stack.pid, "watcher", "cluster"):
        order, attempt = begun(alice, account)
        answer = made(order, attempt)
        outcomes.record(order, attempt, answer)
        ended = taken_in(lost_sight_of(order))
        assert (ended.status, ended.error_code, ended.charged) == ("failed", "deadline", 0)
        assert available(alice) == 10_000
        assert rung(account) == [False]
        until(lambda: is_given(order), what="the late film")
    assert rung(account) == [True]
    assert (now(order).status, available(alice)) == ("failed", 10_000)


def test_a_film_that_could_not_be_used_is_asked_for_ever_more_rarely_and_given_when_it_is_good(
    stack: Stack,
) -> None:
    alice, account = funded(), at_sandbox(stack, Protocol.KLING)
    mine = ProviderAccount.objects.filter(pk=account.pk)
    with stopped(stack.pid, "watcher", "cluster"):
        order, attempt = begun(alice, account)
        outcomes.record(order, attempt, made(order, attempt))
        with with_a_bad_film(now(order).upstream_id) as address:
            mine.update(base_url=address)
            change(
                order, status=Status.FETCHING, media_url=f"{address}/film.mp4",
                upstream_finished_at=timezone.now(), step_attempts=settings.STEP_ATTEMPTS,
                lease_until=timezone.now() + HOUR,
            )  # fmt: skip
            assert taken_in(now(order)).error_code == "bad_film"
            least = late.REST * settings.LATE_LOOK_SECONDS
            for age, pause in ((0 * HOUR, least), (8 * HOUR, 7200)):
                change(order, lease_until=None, finished_at=timezone.now() - age)
                until(lambda: late.run() and now(order).lease_until, what="the question")
                rest = now(order).lease_until
                assert rest is not None
                assert abs((rest - timezone.now()).total_seconds() - pause) < 5
        mine.update(base_url=account.base_url)
        change(order, lease_until=None)
        until(lambda: is_given(order), what="the late film")
    assert (now(order).status, now(order).error_code) == ("failed", "bad_film")
    assert available(alice) == 10_000


def test_an_outage_rings_before_the_deadline_once_for_all_its_films(stack: Stack) -> None:
    account = at_sandbox(stack, Protocol.SEGMIND_V1)
    ProviderAccount.objects.filter(pk=account.pk).update(is_sandbox=False)
    far = timezone.now() + HOUR
    for ago in (0, 2, 3):
        order = finished(NOBODY, ago=timedelta(minutes=ago), account=account, deadline_at=far)
        assert taken_in(order).status == "fetching"
    (alarm,) = Alarm.objects.filter(kind=AlarmKind.UNFETCHED, subject=account.name)
    assert alarm.count == 2
    alarms.clear(AlarmKind.UNFETCHED, account.name)
