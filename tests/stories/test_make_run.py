"""`make run`: it starts quickly, keeps what it has, heals what dies, and ends whole."""

from __future__ import annotations

import os
import signal
import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import psycopg
import pytest
import requests

from tests import processes
from tests.generations.programs import FILM
from tests.stack import Stack
from tests.waiting import until

FACTS = {
    "site", "sandbox", "payments", "login", "admin", "test_key", "live_key", "access_key",
    "secret_key", "database_url",
}  # fmt: skip
_LEASE = {"LEASE_SECONDS": "5", "SWEEP_SECONDS": "1"}


@pytest.fixture(scope="module")
def place() -> Iterator[Stack]:
    """A product of its own, with short leases."""
    made = Stack(new=True, **_LEASE)
    made.start()
    yield made
    made.stop()


def call(place: Stack, path: str, body: Any = None, key: str = "") -> Any:
    """The parsed answer, None while the site does not give one."""
    headers = {"Authorization": f"Bearer {key or place.facts['test_key']}"}
    address = f"{place.site}/api/v1{path}"
    method = "GET" if body is None else "POST"
    if body is not None:
        headers["Idempotency-Key"] = body["prompt"]
    answer = requests.request(method, address, json=body, headers=headers, timeout=60)
    return answer.json() if answer.ok else None


def film(place: Stack, prompt: str, *, key: str = "", seconds: float = 60) -> dict[str, Any]:
    """A film that succeeded, ordered like a careful client does: with one key until it is in."""
    body = {**FILM, "prompt": prompt}
    made = until(lambda: call(place, "/generations", body, key), seconds=seconds, what="an order")

    def look() -> Any:
        now = call(place, f"/generations/{made['id']}", key=key)
        return now if now and now["status"] not in ("queued", "processing") else None

    done: dict[str, Any] = until(look, seconds=seconds, what="the end of a film")
    assert done["status"] == "succeeded", done["error"]
    return done


def _held(place: Stack, path: str, body: Any) -> requests.Response:
    key = place.facts["test_key"]
    headers = {"Authorization": f"Bearer {key}", "x-api-key": key, "Prefer": "wait=60"}
    method = "POST" if body else "GET"
    return requests.request(method, place.site + path, json=body, headers=headers, timeout=60)


def _prefer(place: Stack) -> requests.Response:
    return _held(place, "/api/v1/generations", {**FILM, "prompt": "slow:120 A snail"})


def _hold(place: Stack) -> requests.Response:
    return _held(place, "/segmind/v1/kling-text2video", {"prompt": "slow:120 A snail"})


def _follow(place: Stack) -> requests.Response:
    first = until(lambda: _under_way(place), seconds=20, what="an order")[0]
    return _held(place, f"/api/v1/generations/{first}/events", None)


def _under_way(place: Stack) -> list[str]:
    listed = call(place, "/generations")["data"]
    return [each["id"] for each in listed if each["status"] == "processing"]


def test_run_json_has_what_scripts_need_and_is_private(place: Stack) -> None:
    facts = place.facts
    assert set(facts) == FACTS
    assert (facts["site"], facts["sandbox"]) == (place.site, place.sandbox)
    assert facts["payments"] == place.payments
    assert facts["test_key"].startswith("ksk_test_")
    assert facts["live_key"].startswith("ksk_live_")
    assert set(facts["login"]) == set(facts["admin"]) == {"email", "password"}
    for name in ("run.json", "local.env"):
        assert stat.S_IMODE((place.folder / name).stat().st_mode) == 0o600
    passwords = place.folder / "postgres" / "passwords.json"
    assert stat.S_IMODE(passwords.stat().st_mode) == 0o600


def test_the_demo_customer_makes_films_with_both_keys(place: Stack) -> None:
    assert film(place, "A first film")["livemode"] is False
    assert film(place, "A live film", key=place.facts["live_key"])["livemode"] is True


