"""Who is waiting for what: one LISTENing connection, and waiters that are small, for thousands."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict

import psycopg
from django.conf import settings

from accounts.outbox import CHANNEL

log = logging.getLogger(__name__)
_RECONNECT = 1.0  # seconds


class Waiter:
    """One who waits for news, for the end of time, or until the client has `gone`.

    An asyncio.Event and the tasks around it would take some kilobytes more.
    """

    __slots__ = ("_woken", "gone", "news")

    def __init__(self) -> None:
        self.news = self.gone = False
        self._woken: asyncio.Future[None] | None = None

    def tell(self) -> None:
        """There is news."""
        self.news = True
        self._wake()

    def leave(self, _: object = None) -> None:
        """The client has gone."""
        self.gone = True
        self._wake()

    def idle(self) -> bool:
        """There is nothing to do but to wait."""
        return not (self.news or self.gone)

    async def wait(self, seconds: float) -> None:
        """Returns when there is news, when the client has gone, or after `seconds`."""
        if not self.idle():
            return
        loop = asyncio.get_running_loop()
        self._woken = loop.create_future()
        timer = loop.call_later(seconds, self._wake)
        try:
            await self._woken
        finally:
            timer.cancel()
            self._woken = None

    def _wake(self) -> None:
        if self._woken and not self._woken.done():
            self._woken.set_result(None)


class News:
    """Wakes waiters by the public id they wait for. A lost connection wakes everybody to look."""

    def __init__(self) -> None:
        self._waiters: dict[str, list[Waiter]] = defaultdict(list)
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
        """One that is told when there is news of `subject`; give it back with `forget`."""
        waiter = Waiter()
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
                        for waiter in self._waiters.get(note.payload, ()):
                            waiter.tell()
            except psycopg.Error as error:
                log.warning("listening again after: %s", error)
                await asyncio.sleep(_RECONNECT)

    def _wake_all(self) -> None:
        for waiters in self._waiters.values():
            for waiter in waiters:
                waiter.tell()
