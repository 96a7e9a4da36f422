"""Many orders where four fit: what each was told is what came, within a factor of two."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from accounts import tenancy
from generations import lifecycle
from generations.models import Generation, ProviderAccount, Status
from tests.generations.programs import Program, funded, native, settled
from tests.selling import seen_by_all

ORDERS, PLACES = 16, 4
SLOW = {"model": "kling-v2-1-master", "prompt": "slow:3 A snail on a leaf"}


@pytest.fixture
def small() -> Iterator[None]:
    """One account of four places is in service, and no other."""
    enabled = ProviderAccount.objects.filter(enabled=True)
    others = list(enabled.exclude(name="sandbox-kling").values_list("pk", flat=True))
    one = ProviderAccount.objects.filter(name="sandbox-kling")
    places = one.get().concurrency
    ProviderAccount.objects.filter(pk__in=others).update(enabled=False)
    one.update(concurrency=PLACES)
    with tenancy.system("what other stories left waiting stands before nobody"):
        left = list(Generation.objects.filter(status=Status.ACCEPTED, finished_at=None))
    for order in left:
        lifecycle.cancel(order)
    seen_by_all()
    yield
    one.update(concurrency=places)
    ProviderAccount.objects.filter(pk__in=others).update(enabled=True)
    seen_by_all()


def in_a_row(program: Program, count: int) -> list[dict[str, Any]]:
    """So many orders, each as soon as the one before was accepted; their answers."""
    answers = [program.post("/generations", SLOW) for _ in range(count)]
    assert {answer.status_code for answer in answers} == {202}
    return [answer.json() for answer in answers]


def seconds(film: dict[str, Any]) -> float:
    """From order to film."""
    begun, ended = (datetime.fromisoformat(film[at]) for at in ("created_at", "finished_at"))
    return (ended - begun).total_seconds()


@pytest.mark.usefixtures("small")
def test_what_many_orders_are_told_is_what_happens(site: str) -> None:
    api = native(site, funded().test_key)
    for made in in_a_row(api, 5):  # so many equal films are enough to be told of
        assert settled(api, made["id"])["status"] == "succeeded"

    told = in_a_row(api, ORDERS)
    last = max(told, key=lambda film: film["position"])
    waits = api.get(f"/generations/{last['id']}").json()
    assert waits["status"] == "queued"
    assert last["position"] > PLACES
    assert 1 <= waits["position"] <= last["position"] <= ORDERS

    took = {film["id"]: seconds(settled(api, film["id"])) for film in told}
    good = [film for film in told if 0.5 <= took[film["id"]] / film["eta"]["p50_seconds"] <= 2]
    shown = sorted((f["position"], f["eta"]["p50_seconds"], took[f["id"]]) for f in told)
    assert len(good) >= ORDERS * 4 // 5, shown
