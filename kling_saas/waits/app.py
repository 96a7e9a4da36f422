"""The ASGI application: passes requests through, holds those whose answer is not there yet."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import Context
from dataclasses import dataclass
from math import inf
from typing import Any

from a2wsgi import WSGIMiddleware
from django.conf import settings

from accounts.call_log import Answered, writer
from kling_saas.api.requests import INNER, inner
from kling_saas.waits.news import Message, News, Receive, Waiter

Scope = Message
Send = Callable[[Message], Awaitable[None]]

# What a view may say to the room; none of it reaches the client.
WAIT = b"x-kling-wait"  # <subject>;<seconds>;<path>: answer with that path's answer once final
NEW = b"x-kling-new"  # with it: nothing can have come of the subject before this call
FINAL = b"x-kling-final"  # on that path: this answer is the one waited for
STREAM = b"x-kling-stream"  # <subject>;<path>: these are events, there are more at that path
AGAIN = b"x-kling-stream-again"  # on either: seconds after which there is something to tell anyway
CALL = b"x-kling-call"  # on either: the id under which the log has this call as held
STREAM_END = b"x-kling-stream-end"  # on that path: these were the last events
_HEARTBEAT = 15.0  # seconds between comments on an idle stream
_LOOK_ANYWAY = 30.0  # seconds after which a waiter looks without news
_LOOKS = 20  # a second without news, of all who wait together: more of them look less often
_LOOK_AGAIN = 1.0  # seconds after a look that failed on our side; twice as long after each further
_LEFT = 499  # as nginx writes it down: the client hung up
_INNER = INNER.lower().encode()
# Of the held call itself, which the looks on its behalf know nothing of.
_ITS_OWN = {b"ratelimit-policy", b"ratelimit", b"idempotent-replayed"}
_NOT_REPEATED = {
    b"content-length", b"content-type", b"transfer-encoding", b"expect", b"last-event-id", _INNER,
}  # fmt: skip


@dataclass(slots=True)
class Answer:
    """An answer of Django's, kept whole because the room may replace it.

    `head` has its headers as `\\nname:value`, names in small letters: in one piece they take a
    quarter of the memory. `passed_on`: it was final, so its body went to the client as it came.
    """

    status: int
    head: bytes
    body: bytes = b""
    passed_on: bool = False

    @classmethod
    def begun(cls, message: Message) -> Answer:
        """From the message that begins it."""
        lines = (b"\n" + name.lower() + b":" + value for name, value in message["headers"])
        return cls(message["status"], b"".join(lines))

    def header(self, name: bytes) -> str:
        """The value of a header, or ""."""
        _, found, rest = self.head.partition(b"\n" + name + b":")
        return rest.partition(b"\n")[0].decode("latin-1") if found else ""

    @property
    def failed(self) -> bool:
        """It tells of our own trouble, as while the database restarts, and not of the work."""
        return self.status >= 500 and not self.header(FINAL)

    def public_headers(self) -> list[tuple[bytes, bytes]]:
        """Without the ones that are between Django and the room."""
        lines = (line.partition(b":") for line in self.head.split(b"\n")[1:])
        return [(name, value) for name, _, value in lines if not name.startswith(b"x-kling-")]

    def shown_headers(self) -> dict[str, str]:
        """The public ones as text."""
        return {k.decode("latin-1"): v.decode("latin-1") for k, v in self.public_headers()}


class WaitingRoom:
    """Django with patience."""

    def __init__(self, django: Any) -> None:
        self._django = WSGIMiddleware(django, workers=settings.WEB_THREADS)
        # One per thread: who waits for a thread out here holds nothing but its request.
        self._places = asyncio.Semaphore(settings.WEB_THREADS)
        self.news = News()
        self.looking = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            with suppress(asyncio.CancelledError):  # the server ends; its waiters end quietly
                await _Visit(self, scope, receive, send).run()

    async def django(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Its answer. In a context of its own: the server keeps one per connection, and what a
        view sets in it must never be found by the next request on the same connection.
        """
        async with self._places:
            await asyncio.create_task(self._django(scope, receive, send), context=Context())

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.news.start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.news.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def turn(self) -> float:
        """Seconds in which everybody who waits may look once."""
        return self.news.waiting / _LOOKS

    @contextmanager
    def looks(self, waiter: Waiter) -> Iterator[None]:
        """Meanwhile it asks: for its news, or without, which others then leave until later, so
        that looks without news never keep waiting who has some.
        """
        without = not waiter.news
        waiter.news = False
        self.looking += without
        try:
            yield
        finally:
            self.looking -= without

    async def ask(
        self,
        scope: Scope,
        held: Answer,
        path: str,
        extra: list[tuple[bytes, bytes]],
        client: Send | None = None,
    ) -> Answer:
        """An internal GET of `path` as the same client, on behalf of the request answered `held`.

        A final answer goes to `client` piece by piece: it may be a film.
        """
        headers = [(k, v) for k, v in scope["headers"] if k.lower() not in _NOT_REPEATED]
        headers.append((_INNER, inner(held.header(b"x-request-id")).encode()))
        plain, _, query = path.partition("?")
        again = {
            **scope,
            "method": "GET",
            "path": plain,
            "raw_path": plain.encode(),
            "query_string": query.encode(),
            "headers": [*headers, *extra],
        }
        answer = Answer(500, b"")

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            nonlocal answer
            if message["type"] == "http.response.start":
                answer = Answer.begun(message)
                answer.passed_on = client is not None and bool(answer.header(FINAL))
                message = {**message, "headers": answer.public_headers()}
            elif message["type"] == "http.response.body" and not answer.passed_on:
                answer.body += message.get("body", b"")
            if client is not None and answer.passed_on:
                await client(message)

        await self.django(again, receive, send)
        return answer


