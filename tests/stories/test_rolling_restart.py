"""A deployment: a new worker starts, the old one is asked to stop; nothing is lost or doubted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest

from kling_saas import env
from tests import processes
from tests.stack import Stack
from tests.waiting import until

_FILMS, _HELD = 100, 20
_ACCOUNTS = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "kling_saas.settings"
django.setup()
from django.conf import settings
from generations.models import Protocol, ProviderAccount
ProviderAccount.objects.update(models_sold=["kling-v1", "kling-v1-6", "kling-v2-5-turbo"])
held = ProviderAccount(name="held", protocol=Protocol.SEGMIND_V1, concurrency=50, priority=1,
                       base_url=settings.SANDBOX_URL + "/segmind", is_sandbox=True,
                       serves_test=True, max_seconds=50, models_sold=["kling-v3"])
held.set_credential("SG_0123456789abcdef")
held.save()
"""
_STATES = """
SELECT g.model = 'kling-v3', g.status, count(*) FROM generations_generation g GROUP BY 1, 2
"""


@pytest.fixture
def place() -> Iterator[Stack]:
    """A product of its own, with one account whose calls are held."""
    stack = Stack(DRAIN_SECONDS="60", SANDBOX_FILM="tiny", SANDBOX_SPEED="40")
    stack.start()
    try:
        stack.python(_ACCOUNTS)
        yield stack
    finally:
        stack.stop()


def states(place: Stack) -> dict[tuple[bool, str], int]:
    """How many generations there are, by whether they are held calls, and by status."""
    with psycopg.connect(place.setting("DATABASE_OWNER_URL"), autocommit=True) as connection:
        connection.execute("SELECT set_config('app.tenant', '*', false)")
        return {(held, status): n for held, status, n in connection.execute(_STATES)}


def suspense(place: Stack) -> int:
    with psycopg.connect(place.setting("DATABASE_OWNER_URL"), autocommit=True) as connection:
        connection.execute("SELECT set_config('app.tenant', '*', false)")
        row = connection.execute(
            "SELECT count(*) FROM generations_attempt WHERE outcome = 'abandoned'"
        ).fetchone()
    return int(row[0]) if row else -1


def order_all(place: Stack) -> None:
    """A hundred films and twenty whose upstream holds the call for six seconds."""
    headers = {"Authorization": f"Bearer {place.facts['test_key']}"}
    orders = [{"model": "kling-v3", "prompt": f"A mill {n} slow:6"} for n in range(_HELD)]
    orders += [{"model": "kling-v1", "prompt": f"A lake {n}"} for n in range(_FILMS)]
    with httpx.Client(base_url=place.site, headers=headers, timeout=30) as client:

        def order(body: dict[str, str]) -> int:
            return client.post("/api/v1/generations", json=body).status_code

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(order, orders)) == {202}


def test_a_rolling_restart_loses_no_film_and_puts_none_in_suspense(place: Stack) -> None:
    order_all(place)
    until(lambda: states(place).get((True, "submitting")) == _HELD, what="twenty held calls")
    (old,) = processes.of_kind(place.pid, "worker")
    new = subprocess.Popen(
        [sys.executable, "manage.py", "work"],
        cwd=env.ROOT,
        env={**os.environ, **place.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        os.kill(old, signal.SIGTERM)
        end = {(True, "succeeded"): _HELD, (False, "succeeded"): _FILMS}
        until(lambda: states(place) == end, seconds=90, what=f"the end of all {states(place)}")
        until(lambda: not processes.alive(old), seconds=30, what="the old worker's end")
        assert suspense(place) == 0
        assert "The books add up." in place.manage("check_ledger", "--files")
    finally:
        new.terminate()
        new.wait(90)
