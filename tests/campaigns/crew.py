"""What the product's processes do, one step at a time, called by a campaign, not by the queue."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from asgiref.sync import SyncToAsync
from django.db import connection

from accounts import outbox, tenancy
from generations import blocking, dispatch, films, ingest, late, sweeps
from generations.films import Film
from generations.watcher import Watcher
from kling_saas.lib import http
from tests.campaigns.virtual import CLOCK

log = logging.getLogger(__name__)
_DUE = """
SELECT DISTINCT status FROM generations_generation
 WHERE finished_at IS NULL AND next_run_at <= now()
   AND (lease_until IS NULL OR lease_until <= now())
"""
_NEXT = """
SELECT min(greatest(next_run_at, lease_until)) FROM generations_generation
 WHERE finished_at IS NULL
"""


def step() -> int:
    """Every process that has something due, once; how much was handled.

    What one raises is its own trouble, as in the queue.
    """
    waiting = due()
    return sum(_tried(work) for work, states in WORK if waiting & states)


def ask_late() -> None:
    """Look once for a film that came too late."""
    _tried(late.run)


def sweep() -> None:
    """Give up what kills its workers; tell the news."""
    _tried(sweeps.give_up_stuck)
    _tried(outbox.announce)


def due() -> set[str]:
    with tenancy.system("a campaign looks for work"), connection.cursor() as cursor:
        cursor.execute(_DUE)
        return {row[0] for row in cursor.fetchall()}


def _tried(work: Callable[[], int]) -> int:
    try:
        return work()
    except Exception:
        log.debug("a step failed", exc_info=True)
        connection.close()
        return 0


def wait() -> int:
    return asyncio.run(_waits())


async def _waits() -> int:
    """The watcher's poll and its held calls, until all of them are answered."""
    watcher, calls = Watcher(), blocking.Calls()
    async with http.polling_client() as client:
        watcher.client = client
        polled = await watcher._poll_due()
        await asyncio.gather(*watcher._polls, return_exceptions=True)
    held = await calls.start_due()
    await asyncio.gather(*calls._held, return_exceptions=True)
    return polled + held


def leap() -> bool:
    """To the moment when something is due; False when nothing is owed any more."""
    moment = next_due()
    if moment is None:
        return False
    CLOCK.set(max(moment, _soon()))
    return True


def next_due() -> datetime | None:
    """When something is due again; None when nothing is owed any more."""
    with tenancy.system("a campaign looks ahead"), connection.cursor() as cursor:
        cursor.execute(_NEXT)
        (moment,) = cursor.fetchone()
    return moment  # type: ignore[no-any-return]


_films: dict[bytes, Film] = {}


def examined(path: Path, *, seconds: int, alive: Callable[[], None]) -> Film:
    """`films.examine`, by which the same bytes are decoded once: they are the same film."""
    content = path.read_bytes()
    if content not in _films:
        _films[content] = films.examine(path, seconds=seconds, alive=alive)
    return _films[content]


WORK: tuple[tuple[Callable[[], int], frozenset[str]], ...] = (
    (dispatch.run, frozenset({"accepted", "submitting"})),
    (wait, frozenset({"submitting", "in_flight"})),
    (ingest.run, frozenset({"fetching", "storing"})),
)


def _soon() -> datetime:
    CLOCK.passes(0.001)
    return CLOCK.now()


def forked() -> None:
    """In a child: threads and sessions of the parent are not here."""
    CLOCK.forked()
    dispatch._threads.cache_clear()
    SyncToAsync.single_thread_executor = ThreadPoolExecutor(max_workers=1)
