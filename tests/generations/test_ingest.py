"""Taking films in while our own storage is out of order: a good film waits for it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from accounts import tenancy
from generations import downloads, ingest, lifecycle, outcomes, providers, storage
from generations.models import Alarm, AlarmKind, Generation, Protocol, Status
from generations.wire.task import Task
from tests.generations import mp4
from tests.generations.orders import parked
from tests.generations.programs import available, funded
from tests.generations.test_given_up import at_sandbox, begun, change, is_given, made, now
from tests.processes import stopped
from tests.stack import Stack
from tests.waiting import until


def finished(folder: Path) -> Generation:
    """An order whose film lies in our storage already, held so that no worker takes it."""
    order = parked(funded())
    key = f"incoming/{order.public_id}.mp4"
    with mp4.write(folder / "film.mp4").open("rb") as film:
        storage.put(key, film)
    held: dict[str, Any] = {"lease_until": timezone.now() + timedelta(hours=1)}
    with tenancy.system("a test is a worker"):
        assert lifecycle.advance(order, Status.SUBMITTING, **held)
        assert lifecycle.advance(order, Status.FETCHING, media_url=downloads.STORED + key, **held)
    return Generation(**values(order))


def values(order: Generation) -> dict[str, object]:
    with tenancy.system("a test looks at every tenant"):
        found: dict[str, object] = Generation.objects.filter(pk=order.pk).values().get()
    return found


def again(order: Generation) -> Generation:
    """Made due and claimed at once, before a running worker can."""
    with tenancy.system("a test is a worker"):
        Generation.objects.filter(pk=order.pk).update(next_run_at=timezone.now())
        (claimed,) = lifecycle.claim([Status.STORING], 1, only=Q(pk=order.pk))
    return claimed


def test_a_film_waits_for_a_storage_that_is_out_of_order_and_leaves_no_copy(tmp_path: Path) -> None:
    order = finished(tmp_path)
    wall = Path(settings.MEDIA_ROOT) / "films" / order.public_id
    wall.parent.mkdir(parents=True, exist_ok=True)
    wall.write_bytes(b"where a folder should be")
    ingest._take_in(order)
    held = values(order)
    assert (held["status"], held["step_attempts"], held["lease_until"]) == ("storing", 0, None)
    wall.unlink()
    ingest._take_in(again(order))
    assert values(order)["status"] == "succeeded"
    assert storage.size(f"incoming/{order.public_id}.mp4") == -1


def test_a_film_waits_for_room_on_a_worker_s_own_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = finished(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "film.mp4"))  # where no folder can be
    ingest._take_in(order)
    held = values(order)
    assert (held["status"], held["step_attempts"], held["lease_until"]) == ("fetching", 0, None)
    change(order, lease_until=timezone.now() + timedelta(hours=1))
    monkeypatch.undo()
    ingest._take_in(now(order))
    assert values(order)["status"] == "succeeded"


def rung() -> bool:
    return Alarm.objects.filter(kind=AlarmKind.UNSTORED, resolved_at=None).exists()


@contextmanager
def out_of_order(order: Generation) -> Iterator[None]:
    """Meanwhile our storage does not take the film of this order."""
    wall = Path(settings.MEDIA_ROOT) / "films" / order.public_id
    wall.parent.mkdir(parents=True, exist_ok=True)
    wall.write_bytes(b"where a folder should be")
    yield
    wall.unlink()


def a_day_later(order: Generation) -> Generation:
    change(
        order,
        upstream_finished_at=timezone.now() - timedelta(hours=25),
        deadline_at=timezone.now() - timedelta(hours=24),
    )
    return now(order)


def test_a_film_that_could_not_be_stored_for_a_day_is_given_back_and_later_free(
    tmp_path: Path,
) -> None:
    order = finished(tmp_path)
    with out_of_order(order):
        ingest._take_in(a_day_later(order))
        ended = values(order)
        assert (ended["status"], ended["error_code"], ended["charged"]) == ("failed", "deadline", 0)
        assert storage.size(f"incoming/{order.public_id}.mp4") > 0
        assert rung()
    until(lambda: is_given(order), what="the late film")
    assert storage.size(f"incoming/{order.public_id}.mp4") == -1
    assert (values(order)["status"], values(order)["charged"]) == ("failed", 0)
    assert not rung()


def test_a_film_that_an_upstream_keeps_is_asked_for_after_the_storage_was_away_for_a_day(
    stack: Stack,
) -> None:
    alice = funded()
    with stopped(stack.pid, "watcher", "cluster"):
        order, attempt = begun(alice, at_sandbox(stack, Protocol.KLING))
        outcomes.record(order, attempt, made(order, attempt))
        film = providers.adapter(attempt.account).get("text2video", now(order).upstream_id)
        assert isinstance(film, Task)
        outcomes.polled(now(order), film)
        change(order, lease_until=timezone.now() + timedelta(hours=1))
        with out_of_order(order):
            ingest._take_in(a_day_later(order))
        assert (now(order).status, available(alice)) == ("failed", 10_000)
        until(lambda: is_given(order), what="the late film")
    assert (now(order).status, now(order).charged) == ("failed", 0)
