"""The database restarts under a look of the waiting room: whoever waits is told the end."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import requests
from django.conf import settings as product

from accounts.outbox import CHANNEL
from tests.generations.programs import FILM, Program, available, funded, native
from tests.stack import Stack
from tests.waiting import until

SLOW = "slow:4 A snail"
# PostgreSQL shows the beginning of a query only: its columns, not the id that is looked for.
_CUT_OFF = """SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
 WHERE wait_event_type = 'Lock' AND query LIKE 'SELECT "generations_generation"."id", %'"""


@contextmanager
def stalled(stack: Stack) -> Iterator[psycopg.Connection]:
    """Meanwhile whoever looks at a generation waits, and may be cut off by this connection."""
    with (
        psycopg.connect(stack.setting("DATABASE_OWNER_URL")) as owner,
        psycopg.connect(product.DATABASE_URL, autocommit=True) as other,
    ):
        owner.execute("LOCK TABLE generations_generation IN ACCESS EXCLUSIVE MODE")
        yield other
        owner.rollback()


def cut_off_looks(other: psycopg.Connection, public_ids: list[str], count: int) -> None:
    """Have whoever waits for these look, and end the connections of that many looks."""
    ended = 0

    def all_ended() -> bool:
        nonlocal ended
        ended += len(other.execute(_CUT_OFF).fetchall())
        return ended >= count

    for public_id in public_ids:
        other.execute("SELECT pg_notify(%s, %s)", [CHANNEL, public_id])
    until(all_ended, what=f"{count} looks")


def ordered(api: Program, count: int) -> list[str]:
    """The ids of what was ordered, as soon as it is so many."""

    def there() -> list[str] | None:
        found = [each["id"] for each in api.get("/generations").json()["data"]]
        return found if len(found) == count else None

    return until(there, what=f"{count} orders")


def test_held_calls_and_streams_go_on_when_the_database_goes_away_under_a_look(
    site: str, stack: Stack
) -> None:
    alice = funded()
    api = native(site, alice.test_key)
    segmind = Program(f"{site}/segmind", **{"x-api-key": alice.test_key})
    with ThreadPoolExecutor(3) as pool:
        held = pool.submit(segmind.post, "/v1/kling-text2video", {"prompt": SLOW})
        (first,) = ordered(api, 1)
        preferring = native(site, alice.test_key)
        wait = {"Prefer": "wait=60"}
        waited = pool.submit(
            preferring.post, "/generations", {**FILM, "prompt": SLOW}, headers=wait
        )
        (second,) = set(ordered(api, 2)) - {first}
        bearer = {"Authorization": f"Bearer {alice.test_key}"}
        events = f"{site}/api/v1/generations/{second}/events"
        streamed = requests.get(events, headers=bearer, stream=True, timeout=60)  # has begun
        with stalled(stack) as other:
            cut_off_looks(other, [first, second], 3)
    assert (held.result().status_code, held.result().json()["request_id"]) == (200, first)
    told = waited.result()
    assert (told.status_code, told.json()["id"]) == (200, second)
    assert told.json()["status"] == "succeeded"
    assert "event: generation.succeeded" in streamed.text
    fields = {line.partition(":")[0] for line in streamed.text.splitlines()}
    assert fields <= {"", "id", "event", "data"}
    assert available(alice) == 10_000 - 20
