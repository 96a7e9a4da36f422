"""Thirty orders at once where four fit: what each was told is what came, within a factor of two."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest

from tests.generations.programs import FILM, Program, native, settled
from tests.stack import Stack

ORDERS, PLACES = 30, 4
SLOW = {**FILM, "prompt": "slow:3 A snail on a leaf"}
_ONE_ACCOUNT = f"""
import django, os
os.environ["DJANGO_SETTINGS_MODULE"] = "kling_saas.settings"
django.setup()
from generations.models import ProviderAccount
ProviderAccount.objects.exclude(name="sandbox-kling").update(enabled=False)
ProviderAccount.objects.filter(name="sandbox-kling").update(concurrency={PLACES})
"""


@pytest.fixture
def small() -> Iterator[Stack]:
    """A product with one account of four places."""
    made = Stack()
    made.start()
    try:
        made.python(_ONE_ACCOUNT)
        yield made
    finally:
        made.stop()


def at_once(program: Program, count: int) -> list[dict[str, Any]]:
    """So many orders in one moment; their answers."""

    def order(_: int) -> dict[str, Any]:
        answer = program.post("/generations", SLOW)
        assert answer.status_code == 202, answer.text
        found: dict[str, Any] = answer.json()
        return found

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(order, range(count)))


def seconds(film: dict[str, Any]) -> float:
    """From order to film."""
    begun, ended = (datetime.fromisoformat(film[at]) for at in ("created_at", "finished_at"))
    return (ended - begun).total_seconds()


@pytest.mark.timeout(240)
def test_what_thirty_orders_at_once_are_told_is_what_happens(small: Stack) -> None:
    api = native(small.site, small.facts["test_key"])
    for made in at_once(api, 6):
        assert settled(api, made["id"])["status"] == "succeeded"

    told = at_once(api, ORDERS)
    last = max(told, key=lambda film: film["position"])
    waits = api.get(f"/generations/{last['id']}").json()
    assert waits["status"] == "queued"
    assert 2 * PLACES < waits["position"] <= ORDERS

    took = {film["id"]: seconds(settled(api, film["id"])) for film in told}
    good = [film for film in told if 0.5 <= took[film["id"]] / film["eta"]["p50_seconds"] <= 2]
    shown = sorted((f["position"], f["eta"]["p50_seconds"], took[f["id"]]) for f in told)
    print(shown)
    assert len(good) >= ORDERS * 4 // 5, shown
