"""An upstream that only answers "still at work", as fast as Python can: `python -m bench.many_tasks
PORT`. It counts how often each task is asked about, and how many POSTs it holds open.

`GET /_start` forgets what was noted, `GET /_figures` tells it as JSON.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections import Counter

from generations.wire.llmprovider import server
from generations.wire.task import Task, TaskState

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_ID = "00000000"  # as long as the ids of the bench


class Upstream(asyncio.Protocol):
    """One connection; requests on it are answered in turn."""

    asked: Counter[bytes] = Counter()
    held = 0
    template = json.dumps(
        server.encode_task(Task(id=_ID, state=TaskState.RUNNING)).json, separators=(",", ":")
    ).encode()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember it."""
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.buffer, self.holds = transport, b"", False

    def connection_lost(self, exc: Exception | None) -> None:
        """A held call has ended."""
        Upstream.held -= self.holds

    def data_received(self, data: bytes) -> None:
        """Whole requests are answered, the rest is kept."""
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _, rest = self.buffer.partition(b"\r\n\r\n")
            length = _LENGTH.search(head)
            size = int(length[1]) if length else 0
            if len(rest) < size:
                return
            self.buffer = rest[size:]
            method, path = head.split(b" ", 2)[:2]
            self.answer(method, path)

    def answer(self, method: bytes, path: bytes) -> None:
        """GETs at once, POSTs never."""
        if method == b"POST":
            self.holds = True
            Upstream.held += 1
            return
        if path == b"/_start":
            Upstream.asked = Counter()
            body = b"{}"
        elif path == b"/_figures":
            body = figures()
        else:
            name = path.rpartition(b"/")[2]
            Upstream.asked[name] += 1
            body = self.template.replace(_ID.encode(), name)
        self.transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
            + str(len(body)).encode()
            + b"\r\n\r\n"
            + body
        )


def figures() -> bytes:
    """Questions, tasks asked about, and calls held."""
    return json.dumps(
        {
            "questions": Upstream.asked.total(),
            "tasks": len(Upstream.asked),
            "held": Upstream.held,
        }
    ).encode()


async def main(port: int) -> None:
    """Serve until killed."""
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(Upstream, "127.0.0.1", port, backlog=2048)
    async with listening:
        await listening.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
