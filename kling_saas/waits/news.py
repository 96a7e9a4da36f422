"""Who is waiting for what: one LISTENing connection, and waiters that are small, for thousands."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

import psycopg
from django.conf import settings

from accounts.outbox import CHANNEL

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

log = logging.getLogger(__name__)
_RECONNECT = 1.0  # seconds
_LATELY = 30.0  # seconds that an answer may take from its transaction to here


class Waiter:
    """One who waits for news, for the end of time, or until the client has `gone`.

    It waits in the server's own `receive`, which tells of the client alone: a task beside it that
    listens to the client would take some kilobytes more.
    """

    __slots__ = ("_limit", "gone", "news")

    def __init__(self) -> None:
        self.news = self.gone = False
        self._limit: asyncio.Timeout | None = None

    def tell(self) -> None:
        """There is news."""
        self.news = True
        if self._limit and not self._limit.expired():
            self._limit.reschedule(asyncio.get_running_loop().time())

    def idle(self) -> bool:
        """There is nothing to do but to wait."""
        return not (self.news or self.gone)

    async def wait(self, receive: Receive, seconds: float) -> None:
        """Returns when there is news, when the client has gone, or after `seconds`."""
        if not self.idle():
            return
        with suppress(TimeoutError):
            try:
                async with asyncio.timeout(seconds) as self._limit:
                    while (await receive())["type"] != "http.disconnect":
                        continue
                    self.gone = True
            finally:
                self._limit = None


class News:
    """Wakes waiters by the public id they wait for. A lost connection wakes everybody to look."""

    def __init__(self) -> None:
        self._waiters: dict[str, list[Waiter]] = defaultdict(list)
        self._lately: dict[str, float] = {}  # oldest first: when there was news of what
        self._listener: asyncio.Task[None] | None = None
        self.waiting = 0

    def start(self) -> None:
        """Begin listening on the running loop."""
        self._listener = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        """End listening."""
        if self._listener:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)

    def register(self, subject: str) -> Waiter:
        """One that is told when there is news of `subject`, or was a moment ago: between what was
        answered and this. Give it back with `forget`.
        """
        waiter = Waiter()
        waiter.news = subject in self._lately
        self._waiters[subject].append(waiter)
        self.waiting += 1
        return waiter

    def forget(self, subject: str, waiter: Waiter) -> None:
        """No longer wait."""
        self._waiters[subject].remove(waiter)
        self.waiting -= 1
        if not self._waiters[subject]:
            del self._waiters[subject]

    async def _listen(self) -> None:
        url = settings.DATABASE_DIRECT_URL or settings.DATABASE_URL
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(url, autocommit=True) as link:
                    await link.execute(f"LISTEN {CHANNEL}")
                    self._wake_all()  # what was told while nobody listened
                    async for note in link.notifies():
                        self._tell(note.payload)
            except psycopg.Error as error:
                log.warning("listening again after: %s", error)
            except Exception:  # whatever it is, thousands wait for the next news
                log.exception("listening again")
            await asyncio.sleep(_RECONNECT)

    def _tell(self, subject: str) -> None:
        now = asyncio.get_running_loop().time()
        self._lately.pop(subject, None)
        self._lately[subject] = now
        while self._lately[oldest := next(iter(self._lately))] < now - _LATELY:
            del self._lately[oldest]
        for waiter in self._waiters.get(subject, ()):
            waiter.tell()

    def _wake_all(self) -> None:
        for waiters in self._waiters.values():
            for waiter in waiters:
                waiter.tell()
