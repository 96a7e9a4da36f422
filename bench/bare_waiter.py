"""The rival of bench/waits: an ASGI application that holds calls until it is told, and no more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
_end = asyncio.Event()


async def application(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """ASGI."""
    if scope["type"] != "http":
        return
    start = {"type": "http.response.start", "status": 200, "headers": []}
    if scope["path"] == "/stream":
        await send(start)
        await send({"type": "http.response.body", "body": b": held\n\n", "more_body": True})
        await _end.wait()
    else:
        await _end.wait()
        await send(start)
    await send({"type": "http.response.body", "body": b"{}\n"})
