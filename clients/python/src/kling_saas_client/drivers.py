"""The two that carry steps out with httpx: one blocks, one awaits. All else is the core's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, closing
from pathlib import Path
from typing import Any, TypeVar

import httpx

from kling_saas_client.steps import (
    Answer,
    Close,
    Emit,
    Flow,
    Iteration,
    Lost,
    Open,
    Read,
    Request,
    Send,
    Sleep,
    Step,
    Work,
)

T = TypeVar("T")
_CONNECT = 10.0  # seconds
_PIECE = 256 * 1024
_LOST = (httpx.TransportError, httpx.DecodingError)
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class SyncDriver:
    """Blocks its thread; threads may share one."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def run(self, flow: Flow[T]) -> T:
        """What the flow returns."""
        with closing(flow), _Hands(self.http) as hands:
            came: Any = None
            while True:
                try:
                    step = flow.send(came)
                except StopIteration as end:
                    result: T = end.value
                    return result
                came = hands.do(step)

    def iterate(self, flow: Iteration[T]) -> Iterator[T]:
        """What the flow emits; what it holds open is closed with the iterator."""
        with closing(flow), _Hands(self.http) as hands:
            came: Any = None
            while True:
                try:
                    step = flow.send(came)
                except StopIteration:
                    return
                came = None
                if isinstance(step, Emit):
                    yield step.item
                else:
                    came = hands.do(step)


class _Hands(ExitStack):
    """Carries out the steps of one flow."""

    def __init__(self, http: httpx.Client) -> None:
        super().__init__()
        self.http = http
        self.pieces: Iterator[bytes] = iter(())

    def do(self, step: Step) -> Any:
        try:
            return self._do(step)
        except _LOST as error:
            return _lost(error)

    def _do(self, step: Step) -> Any:
        match step:
            case Send(request):
                return _answer(self.http.send(self._built(request), follow_redirects=False))
            case Open(request):
                self.close()
                answer = self.http.send(self._built(request), stream=True, follow_redirects=False)
                self.callback(answer.close)
                if answer.status_code >= 400:
                    answer.read()
                    return _answer(answer)
                self.pieces = answer.iter_bytes()
                return _head(answer)
            case Read():
                return next(self.pieces, b"")
            case Close():
                return self.close()
            case Sleep(seconds):
                return time.sleep(seconds)
            case Work(do):
                return do()

    def _built(self, request: Request) -> httpx.Request:
        content = request.content
        sent = self.enter_context(content.open("rb")) if isinstance(content, Path) else content
        return self.http.build_request(**_described(request), content=sent)


class AsyncDriver:
    """The same in an event loop."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def run(self, flow: Flow[T]) -> T:
        """What the flow returns."""
        with closing(flow):
            async with _AsyncHands(self.http) as hands:
                came: Any = None
                while True:
                    try:
                        step = flow.send(came)
                    except StopIteration as end:
                        result: T = end.value
                        return result
                    came = await hands.do(step)

    async def iterate(self, flow: Iteration[T]) -> AsyncIterator[T]:
        """What the flow emits; what it holds open is closed with the iterator."""
        with closing(flow):
            async with _AsyncHands(self.http) as hands:
                came: Any = None
                while True:
                    try:
                        step = flow.send(came)
                    except StopIteration:
                        return
                    came = None
                    if isinstance(step, Emit):
                        yield step.item
                    else:
                        came = await hands.do(step)


class _AsyncHands(AsyncExitStack):
    """Carries out the steps of one flow; disks are left to other threads."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        super().__init__()
        self.http = http
        self.pieces: AsyncIterator[bytes] | None = None

    async def do(self, step: Step) -> Any:
        try:
            return await self._do(step)
        except _LOST as error:
            return _lost(error)

    async def _do(self, step: Step) -> Any:
        match step:
            case Send(request):
                answer = await self.http.send(self._built(request), follow_redirects=False)
                return _answer(answer)
            case Open(request):
                return await self._opened(request)
            case Read():
                return await anext(self.pieces, b"") if self.pieces else b""
            case Close():
                return await self.aclose()
            case Sleep(seconds):
                return await asyncio.sleep(seconds)
            case Work(do):
                return await asyncio.to_thread(do)

    async def _opened(self, request: Request) -> Answer:
        await self.aclose()
        built = self._built(request)
        answer = await self.http.send(built, stream=True, follow_redirects=False)
        self.push_async_callback(answer.aclose)
        if answer.status_code >= 400:
            await answer.aread()
            return _answer(answer)
        self.pieces = answer.aiter_bytes()
        return _head(answer)

    def _built(self, request: Request) -> httpx.Request:
        described, content = _described(request), request.content
        if not isinstance(content, Path):
            return self.http.build_request(**described, content=content)
        # Said beforehand, as the other client's files do: not all servers take pieces without.
        described["headers"]["Content-Length"] = str(content.stat().st_size)
        return self.http.build_request(**described, content=_pieces_of(content))


async def _pieces_of(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece


def _described(request: Request) -> dict[str, Any]:
    return {
        "method": request.method,
        "url": request.url,
        "params": dict(request.query) or None,
        "headers": dict(request.headers),
        "timeout": httpx.Timeout(request.timeout, connect=min(_CONNECT, request.timeout)),
    }


def _answer(answer: httpx.Response) -> Answer:
    return Answer(answer.status_code, _names_low(answer), answer.content)


def _head(answer: httpx.Response) -> Answer:
    return Answer(answer.status_code, _names_low(answer))


def _names_low(answer: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items()}


def _lost(error: httpx.TransportError | httpx.DecodingError) -> Lost:
    return Lost(
        str(error) or type(error).__name__,
        sent=not isinstance(error, _NEVER_SENT),
        timed_out=isinstance(error, httpx.TimeoutException),
    )
