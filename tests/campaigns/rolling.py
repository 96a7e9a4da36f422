"""A deployment: a new worker starts, the old one is asked to stop; nothing is lost or doubted.

Promise: the films under way and the calls that upstreams hold open all end well, none of them in
suspense, and the old worker ends when its last held call has.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import psycopg

from kling_saas import env
from tests import processes
from tests.campaigns import verdict
from tests.stack import Stack
from tests.waiting import until

HELD = 5  # one call in so many films is held open for six seconds
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
_AT_UPSTREAM = """
SELECT count(*) FROM generations_generation WHERE model = 'kling-v3' AND status = 'submitting'
"""
_UNFINISHED = "SELECT count(*) FROM generations_generation WHERE finished_at IS NULL"


def run(films: int, seed: int) -> bool:
    """True when every promise held. `films` under way, and a fifth as many held calls."""
    held = max(1, films // HELD)
    stack = Stack(DRAIN_SECONDS="60", SANDBOX_FILM="tiny", SANDBOX_SPEED="40")
    stack.start()
    try:
        stack.python(_ACCOUNTS)
        struck: Counter[str] = Counter({"worker asked to stop": 0})
        late = _roll(stack, films, held, struck)
        violations, figures = verdict.of(stack)
    finally:
        stack.stop()
    violations += late
    if figures["statuses"] != {"succeeded": films + held}:
        violations.append(f"not every film succeeded: {figures['statuses']}")
    if figures["suspense"]:
        violations.append(f"{figures['suspense']} in suspense")
    return verdict.tell(
        "rolling", runs=films + held, faults=dict(struck), violations=violations, seed=seed
    )


def _roll(stack: Stack, films: int, held: int, struck: Counter[str]) -> list[str]:
    """Order, change the worker and wait; what did not happen in its time."""
    try:
        _order(stack, films, held)
        until(lambda: _count(stack, _AT_UPSTREAM) == held, what="the hand-over of the held calls")
        with _newcomer(stack):
            (old,) = processes.of_kind(stack.pid, "worker")
            os.kill(old, signal.SIGTERM)
            struck["worker asked to stop"] += 1
            until(lambda: _count(stack, _UNFINISHED) == 0, seconds=90, what="the end of all films")
            until(lambda: not processes.alive(old), seconds=30, what="the old worker's end")
    except AssertionError as trouble:
        return [str(trouble)]
    return []


def _order(stack: Stack, films: int, held: int) -> None:
    orders = [{"model": "kling-v3", "prompt": f"A mill {n} slow:6"} for n in range(held)]
    orders += [{"model": "kling-v1", "prompt": f"A lake {n}"} for n in range(films)]
    headers = {"Authorization": f"Bearer {stack.facts['test_key']}"}
    with httpx.Client(base_url=stack.site, headers=headers, timeout=30) as client:

        def order(body: dict[str, str]) -> int:
            return client.post("/api/v1/generations", json=body).status_code

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(order, orders)) == {202}


def _count(stack: Stack, query: str) -> int:
    with psycopg.connect(stack.setting("DATABASE_OWNER_URL"), autocommit=True) as connection:
        connection.execute("SELECT set_config('app.tenant', '*', false)")
        row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def _newcomer(stack: Stack) -> Iterator[None]:
    """The worker of the next release, as its host's service manager would start it."""
    worker = subprocess.Popen(
        [sys.executable, "manage.py", "work"],
        cwd=env.ROOT,
        env={**os.environ, **stack.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(90)