class _Visit:
    """One request: what Django says goes through unless it says "wait"."""

    __slots__ = (
        "begun", "held", "left", "readable", "receive", "room", "scope", "seen", "send", "since",
    )  # fmt: skip

    def __init__(self, room: WaitingRoom, scope: Scope, receive: Receive, send: Send) -> None:
        self.room, self.scope, self.receive, self.send = room, scope, receive, send
        self.held: Answer | None = None
        self.left = False  # the client, before its answer was there
        self.begun = False  # the client has a part of the final answer
        self.readable, self.seen = False, b""  # of that, what the log of calls keeps
        self.since = time.monotonic()

    async def run(self) -> None:
        """Pass through, or wait, or stream."""
        await self.room.django(self.scope, self.receive, self._first)
        if self.held is None:
            return
        answer = self.held
        try:
            if wait := self.held.header(WAIT):
                answer = await self._wait(self.held, *wait.split(";", 2))
            else:
                await self._stream(self.held, *self.held.header(STREAM).split(";", 1))
        finally:
            self._log(self.held, answer)

    def _log(self, first: Answer, last: Answer) -> None:
        """What was logged as held is answered, or nobody was there any more to hear it."""
        ms = int((time.monotonic() - self.since) * 1000)
        if call := first.header(CALL):
            if self.left:
                writer.end(call, Answered(status=_LEFT, ms=ms))
                return
            shown = last.shown_headers()
            body = last.body or self.seen
            writer.end(call, Answered(status=last.status, ms=ms, headers=shown, body=body))

    async def _first(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            names = {name.lower() for name, _ in message["headers"]}
            if names & {WAIT, STREAM}:
                self.held = Answer.begun(message)
                return
        if self.held is None:
            await self.send(message)
        elif message["type"] == "http.response.body":
            self.held.body += message.get("body", b"")

    async def _wait(self, first: Answer, subject: str, seconds: str, path: str) -> Answer:
        waiter = self.room.news.register(subject)
        waiter.news |= not first.header(NEW)
        try:
            answer = await self._until_final(first, waiter, float(seconds), path)
        except asyncio.CancelledError:  # the server ends; what was accepted goes on without it
            if self.begun:
                raise
            answer = first
        finally:
            self.room.news.forget(subject, waiter)
        if answer.failed:
            answer = first  # of an order: only this one names what was accepted
        if not answer.passed_on:
            await self._answer(answer)
        return answer

    async def _until_final(
        self, first: Answer, waiter: Waiter, seconds: float, path: str
    ) -> Answer:
        """The answer at `path`: the first that is final or a refusal, or the one when time is up.

        A final one has gone to the client already. One that failed is asked for again: it says
        nothing about the work that the client waits for and must not make it order twice.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        failures = 0
        while True:
            await self._rest(waiter, _pause(failures), deadline)
            if waiter.gone:
                self.left = True
                return first
            with self.room.looks(waiter):
                answer = await self.room.ask(self.scope, first, path, [], self._pass_on)
            refused = 400 <= answer.status < 500
            if answer.header(FINAL) or refused or loop.time() >= deadline:
                return answer
            failures = failures + 1 if answer.failed else 0
            del answer  # for the wait may be long

    async def _pass_on(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            kind = Answer.begun(message).header(b"content-type")
            self.readable = kind.startswith("application/json")
            message = {**message, "headers": self._completed(message["headers"])}
        elif self.readable and len(self.seen) < settings.REQUEST_LOG_BODY:
            self.seen += message.get("body", b"")
        self.begun = True
        await self.send(message)

    async def _answer(self, answer: Answer) -> None:
        await self.send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": self._completed(answer.public_headers()),
            }
        )
        await self.send({"type": "http.response.body", "body": answer.body})

    def _completed(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        told = {name.lower() for name, _ in headers}
        first = self.held.public_headers() if self.held else []
        return headers + [each for each in first if each[0] in _ITS_OWN - told]

    async def _stream(self, first: Answer, subject: str, path: str) -> None:
        headers = [(k, v) for k, v in first.public_headers() if k.lower() != b"content-length"]
        await self.send({"type": "http.response.start", "status": first.status, "headers": headers})
        waiter = self.room.news.register(subject)
        try:
            with suppress(asyncio.CancelledError):
                await self._events(first, waiter, path)  # cancelled: the client comes back
        finally:
            self.room.news.forget(subject, waiter)
        await self.send({"type": "http.response.body", "body": b""})

    async def _events(self, first: Answer, waiter: Waiter, path: str) -> None:
        last, answer = _last_id(first.body) or self._asked_from(), first
        failures = 0
        while True:
            if answer.status < 400:  # the body of an error is no event
                await self._write(answer.body)
                last = _last_id(answer.body) or last
            refused = 400 <= answer.status < 500
            if answer.header(STREAM_END) or refused or waiter.gone:
                return
            failures = failures + 1 if answer.failed else 0
            again = float(answer.header(AGAIN) or _pause(failures))
            answer, first.body = first, b""  # what was told is not needed while it waits
            await self._rest(waiter, again, beat=b": still here\n\n")
            if waiter.gone:
                return
            asked = [(b"last-event-id", last.encode())]
            with self.room.looks(waiter):
                answer = await self.room.ask(self.scope, first, path, asked)

    async def _rest(
        self, waiter: Waiter, seconds: float, deadline: float = inf, beat: bytes = b""
    ) -> None:
        """Until there is news, the client has gone, or it is time to look without news: after
        `seconds`, but not while others do, unless it is the `deadline`. Meanwhile a sign of life.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        look, alive = now + max(seconds, self.room.turn()), now + _HEARTBEAT
        while waiter.idle() and now < deadline:
            if now >= look:
                if not self.room.looking:
                    return
                look = now + self.room.turn() / 4
            await waiter.wait(self.receive, min(look, alive, deadline) - now)
            now = loop.time()
            if now >= alive:
                alive = now + _HEARTBEAT
                if waiter.idle():
                    await self._write(beat)

    async def _write(self, body: bytes) -> None:
        if body:
            await self.send({"type": "http.response.body", "body": body, "more_body": True})

    def _asked_from(self) -> str:
        named = (v for k, v in self.scope["headers"] if k.lower() == b"last-event-id")
        return next(named, b"").decode("latin-1")


def _pause(failures: int) -> float:
    """Seconds until the next look without news, after so many in a row that failed."""
    if not failures:
        return _LOOK_ANYWAY
    return min(_LOOK_ANYWAY, _LOOK_AGAIN * 2.0 ** min(failures - 1, 5))


def _last_id(events: bytes) -> str:
    """The id of the last event in a piece of text/event-stream."""
    ids = [line[3:].strip() for line in events.split(b"\n") if line.startswith(b"id:")]
    return ids[-1].decode("latin-1") if ids else ""
