"""Who is waiting for what: one LISTENing connection, one event per waiter."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict

import psycopg
from django.conf import settings

from accounts.outbox import CHANNEL

log = logging.getLogger(__name__)
_RECONNECT = 1.0  # seconds


class News:
    """Wakes waiters by the public id they wait for. A lost connection wakes everybody to look."""

    def __init__(self) -> None:
        self._waiters: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._listener: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin listening on the running loop."""
        self._listener = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        """End listening."""
        if self._listener:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)

    def register(self, subject: str) -> asyncio.Event:
        """An event that is set when there is news of `subject`; give it back with `forget`."""
        event = asyncio.Event()
        self._waiters[subject].add(event)
        return event

    def forget(self, subject: str, event: asyncio.Event) -> None:
        """No longer wait."""
        self._waiters[subject].discard(event)
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
                        for event in self._waiters.get(note.payload, ()):
                            event.set()
            except psycopg.Error as error:
                log.warning("listening again after: %s", error)
                await asyncio.sleep(_RECONNECT)

    def _wake_all(self) -> None:
        for events in self._waiters.values():
            for event in events:
                event.set()