def test_the_commands_beside_it_work(place: Stack) -> None:
    assert "The books add up." in place.manage("check_ledger")


@pytest.mark.parametrize("kind", ["sandbox", "watcher", "cluster", "worker", "web", "postgres"])
def test_whatever_is_killed_comes_back_and_films_go_on(place: Stack, kind: str) -> None:
    before = processes.of_kind(place.pid, kind)
    assert before
    under_way = call(place, "/generations", {**FILM, "prompt": f"Under way slow:1 {kind}"})
    for pid in before:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    film(place, f"After the {kind}'s death")
    until(
        lambda: call(place, f"/generations/{under_way['id']}")["status"] == "succeeded",
        seconds=40, what="the end of the film that was under way",
    )  # fmt: skip
    after = processes.of_kind(place.pid, kind)
    assert after
    assert not after & before


def test_bells_that_died_with_their_workers_and_the_database_are_rung_again(place: Stack) -> None:
    clusters = processes.of_kind(place.pid, "cluster")
    with psycopg.connect(place.setting("DATABASE_OWNER_URL"), autocommit=True) as database:
        database.execute(
            "INSERT INTO django_q_ormq (key, payload, lock) SELECT cluster, %s, now() + '290 s' "
            "FROM generate_series(1, 9), unnest(ARRAY['short', 'media']) AS cluster",
            ["taken by a worker, as locks say"],
        )
    os.kill(place.pid, signal.SIGSTOP)  # it would start the database again at once
    try:
        for pid in processes.of_kind(place.pid, "postgres") | clusters:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        until(lambda: processes.of_kind(place.pid, "cluster") - clusters, what="other workers")
    finally:
        os.kill(place.pid, signal.SIGCONT)
    film(place, "After both", seconds=40)


def test_ctrl_c_ends_every_process_and_a_second_start_keeps_everything(
    place: Stack,
) -> None:
    kept = film(place, "To be kept")
    facts = place.facts
    everybody = processes.below(place.pid)
    assert {"web", "sandbox", "payments", "watcher", "worker", "cluster", "postgres"} <= set(
        everybody.values()
    )

    with ThreadPoolExecutor(3) as pool:
        held = [pool.submit(wait, place) for wait in (_prefer, _hold, _follow)]
        until(lambda: len(_under_way(place)) == 2, seconds=20, what="two orders at the upstream")
        wallet = call(place, "/wallet")
        began = time.monotonic()
        assert place.halt() == 0
        assert time.monotonic() - began < 30  # what is held would be for 60 s
        preferred, called, followed = (each.result() for each in held)
    assert (preferred.status_code, called.status_code, followed.status_code) == (202, 504, 200)
    assert followed.text.endswith("\n\n")
    until(lambda: not [p for p in everybody if processes.alive(p)], seconds=2, what="their end")
    assert "Traceback" not in place.log.read_text().partition("Stopping …")[2]
    assert not (place.folder / "run.pid").exists()

    place.start()
    assert place.facts == facts
    assert call(place, f"/generations/{kept['id']}")["video"]["sha256"] == kept["video"]["sha256"]
    assert sorted(_under_way(place)) == sorted(
        [preferred.json()["id"], called.json()["request_id"]]
    )
    assert call(place, "/wallet") == wallet


def test_a_start_after_the_whole_product_was_killed_keeps_everything(place: Stack) -> None:
    kept = film(place, "Before the crash")
    everybody = processes.below(place.pid)
    place.halt(signal.SIGKILL)
    helpers = [p for p, kind in everybody.items() if kind != "postgres"]
    until(
        lambda: not [p for p in helpers if processes.alive(p) and processes.kind(p)],
        seconds=35, what="the end of what the dead one had started",
    )  # fmt: skip
    place.start()
    assert call(place, f"/generations/{kept['id']}")["video"]["sha256"] == kept["video"]["sha256"]
    film(place, "After the crash")
    assert "The books add up." in place.manage("check_ledger")
