"""The queue at a glance: who waits, who is under way, where the places are. Pure but for `look`.

One reading serves a process for half a second (longer when it was slow to read), so that a
position costs no scan of the queue. Orders taken by this process since are counted on top of it.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

from django.db import connection

from generations.queue_functions import TURN

MOST = 1000  # positions are counted up to here
_KINDS = 5000  # of films under way are told apart
_FRESH_SECONDS = 0.5
_SHARE = 50  # a reading is kept this many times as long as it took
_LAST = 2**63 - 1
Whose = tuple[int, bool]  # organisation and mode
Lane = tuple[int, ...] | None  # ids of the accounts that can make an order


@dataclass(frozen=True, slots=True)
class Queue:
    """The waiting orders of one organisation, mode and lane; `head` is the id of the first.

    The n-th has the tag `tag + (n - 1) * stride`; the lowest tag is handed over first. `most` of
    its films may be under way at once. The lane is None while it is not known.
    """

    organisation: int
    livemode: bool
    lane: Lane
    waiting: int
    head: int
    tag: int
    stride: int
    most: int | None = None

    @property
    def whose(self) -> Whose:
        """Its organisation and mode."""
        return self.organisation, self.livemode


@dataclass(frozen=True, slots=True)
class Flying:
    """Equal films between hand-over and end. `placed`: each holds a place at its account.

    They are about `age` seconds old.
    """

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
    films: int = 1


@dataclass(slots=True)
class Line:
    """The orders that wait for the same accounts, one queue per organisation and mode.

    The queues are in the order of their tags; `whole`: there are no more of them.
    """

    queues: Sequence[Queue]
    whole: bool = True
    by_owner: dict[Whose, Queue] = field(init=False)
    _before: dict[tuple[Whose, int], int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.by_owner = {queue.whose: queue for queue in self.queues}

    def position(self, queue: Queue, nth: int) -> int:
        """Which of all is handed over when the `nth` of the queue is; 1 is next, at most MOST."""
        last = queue.tag + (nth - 1) * queue.stride
        same = ((-1, queue.livemode) if queue.head == _LAST else queue.whose, last)
        if same not in self._before:
            self._before[same] = self._handed_over_before(queue, last)
        return min(nth + self._before[same], MOST)

    def _handed_over_before(self, queue: Queue, last: int) -> int:
        """How many orders of other queues come before the one with the tag `last`."""
        found = 0
        for other in self.queues:
            if found >= MOST or other.tag > last:
                break
            if other.whose != queue.whose:
                turns, rest = divmod(last - other.tag, other.stride)
                found += min(other.waiting, turns + (rest > 0 or other.head < queue.head))
        return found


@dataclass(slots=True)
class Glance:
    """What was read at once: at most MOST `queues`, in the order of their tags.

    `clock` is the tag at which a queue that was empty begins. `since` counts what this process
    accepted after the reading.
    """

    queues: Sequence[Queue]
    flying: Sequence[Flying] = ()
    clock: int = 0
    until: float = 0.0
    since: defaultdict[Whose, Counter[Lane]] = field(
        default_factory=lambda: defaultdict(Counter), init=False
    )
    schedules: dict[Any, Any] = field(default_factory=dict)
    _lines: dict[tuple[bool, Lane], Line] = field(init=False, default_factory=dict)

    def line(self, lane: Lane, *, livemode: bool) -> Line:
        """What waits for the accounts of this lane; where it is not known, all of the mode."""
        if (livemode, lane) not in self._lines:
            self._lines[livemode, lane] = Line(
                _merged(q for q in self.queues if meet(q.livemode, q.lane, livemode, lane)),
                whole=len(self.queues) < MOST,
            )
        return self._lines[livemode, lane]

    def queue_of(self, whose: Whose, lane: Lane) -> Queue | None:
        """Its queue in the lane's line; one that begins now where none waits; None beyond MOST."""
        line = self.line(lane, livemode=whose[1])
        found = line.by_owner.get(whose)
        if found or not line.whole:
            return found
        mine = (f.most for f in self.flying if (f.organisation, f.livemode) == whose)
        return Queue(*whose, lane, 0, _LAST, self.clock, TURN, next(mine, None))

    def arrives(self, whose: Whose, lane: Lane) -> int:
        """One more is accepted; which of its organisation's in the line it is."""
        own = self.since[whose]
        own[lane] += 1
        queue = self.queue_of(whose, lane)
        since = (own[other] for other in own if meet(whose[1], other, whose[1], lane))
        return (queue.waiting if queue else 0) + sum(since)


def meet(livemode: bool, lane: Lane, other_livemode: bool, other: Collection[int] | None) -> bool:
    """Whether orders of two lanes wait for a common account."""
    if lane is None or other is None:
        return livemode == other_livemode
    return not set(lane).isdisjoint(other)


def _merged(queues: Iterable[Queue]) -> list[Queue]:
    """One queue per organisation and mode, in the order of their tags."""
    found: dict[Whose, Queue] = {}
    for queue in queues:
        if same := found.get(queue.whose):
            together, first = same.waiting + queue.waiting, min(same.head, queue.head)
            queue = replace(same, waiting=together, head=first)
        found[queue.whose] = queue
    return sorted(found.values(), key=lambda q: (q.tag, q.head))


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
        cursor.execute("SELECT * FROM generations_queues(false, %s, NULL, NULL)", [MOST])
        rows = cursor.fetchall()
        cursor.execute("SELECT * FROM generations_flying(%s)", [_KINDS])
        flying = [Flying(*row) for row in cursor.fetchall()]
    queues = [
        Queue(owner, livemode, lane if lane is None else tuple(lane), *figures[:5])
        for owner, livemode, lane, *figures in rows
    ]
    return Glance(queues, flying, rows[0][8] if rows else 0)
