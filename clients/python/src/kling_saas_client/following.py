"""How a generation is followed to its end, whatever becomes of the connection meanwhile."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from kling_saas_client import errors
from kling_saas_client.api import Api, segment
from kling_saas_client.exchange import LONGEST_PAUSE, pause
from kling_saas_client.sse import Message, Parser
from kling_saas_client.steps import Close, Emit, Flow, Iteration, Lost, Read, Sleep

ENDED = frozenset({"succeeded", "failed", "cancelled"})
_SILENCE = 45.0  # seconds; a stream that lives says something every 15
_PASSING = (errors.ConnectionFailed, errors.ServerError, errors.RateLimited)
_SHORTEST = 0.05  # seconds; where the time of a wait is over, a stream is left to the next wait
_LAST_LOOK = 1.0  # seconds; and one look is still taken


@dataclass(frozen=True, slots=True)
class News:
    """One event of a generation's stream. `generation` is all of it, where it was told."""

    id: str
    type: str
    data: dict[str, Any]

    @property
    def status(self) -> str:
        """As the generation's."""
        return str(self.data.get("status", ""))

    @property
    def generation(self) -> dict[str, Any] | None:
        """The whole generation as JSON."""
        found: dict[str, Any] | None = self.data.get("generation")
        return found


@dataclass(slots=True)
class Seen:
    """How far a stream was read; `whole` is the generation once its end was told."""

    last: str = ""
    count: int = 0
    over: bool = False
    whole: dict[str, Any] | None = None

    def note(self, news: News) -> None:
        """It was read."""
        self.last, self.count = news.id or self.last, self.count + 1
        if news.status in ENDED:
            self.over, whole = True, news.generation
            self.whole = whole if whole and whole["status"] in ENDED else None


def stream(api: Api, public_id: str, seen: Seen, until: float | None = None) -> Iteration[News]:
    """What one connection tells after what was seen. Raises ConnectionFailed where it breaks.

    It is over before `until`, of time.monotonic: one that begins with so much time left is read
    no further after half of it, and waits for each piece for the other half at most.
    """
    half = math.inf if until is None else max(_SHORTEST, (until - time.monotonic()) / 2)
    headers = {"Accept": "text/event-stream", **({"Last-Event-ID": seen.last} if seen.last else {})}
    request = api.request("GET", f"{_path(public_id)}/events", headers=headers)
    head = yield from api.open(replace(request, timeout=min(_SILENCE, half)))
    seen.over = head.status == 204  # all was told
    parser = Parser()
    while not seen.over:
        piece: bytes | Lost = yield Read()
        if isinstance(piece, Lost):
            kind = errors.TimedOut if piece.timed_out else errors.ConnectionFailed
            raise kind(f"the events of {public_id}: {piece.why}")
        for news in _news(parser.feed(piece)):
            seen.note(news)
            yield Emit(news)
        if not piece and not seen.over:
            raise errors.ConnectionFailed(f"the events of {public_id} ended before it did")
        if until is not None and until - time.monotonic() < half:
            break
    yield Close()


def _news(messages: Iterator[Message]) -> Iterator[News]:
    for message in messages:
        yield News(message.id, message.type, json.loads(message.data))


def follow(api: Api, public_id: str, last: str = "") -> Iteration[News]:
    """Every event after `last` to the end, over as many connections as it takes.

    Raises APIError, and ConnectionFailed once as many in a row as are retried have told nothing.
    """
    seen, failures = Seen(last), 0
    while not seen.over:
        before = seen.count
        try:
            yield from stream(api, public_id, seen)
        except errors.ConnectionFailed:
            failures = 1 if seen.count > before else failures + 1
            if failures > api.settings.max_retries:
                raise
        if not seen.over:
            yield Sleep(pause(max(1, failures)))


def ended(
    api: Api, public_id: str, until: float, tell: Callable[[News], Any] | None
) -> Flow[dict[str, Any] | None]:
    """The generation when it has ended, or as it stands at `until`; None if nobody said.

    A broken connection and a server that is away do not end the wait, nor does a proxy that lets
    no events through: after every stream it is asked for, ever more slowly while streams end as
    soon as they began, and not before a server that is busy asks for it. It is over a second after
    `until` at the latest. Raises what no wait will change.
    """
    seen, api = Seen(), api.trying_once()
    failures, whole = 0, None
    while True:
        began, before, asked = time.monotonic(), seen.last, 0.0
        try:
            yield from _told(stream(api, public_id, seen, until), tell)
        except _PASSING as passing:
            asked = _asked(passing)
        held = seen.last != before or time.monotonic() - began > LONGEST_PAUSE
        failures = 0 if held else failures + 1
        if not asked:
            try:
                whole = seen.whole or (yield from _look(api, public_id, until))
            except _PASSING as passing:
                asked = _asked(passing)
        left = until - time.monotonic()
        if left <= 0 or (whole and whole["status"] in ENDED):
            return whole
        yield Sleep(min(left, max(asked, pause(max(1, failures)))))
        if asked >= left:
            return whole


def _look(api: Api, public_id: str, until: float) -> Flow[dict[str, Any]]:
    request = api.request("GET", _path(public_id))
    left = max(_LAST_LOOK, until - time.monotonic())
    answer = yield from api.send(replace(request, timeout=min(request.timeout, left)))
    found: dict[str, Any] = api.told(answer)
    return found


def _asked(passing: errors.KlingError) -> float:
    """Seconds that the server asked to be left alone for."""
    return (isinstance(passing, errors.APIError) and passing.retry_after) or 0.0


def _path(public_id: str) -> str:
    return f"/generations/{segment(public_id)}"


def _told(news: Iteration[News], tell: Callable[[News], Any] | None) -> Flow[None]:
    """Goes through an iteration as part of a flow."""
    came: Any = None
    while True:
        try:
            step = news.send(came)
        except StopIteration:
            return
        came = None
        if not isinstance(step, Emit):
            came = yield step
        elif tell:
            tell(step.item)
