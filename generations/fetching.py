"""Room to read the addresses that orders name, while whoever ordered waits for the answer.

Such a fetch holds a thread of the web's for up to a minute, moves no credits, and may be asked for
by a quote that costs nothing. So a process keeps most of its threads for everything else, whatever
is named: a quarter of them may read, another quarter may wait for that, half of either for one
organisation. Each process counts its own.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from kling_saas.lib.refusals import RateLimited

PATIENCE = 2.0  # seconds in line
_AGAIN = 5  # seconds until another try is worth it


class Room:
    """Places to read, and in line for them, of a process with so many threads."""

    def __init__(self, threads: int) -> None:
        self._reading = _Places(max(1, threads // 4))
        self._in_line = _Places(max(0, threads // 2 - self._reading.most))
        self._changed = threading.Condition()

    @contextmanager
    def place(self, organisation: int) -> Iterator[None]:
        """Meanwhile the organisation may read one address. Raises RateLimited after PATIENCE, or
        at once when the line is full.
        """
        with self._changed:
            if not self._reading.has_room_for(organisation):
                self._wait(organisation)
            self._reading.take(organisation)
        try:
            yield
        finally:
            with self._changed:
                self._reading.leave(organisation)
                self._changed.notify_all()

    def _wait(self, organisation: int) -> None:
        if not self._in_line.has_room_for(organisation):
            raise _refused()
        self._in_line.take(organisation)
        try:
            came = self._changed.wait_for(
                lambda: self._reading.has_room_for(organisation), PATIENCE
            )
        finally:
            self._in_line.leave(organisation)
        if not came:
            raise _refused()


class _Places:
    """So many at most, and half of them for one organisation."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._taken: Counter[int] = Counter()

    def has_room_for(self, organisation: int) -> bool:
        share = max(1, self.most // 2)
        return self._taken.total() < self.most and self._taken[organisation] < share

    def take(self, organisation: int) -> None:
        self._taken[organisation] += 1

    def leave(self, organisation: int) -> None:
        self._taken[organisation] -= 1
        if not self._taken[organisation]:
            del self._taken[organisation]


def _refused() -> RateLimited:
    return RateLimited(
        "Too many films and sounds are read from slow addresses: send this again, or upload the "
        "file and send its id.",
        retry_after=_AGAIN,
    )


ROOM = Room(settings.WEB_THREADS)
