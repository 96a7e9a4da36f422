"""The waiting room: a final answer goes out as it comes, and a look that fails ends no wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kling_saas.waits.app import WaitingRoom
from kling_saas.waits.news import Waiter

PIECES = 40
MB = b"f" * 2**20


def visit(django: Any, told: Callable[[int], None] = lambda size: None) -> list[dict[str, Any]]:
    """One POST through the room: the beginnings of its answer. `told` hears each body's size."""
    started: list[dict[str, Any]] = []
    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        if (body := next(asked, None)) is not None:
            return body
        await asyncio.sleep(60)  # like a server's: until the client hangs up
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            started.append(message)
        told(len(message.get("body", b"")))

    scope = {
        "type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": [],
        "http_version": "1.1", "scheme": "http", "server": ("test", 80), "client": ("test", 1),
    }  # fmt: skip
    asyncio.run(WaitingRoom(django)(scope, receive, send))
    return started


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

    def told_more(size: int) -> None:
        nonlocal told, most
        told += size
        most = max(most, made - told // len(MB))

    started = visit(django, told_more)
    assert [m["status"] for m in started] == [200]
    assert started[0]["headers"] == [(b"content-type", b"video/mp4")]
    assert (told, made) == (PIECES * len(MB), PIECES)
    assert most < PIECES // 2


@pytest.mark.parametrize(("look", "told"), [("500 Oh", 202), ("503 Away", 202), ("401 No", 401)])
def test_looks_that_fail_until_time_is_up_leave_the_first_answer_and_a_refusal_ends_the_wait(
    look: str, told: int
) -> None:
    def django(environ: dict[str, Any], start: Callable[..., Any]) -> Iterator[bytes]:
        held = [] if environ["PATH_INFO"] == "/film" else [("X-Kling-Wait", "gen_1;0.2;/film")]
        start("202 Accepted" if held else look, held)
        return iter([b"x"])

    assert [m["status"] for m in visit(django)] == [told]


def test_news_that_comes_again_while_a_wait_ends_breaks_nothing() -> None:
    async def story() -> bool:
        waiter = Waiter()

        async def receive() -> dict[str, Any]:
            await asyncio.Event().wait()
            return {}

        waits = asyncio.create_task(waiter.wait(receive, 60))
        for _ in range(3):
            await asyncio.sleep(0)
            waiter.tell()
        await waits
        return waiter.news

    assert asyncio.run(story())
