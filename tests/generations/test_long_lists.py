"""A list costs as many statements with twenty rows as with five."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import tenancy
from generations import access, routing, waiting
from generations.models import Audio, Generation, Status, Video
from generations.views.cards import cards_of
from tests.generations.orders import actor, parked
from tests.generations.programs import funded
from tests.people import Customer

FEW, MANY = 5, 20
NATIVE = "/api/v1/generations?limit="
SOUNDS = "/kling/v1/audio/text-to-audio?pageSize="
VIDEOS = "/openai/v1/videos?limit="
LONGER = "/kling/v1/videos/video-extend?pageSize="


@pytest.fixture(scope="module")
def alice() -> Customer:
    """One more of her orders wait than are on the longest page."""
    made = funded()
    for _ in range(MANY + 1):
        parked(made)
    return made


def newest(of: Customer) -> list[Generation]:
    """All of them, newest first."""
    return access.page(actor(of), limit=MANY + 1).generations


@contextmanager
def succeeded(of: Customer, kind: str, **inputs: str) -> Iterator[list[Generation]]:
    """They are ended tasks of the product, ordered at Kling's door; undone at the end."""
    with transaction.atomic():
        with tenancy.scope(of.organisation.pk):
            for order in newest(of):
                order.kind, order.door, order.status = kind, "kling", Status.SUCCEEDED
                order.params = {"model": "kling-v1", "task": kind, **inputs}
                order.charged, order.next_run_at = order.credits, None
                order.finished_at = timezone.now()
                order.save()
        yield newest(of)
        transaction.set_rollback(True)


def stored(of: Generation) -> dict[str, Any]:
    """What each film or sound has."""
    return {
        "organisation_id": of.organisation_id, "livemode": of.livemode, "generation": of,
        "key": of.public_id, "bytes": 1, "sha256": "0" * 64, "duration_ms": 5000,
    }  # fmt: skip


def statements(ask: Callable[[], object]) -> int:
    """How many it takes when queue and key are read anew, as the key is in a transaction.

    Not what is asked now and then: what films take of each kind that other tests have under way,
    and operators' corrections.
    """
    ask()
    waiting.forget()
    routing.forget()
    with transaction.atomic(), CaptureQueriesContext(connection) as found:
        ask()
    return sum(
        "generations_lately" not in query["sql"] and "correction" not in query["sql"]
        for query in found.captured_queries
    )


def listed(of: Customer, address: str, rows: int) -> list[dict[str, Any]]:
    """The rows of the list at an address that ends with how many are wanted."""
    client = Client(headers={"host": "localhost", "Authorization": f"Bearer {of.test_key}"})
    found: list[dict[str, Any]] = client.get(f"{address}{rows}").json()["data"]
    assert len(found) == rows
    return found


def costs_no_more_with_many(of: Customer, address: str) -> bool:
    few, many = (statements(lambda rows=n: listed(of, address, rows)) for n in (FEW, MANY))
    return few == many


def test_the_places_of_queued_orders_are_counted_at_once(alice: Customer) -> None:
    assert costs_no_more_with_many(alice, NATIVE)
    with tenancy.scope(alice.organisation.pk):
        alone = [waiting.outlook(order).position for order in newest(alice)[:MANY]]
    assert [row["position"] for row in listed(alice, NATIVE, MANY)] == alone


def test_the_jobs_of_openais_clients_are_read_at_once(alice: Customer) -> None:
    with transaction.atomic():
        with tenancy.scope(alice.organisation.pk):
            Generation.objects.filter(organisation_id=alice.organisation.pk).update(door="openai")
        assert costs_no_more_with_many(alice, VIDEOS)
        transaction.set_rollback(True)


def test_cards_of_queued_orders_are_drawn_at_once(alice: Customer) -> None:
    def drawn(rows: int) -> None:
        with tenancy.scope(alice.organisation.pk):
            assert len(cards_of(access.page(actor(alice), limit=rows))) == rows

    assert statements(lambda: drawn(MANY)) == statements(lambda: drawn(FEW))


def test_sounds_are_read_at_once(alice: Customer) -> None:
    with succeeded(alice, "text-to-audio") as tasks:
        with tenancy.scope(alice.organisation.pk):
            sounds = [Audio(content_type="audio/mpeg", **stored(each)) for each in tasks]
            Audio.objects.bulk_create(sounds)
        assert costs_no_more_with_many(alice, SOUNDS)
        assert costs_no_more_with_many(alice, NATIVE)
        kling, native = listed(alice, SOUNDS, MANY), listed(alice, NATIVE, MANY)
    ids = [sound.public_id for sound in sounds[:MANY]]
    assert [task["task_result"]["audios"][0]["id"] for task in kling] == ids
    assert [row["audio"]["id"] for row in native] == ids


def test_films_that_others_go_on_from_are_read_at_once(alice: Customer) -> None:
    first = newest(alice)[-1]
    with succeeded(alice, "video-extend", video=first.public_id) as tasks:
        with tenancy.scope(alice.organisation.pk):
            films = [
                Video(poster_key="p", width=1, height=1, has_sound=False, **stored(each))
                for each in tasks
            ]
            Video.objects.bulk_create(films)
        assert costs_no_more_with_many(alice, LONGER)
        found = listed(alice, LONGER, MANY)
    assert {task["task_info"]["parent_video"]["id"] for task in found} == {films[-1].public_id}
    assert [task["task_result"]["videos"][0]["id"] for task in found] == [
        film.public_id for film in films[:MANY]
    ]
