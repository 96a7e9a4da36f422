"""What the product's processes do, one step at a time, called by a campaign, not by the queue."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from asgiref.sync import SyncToAsync
from django.conf import settings
from django.db import connection

from accounts import outbox, tenancy
from generations import blocking, dispatch, films, ingest, late, sweeps
from generations.asking import Asking
from generations.films import Film
from generations.models import Protocol
from kling_saas.lib import questions
from tests.campaigns import sessions
from tests.campaigns.virtual import CLOCK

log = logging.getLogger(__name__)
_mine = threading.local()
_HELD = "held"  # to be submitted where the answer is the film
_DUE = """
SELECT DISTINCT CASE WHEN status = 'submitting' AND account_id IN (
           SELECT id FROM generations_provideraccount WHERE protocol = %s)
       THEN %s ELSE status END
  FROM generations_generation
 WHERE finished_at IS NULL AND next_run_at <= now()
   AND (lease_until IS NULL OR lease_until <= now())
"""
_NEXT = """
SELECT min(greatest(next_run_at, lease_until)) FROM generations_generation
 WHERE finished_at IS NULL
"""
_OWED = """
SELECT 1 FROM generations_generation WHERE organisation_id = %s AND finished_at IS NULL LIMIT 1
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
    """The states of all that is to be done now; `_HELD` is one of them."""
    return {row[0] for row in _eyes().execute(_DUE, [Protocol.SEGMIND_V1, _HELD])}


def unfinished(organisation: int) -> bool:
    """Whether anything is still owed to it."""
    return _eyes().execute(_OWED, [organisation]).fetchone() is not None


@cache
def _eyes() -> psycopg.Connection[tuple[Any, ...]]:
    """The campaign's own session: sees every tenant, in one round trip and prepared."""
    session = psycopg.connect(settings.DATABASE_URL, autocommit=True, prepare_threshold=0)
    session.execute("SELECT set_config('app.tenant', %s, false)", [tenancy.EVERY_TENANT])
    return session


def _tried(work: Callable[[], int]) -> int:
    try:
        return work()
    except Exception:
        log.debug("a step failed", exc_info=True)
        connection.close()
        return 0


def ask() -> int:
    """The watcher's questions, once, until they are answered."""
    return _waited(_asks())


def call() -> int:
    """Its held calls, once, until they are answered."""
    return _waited(_calls())


def _waited(work: Coroutine[Any, Any, int]) -> int:
    """Each thread keeps its event loop."""
    try:
        if not hasattr(_mine, "loop"):
            _mine.loop = asyncio.Runner()
        return int(_mine.loop.run(work))
    except BaseException:
        _mine.loop.close()  # with all that still runs in it
        del _mine.loop
        raise


async def _asks() -> int:
    asking = Asking()
    async with questions.Questioner() as asking.line:
        asked = await asking.begin_due()
        await asking.finish()
    return asked


async def _calls() -> int:
    calls = blocking.Calls()
    begun = await calls.start_due()
    await asyncio.gather(*calls._held, return_exceptions=True)
    return begun


def leap() -> bool:
    """To the moment when something is due; False when nothing is owed any more."""
    moment = next_due()
    if moment is None:
        return False
    CLOCK.set(max(moment, _soon()))
    return True


def next_due() -> datetime | None:
    """When something is due again; None when nothing is owed any more."""
    found = _eyes().execute(_NEXT).fetchone()
    return found[0] if found else None


_films: dict[bytes, Film] = {}


def examined(path: Path, *, seconds: int, alive: Callable[[], None]) -> Film:
    """`films.examine`, by which the same bytes are decoded once: they are the same film."""
    content = path.read_bytes()
    if content not in _films:
        _films[content] = films.examine(path, seconds=seconds, alive=alive)
    return _films[content]


WORK: tuple[tuple[Callable[[], int], frozenset[str]], ...] = (
    (dispatch.run, frozenset({"accepted", "submitting"})),
    (ask, frozenset({"in_flight"})),
    (call, frozenset({_HELD})),
    (ingest.run, frozenset({"fetching", "storing"})),
)


def _soon() -> datetime:
    CLOCK.passes(0.001)
    return CLOCK.now()


def before_fork() -> None:
    """A child would share this thread's event loop, whose files are the parent's."""
    if hasattr(_mine, "loop"):
        _mine.loop.close()
        del _mine.loop


def forked() -> None:
    """In a child: threads and sessions of the parent are not here."""
    _eyes.cache_clear()
    sessions.forget()
    dispatch._threads.cache_clear()
    SyncToAsync.single_thread_executor = ThreadPoolExecutor(max_workers=1)
