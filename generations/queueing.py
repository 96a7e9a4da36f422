"""The queue at a glance: who waits, who is under way, where the places are. Pure but for `look`.

One reading serves a process for half a second (longer when it was slow to read), so that a
position costs no scan of the queue. Orders taken by this process since are counted on top of it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from django.db import connection

from generations.models import ProviderAccount
from generations.queue_functions import TURN

MOST = 1000  # positions are counted up to here
_FRESH_SECONDS = 0.5
_SHARE = 50  # a reading is kept this many times as long as it took
_LAST = 2**63 - 1
Whose = tuple[int, bool]  # organisation and mode


@dataclass(frozen=True, slots=True)
class Queue:
    """The waiting orders of one organisation and mode; `head` is the id of the first.

    The n-th has the tag `tag + (n - 1) * stride`; the lowest tag is handed over first. `most` of
    its films may be under way at once.
    """

    organisation: int
    livemode: bool
    waiting: int
    head: int
    tag: int
    stride: int
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Flying:
    """A film between hand-over and end. `placed`: it holds a place at its account."""

    account: int | None
    organisation: int
    livemode: bool
    most: int | None
    model: str
    kind: str
    mode: str | None
    duration: int
    placed: bool
    age: float


@dataclass(slots=True)
class Glance:
    """What was read at once. `queues` are in the order of their tags, at most MOST of them.

    `clock` is the tag at which a queue that was empty begins; `shared`: live and test orders go to
    the same accounts. `since` counts what this process accepted after the reading.
    """

    queues: Sequence[Queue]
    flying: Sequence[Flying] = ()
    clock: int = 0
    shared: bool = False
    until: float = 0.0
    since: Counter[Whose] = field(default_factory=Counter)
    schedules: dict[Any, Any] = field(default_factory=dict)
    _by_owner: dict[Whose, Queue] = field(init=False)
    _before: dict[tuple[bool, int, int], int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._by_owner = {(q.organisation, q.livemode): q for q in self.queues}

    def queue_of(self, organisation: int, *, livemode: bool) -> Queue | None:
        """Its queue as it was read; one that begins now where none waits; None beyond MOST."""
        found = self._by_owner.get((organisation, livemode))
        if found or len(self.queues) >= MOST:
            return found
        mine = (
            f.most for f in self.flying if (f.organisation, f.livemode) == (organisation, livemode)
        )
        return Queue(organisation, livemode, 0, _LAST, self.clock, TURN, next(mine, None))

    def position(self, queue: Queue, nth: int) -> int:
        """Which of all is handed over when the `nth` of the queue is; 1 is next, at most MOST."""
        last = queue.tag + (nth - 1) * queue.stride
        same = (queue.livemode, last, queue.head)  # of all who are new, for one
        if same not in self._before:
            self._before[same] = self._handed_over_before(queue, last)
        return min(nth + self._before[same], MOST)

    def _handed_over_before(self, queue: Queue, last: int) -> int:
        """How many orders of other queues come before the one with the tag `last`."""
        found = 0
        for other in self.queues:
            if found >= MOST or other.tag > last:
                break
            if other is queue or not (self.shared or other.livemode == queue.livemode):
                continue
            turns, rest = divmod(last - other.tag, other.stride)
            found += min(other.waiting, turns + (rest > 0 or other.head < queue.head))
        return found


def starts_in(nth: int, places: Sequence[float], period: float) -> float:
    """Seconds until the `nth` to wait gets a place.

    `places` says when each is free, sorted; a film then holds it for `period`.
    """
    rounds, place = divmod(nth - 1, len(places))
    return rounds * period + places[place]


def free_in(places: int, remaining: Iterable[float]) -> list[float]:
    """When each of the places is free, sorted: now, or as a film ends.

    Where the limit was lowered below what is under way, the first to end free nothing.
    """
    busy = sorted(remaining)[-places:]
    return [0.0] * (places - len(busy)) + busy


_cache: list[Glance] = []
_reading = Lock()


def look() -> Glance:
    """The queue as it was a moment ago. One thread reads it anew; the others go on meanwhile."""
    known = _cache[0] if _cache else None
    if known and time.monotonic() < known.until:
        return known
    if not _reading.acquire(blocking=known is None) and known:
        return known
    try:
        if _cache and _cache[0] is not known:
            return _cache[0]
        began = time.monotonic()
        glance = _read()
        now = time.monotonic()
        glance.until = now + max(_FRESH_SECONDS, _SHARE * (now - began))
        _cache[:] = [glance]
        return glance
    finally:
        _reading.release()


def forget() -> None:
    """Read it anew at the next question."""
    _cache.clear()


def _read() -> Glance:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM generations_queues(false, %s, NULL)", [MOST])
        rows = cursor.fetchall()
        cursor.execute("SELECT * FROM generations_flying(%s)", [MOST])
        flying = [Flying(*row) for row in cursor.fetchall()]
    both = ProviderAccount.objects.filter(enabled=True, serves_live=True, serves_test=True)
    clock = rows[0][7] if rows else 0
    return Glance([Queue(*row[:7]) for row in rows], flying, clock, both.exists())
