"""The time of one step that takes a film in: its downloads share it, and the queue leaves it."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.test import override_settings
from django.utils import timezone

from generations import lifecycle, tasks
from kling_saas.lib.repeating import while_due
from tests.generations import mp4
from tests.generations.endless import dripping
from tests.generations.test_films_out_of_reach import finished, host, taken_in
from tests.generations.test_given_up import now


def test_film_and_sound_of_one_step_share_its_time(tmp_path: Path) -> None:
    film = mp4.write(tmp_path / "film.mp4").read_bytes()
    wait = threading.Event()
    with (
        host(200, film, first=lambda: wait.wait(3)) as address,
        dripping(b"HTTP/1.1 200 OK\r\n\r\n") as port,
        override_settings(FILM_FETCH_SECONDS=4),
    ):
        order = finished(address, made={"audio_url": f"http://127.0.0.1:{port}/sound.mp3"})
        began = time.monotonic()
        waiting = taken_in(order)
    assert waiting.status == "fetching"
    assert time.monotonic() - began < 7  # 3 s for the film and 4 s for the sound


def test_a_host_that_is_silent_for_longer_than_a_lease_does_not_cost_it(tmp_path: Path) -> None:
    film = mp4.write(tmp_path / "film.mp4").read_bytes()
    wait, seen = threading.Event(), list[timedelta]()

    def silence() -> None:
        wait.wait(1.5)
        lease = now(order).lease_until
        seen.append(lease - timezone.now() if lease else timedelta())

    with host(200, film, first=silence) as address, override_settings(LEASE_SECONDS=1):
        order = finished(address)
        lifecycle.renew(order)
        assert taken_in(order).status == "succeeded"
    assert seen[0] > timedelta(seconds=0.5)


def test_the_queue_leaves_a_film_the_time_that_its_step_may_take() -> None:
    media = settings.Q_CLUSTER["ALT_CLUSTERS"]["media"]
    assert media["timeout"] >= settings.FILM_STEP_SECONDS + 2 * tasks._SESSION
    assert settings.FILM_STEP_SECONDS > settings.FILM_FETCH_SECONDS
    assert media["retry"] > media["timeout"]


def test_no_step_begins_that_the_queue_would_not_let_end() -> None:
    steps: list[int] = []

    def step() -> int:
        steps.append(1)
        return 1

    media = {"timeout": settings.FILM_STEP_SECONDS}
    queue = {**settings.Q_CLUSTER, "ALT_CLUSTERS": {"media": media}}
    with override_settings(Q_CLUSTER=queue):
        while_due(step, within=tasks._for_films())
    assert steps == [1]
