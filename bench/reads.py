"""Status reads per second over HTTP, against a view of DRF's that does nothing.

`make bench NAME=reads`. Both by the production server (granian, WSGI, two processes), the same
clients and keys, and the same key look-up. Ours has everything on: limits counted in the
database, the log of calls, row-level security; it reads a generation and presents it.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections.abc import Callable
from contextlib import ExitStack

from bench.accept import (
    CLIENTS,
    SECONDS,
    answered,
    at_rest,
    customers,
    get_known,
    granian,
    load,
    order,
)
from tests.stack import Stack, free_ports

KEYS = 1000
ROUNDS = int(os.environ.get("N", "3"))
_NO_LIMITS = {
    f"RATE_LIMIT_{of}": "0" for of in ("KEY", "ORGANISATION", "END_USER", "ADDRESS", "REFUSED")
}
# Counted as ever, but all clients share one address here.
_LIMITS = {
    "RATE_LIMIT_KEY": "100000", "RATE_LIMIT_ORGANISATION": "200000",
    "RATE_LIMIT_END_USER": "120", "RATE_LIMIT_ADDRESS": "9000000", "RATE_LIMIT_REFUSED": "300",
}  # fmt: skip


def main() -> None:
    """Prepare both servers, load them in turn, print medians and the ratio."""
    ports = free_ports(2)
    with ExitStack() as ends:
        stack = Stack(on_disk=True, ONLY_DATABASE="1", LOG_LEVEL="ERROR")
        stack.start()
        ends.callback(stack.stop)
        keys, _ = customers(stack, KEYS)
        for port, application, limits in (
            (ports[0], "kling_saas.wsgi:application", _LIMITS),
            (ports[1], "bench.nothing:application", _NO_LIMITS),
        ):
            server = granian(stack, port, application, **limits)
            ends.callback(server.wait)
            ends.callback(server.terminate)
        measure(stack, ports, keys)


def measure(stack: Stack, ports: list[int], keys: list[str]) -> None:
    """The rounds, interleaved so that a drifting machine hurts both alike."""
    names = asyncio.run(ordered(ports[0], keys))
    asyncio.run(get_known(ports[0], keys))

    def read() -> bytes:
        key, name = random.choice(names)
        return _get(f"/api/v1/generations/{name}", key)

    def nothing() -> bytes:
        return _get("/nothing", random.choice(keys))

    ours: list[tuple[float, float]] = []
    rival: list[tuple[float, float]] = []
    both: list[tuple[int, Callable[[], bytes], list[tuple[float, float]]]]
    both = [(ports[0], read, ours), (ports[1], nothing, rival)]
    for port, request, _ in both:
        asyncio.run(load(port, request, b"200", 2.0))
    for number in range(ROUNDS):
        for port, request, found in both:
            at_rest(stack)
            found.append(asyncio.run(load(port, request, b"200", SECONDS)))
        print(f"round {number + 1}: {ours[-1][0]:.0f} reads/s, nothing {rival[-1][0]:.0f}/s")
    rate, p95 = sorted(ours)[ROUNDS // 2]
    bare, _ = sorted(rival)[ROUNDS // 2]
    print(
        json.dumps(
            {
                "bench": "reads",
                "value": round(rate, 1),
                "unit": "reads/s",
                "p95_ms": round(p95 * 1000, 2),
                "against": "a do-nothing view of DRF's with the same key look-up",
                "rival_value": round(bare, 1),
                "ratio": round(rate / bare, 3),
            }
        )
    )


async def ordered(port: int, keys: list[str]) -> list[tuple[str, str]]:
    """One order with each key; the keys and the ids."""

    async def some(mine: list[str]) -> list[tuple[str, str]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        made = []
        for key in mine:
            writer.write(order([key]))
            made.append((key, json.loads(await answered(reader, b"202"))["id"]))
        writer.close()
        return made

    parts = await asyncio.gather(*(some(keys[number::CLIENTS]) for number in range(CLIENTS)))
    return [pair for part in parts for pair in part]


def _get(path: str, key: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n\r\n".encode()


if __name__ == "__main__":
    main()
