"""One asyncio process that waits for everybody: polls upstreams by the thousand, holds blocking
calls, tells news, and rings the queue's bell for whatever is due.

The database is only touched in short synchronous steps on one thread; the waiting is asyncio's.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

import httpx
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError, Error, connection

from accounts import outbox
from generations import bells, blocking, due, heartbeat, lanes, outcomes, polls, providers
from generations.models import Generation, ProviderAccount
from generations.providers import Found
from generations.providers.codecs import Question
from generations.wire.task import Reason, Rejected
from kling_saas.lib import http
from kling_saas.lib.points import passing

log = logging.getLogger(__name__)
_TICK = 0.1  # seconds between looks
_BATCH = 500
_BUSY = 250  # questions to one account that are not answered yet
_PARALLEL_POLLS = 64  # at one host
_BEAT = 5.0
_LANES = 5.0
_STARTED = time.time()


class Watcher:
    """Runs until `stop` is set; every loop survives a lost database connection."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self._gates: dict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(_PARALLEL_POLLS)
        )
        self._turns: dict[int, float] = {}  # when an account may be asked the next question
        self._polls: set[asyncio.Task[None]] = set()
        self._asked: Counter[int | None] = Counter()
        self._polls_due, self._news_due = asyncio.Event(), asyncio.Event()
        self._calls_due = asyncio.Event()
        self._away = False  # the database, when last asked
        self.name = f"watcher@{socket.gethostname()}:{os.getpid()}"

    async def run(self) -> None:
        """All loops, until stopped; held blocking calls are let go and found again."""
        async with http.polling_client() as client:
            self.client = client
            calls = blocking.Calls()
            loops = [
                self._repeat(self._look, _TICK),
                self._repeat(self._beat, _BEAT),
                self._repeat(self._mend_lanes, _LANES),
                self._whenever(self._polls_due, self._poll_due),
                self._whenever(self._news_due, self._tell),
                self._whenever(self._calls_due, calls.start_due),
                self._let_waiters_go(),
            ]
            await asyncio.gather(*loops)
            await asyncio.gather(*self._polls, return_exceptions=True)
            await calls.let_go()

    async def _repeat(self, step: Callable[[], Awaitable[int]], pause: float) -> None:
        """`step`, and again after `pause`; a step that takes long takes a fifth of the time."""
        while not self.stop.is_set():
            began = time.monotonic()
            await self._tried(step)
            took = time.monotonic() - began
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), max(pause, 4 * took))

    async def _whenever(self, seen: asyncio.Event, step: Callable[[], Awaitable[int]]) -> None:
        """`step` as soon as something was seen for it, again and again while it finds work."""
        while not self.stop.is_set():
            await seen.wait()
            seen.clear()
            while not self.stop.is_set() and await self._tried(step):
                continue

    async def _let_waiters_go(self) -> None:
        await self.stop.wait()
        for event in (self._polls_due, self._news_due, self._calls_due):
            event.set()

    async def _tried(self, step: Callable[[], Awaitable[int]]) -> int:
        try:
            found = await step()
        except Error as error:
            if not self._away:
                log.warning("waiting for the database: %s", error)
            self._away = True
        except Exception:  # a loop that ends would stop the product; the next round may do
            log.exception("%s failed", getattr(step, "__name__", "a step"))
        else:
            self._away = False
            return found
        await sync_to_async(_disconnect)()
        return 0

    async def _look(self) -> int:
        """Ten times a second one question, instead of one of each loop."""
        seen = await sync_to_async(_look_and_ring)()
        for event, found in (
            (self._polls_due, seen.polls),
            (self._news_due, seen.news),
            (self._calls_due, seen.calls),
        ):
            if found:
                event.set()
        return 0

    async def _poll_due(self) -> int:
        """Begin to ask about what is due; who asks on does not wait for an upstream that is slow.

        An account with many unanswered questions gets no more: its films stay due.
        """
        busy = [a for a, asked in self._asked.items() if a is not None and asked >= _BUSY]
        taken = await sync_to_async(polls.take)(_BATCH, busy=busy)
        bunches: dict[tuple[int | None, str], list[Generation]] = defaultdict(list)
        for generation in taken:
            bunches[generation.account_id, generation.kind].append(generation)
        for (account, _), bunch in bunches.items():
            self._begin(account, bunch)
        return len(taken)

    def _begin(self, account: int | None, bunch: list[Generation]) -> None:
        def done(task: asyncio.Task[None]) -> None:
            self._polls.discard(task)
            self._asked[account] -= len(bunch)
            if not task.cancelled() and (error := task.exception()):
                log.error("polls were not recorded", exc_info=error)

        task = asyncio.create_task(self._poll_bunch(bunch))
        self._polls.add(task)
        self._asked[account] += len(bunch)
        task.add_done_callback(done)

    async def _poll_bunch(self, bunch: list[Generation]) -> None:
        """Films of one kind at one account."""
        account = bunch[0].account
        if account is None:
            return
        questions = [Question(g.upstream_id, g.kind) for g in bunch]
        try:
            # An upstream that says nothing must not keep its films from the next question; but
            # those that wait for their turn at its pace have not been asked yet.
            turns = self._asked[account.pk] / max(1, account.polls_per_second)
            async with asyncio.timeout(turns + settings.LEASE_SECONDS / 2):
                ask = partial(self._ask, account)
                found = await providers.adapter(account).poll(self.client, ask, questions)
        except Exception as error:
            log.exception("polls at %s failed", account.name)
            trouble = Rejected(Reason.UNAVAILABLE, type(error).__name__, "the poll failed")
            found = dict.fromkeys((q.task_id for q in questions), trouble)
        passing("poll.answered")
        await sync_to_async(_record)(bunch, found)

    async def _ask(self, account: ProviderAccount, request: httpx.Request) -> httpx.Response:
        """At most `polls_per_second` of the account, evenly; few at a time at one host."""
        now = time.monotonic()
        turn = max(now, self._turns.get(account.pk, now))
        self._turns[account.pk] = turn + 1 / max(1, account.polls_per_second)
        if turn > now:
            await asyncio.sleep(turn - now)
        async with self._gates[request.url.host + str(request.url.port)]:
            return await http.send(self.client, request)

    async def _tell(self) -> int:
        return await sync_to_async(outbox.announce)()

    async def _mend_lanes(self) -> int:
        return await sync_to_async(lanes.refresh)()

    async def _beat(self) -> int:
        await sync_to_async(heartbeat.beat)(self.name, {"started": _STARTED})
        return 0


def _disconnect() -> None:
    connection.close()  # the one of the thread that runs this, looked up there


def _look_and_ring() -> due.Due:
    seen = due.look()
    bells.ring(seen)
    return seen


def _record(bunch: list[Generation], found: dict[str, Found]) -> None:
    """Whatever one film's answer does to us, the others' are recorded; its turn comes again.

    It is counted, so that a film whose every answer does it is given up after its deadline.
    """
    for generation in bunch:
        try:
            outcomes.polled(generation, found[generation.upstream_id])
        except DatabaseError:
            raise
        except Exception:
            log.exception("%s: its poll's answer was not recorded", generation.public_id)
            polls.missed(generation)
