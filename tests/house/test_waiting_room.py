"""The waiting room: a final answer goes to the client as it comes, whatever its size."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

from kling_saas.waits.app import WaitingRoom

PIECES = 40
MB = b"f" * 2**20


def test_a_film_at_the_end_of_a_wait_is_never_whole_in_memory() -> None:
    made, told, most = 0, 0, 0

    def film() -> Iterator[bytes]:
        nonlocal made
        for _ in range(PIECES):
            made += 1
            yield MB

    def django(environ: dict[str, Any], start: Callable[..., Any]) -> Iterator[bytes]:
        if environ["PATH_INFO"] == "/film":
            start("200 OK", [("Content-Type", "video/mp4"), ("X-Kling-Final", "1")])
            return film()
        start("202 Accepted", [("X-Kling-Wait", "gen_1;5;/film")])
        return iter([b"not yet"])

    started: list[dict[str, Any]] = []
    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        if (body := next(asked, None)) is not None:
            return body
        await asyncio.sleep(60)  # like a server's: until the client hangs up
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        nonlocal told, most
        if message["type"] == "http.response.start":
            started.append(message)
        told += len(message.get("body", b""))
        most = max(most, made - told // len(MB))

    scope = {
        "type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": [],
        "http_version": "1.1", "scheme": "http", "server": ("test", 80), "client": ("test", 1),
    }  # fmt: skip
    asyncio.run(WaitingRoom(django)(scope, receive, send))
    assert [m["status"] for m in started] == [200]
    assert started[0]["headers"] == [(b"content-type", b"video/mp4")]
    assert (told, made) == (PIECES * len(MB), PIECES)
    assert most < PIECES // 2
