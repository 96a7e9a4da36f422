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
from collections.abc import Awaitable, Callable
from contextlib import suppress

from asgiref.sync import sync_to_async
from django.db import Error, connection

from accounts import outbox
from generations import bells, blocking, due, heartbeat, lanes
from generations.asking import Asking
from kling_saas.lib.questions import Questioner

log = logging.getLogger(__name__)
_TICK = 0.1  # seconds between looks
_BEAT = 5.0
_LANES = 5.0
_STARTED = time.time()


class Watcher:
    """Runs until `stop` is set; every loop survives a lost database connection."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.asking = Asking()
        self._news_due, self._calls_due = asyncio.Event(), asyncio.Event()
        self._away = False  # the database, when last asked
        self.name = f"watcher@{socket.gethostname()}:{os.getpid()}"

    async def run(self) -> None:
        """All loops, until stopped; held blocking calls are let go and found again."""
        async with Questioner() as self.asking.line:
            calls = blocking.Calls()
            loops = [
                self._repeat(self._look, _TICK),
                self._repeat(self._beat, _BEAT),
                self._repeat(self._mend_lanes, _LANES),
                self._whenever(self.asking.due, self.asking.begin_due),
                self._whenever(self.asking.news, self.asking.note_soon),
                self._whenever(self._news_due, self._tell),
                self._whenever(self._calls_due, calls.start_due),
                self._let_waiters_go(),
            ]
            await asyncio.gather(*loops)
            await self.asking.finish()
            await calls.let_go()
        await self._tried(self._end)

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
        for event in (self.asking.due, self._news_due, self._calls_due, self.asking.news):
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
            (self.asking.due, seen.polls),
            (self._news_due, seen.news),
            (self._calls_due, seen.calls),
        ):
            if found:
                event.set()
        return 0

    async def _tell(self) -> int:
        return await sync_to_async(outbox.announce)()

    async def _mend_lanes(self) -> int:
        return await sync_to_async(lanes.refresh)()

    async def _beat(self) -> int:
        beat = sync_to_async(heartbeat.beat)
        self.asking.sharers = await beat(self.name, {"started": _STARTED})
        return 0

    async def _end(self) -> int:
        await sync_to_async(heartbeat.end)(self.name)
        return 0


def _disconnect() -> None:
    connection.close()  # the one of the thread that runs this, looked up there


def _look_and_ring() -> due.Due:
    seen = due.look()
    bells.ring(seen)
    return seen
