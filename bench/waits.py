"""Five thousand blocking calls, and as many event streams, held by one process.

`make bench NAME=waits`. The calls are orders at Segmind's own address, which hold the line until
the film is stored. Films end over SECONDS, by the transaction that ends every film, and then all
in one. Printed: from the commit to the answer at the client, and memory per waiter. The rival is
a bare ASGI application that holds as many calls by the same server.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from bench.accept import HERE, answered, customers
from tests.stack import Stack, free_ports

WAITERS = int(os.environ.get("N", "5000"))
SECONDS = float(os.environ.get("SECONDS", "60"))
KEYS = 100
_ASKING = 64  # connections that are opened at once
_NO_LIMITS = {f"RATE_LIMIT_{of}": "0" for of in ("KEY", "ORGANISATION", "ADDRESS", "REFUSED")}
Held = tuple[asyncio.StreamReader, asyncio.StreamWriter]
# How a held call's answer and a stream's last event name what has ended.
_ENDED = re.compile(rb'"request_id": ?"(gen_\w+)"|"id": ?"(gen_\w+)", ?"status": ?"succeeded"')
_WAIT_BODY = b'{"prompt":"A lighthouse in a storm at dusk"}'
_FILM_BODY = b'{"model":"kling-v1","prompt":"A lighthouse in a storm at dusk"}'


def main() -> None:
    """Rival, calls, streams; then the figures."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    bare = asyncio.run(bare_waiters("/held"))
    bare_streams = asyncio.run(bare_waiters("/stream"))
    print(f"bare ASGI: {bare:.1f} KiB per call, {bare_streams:.1f} KiB per stream")
    stack = Stack(on_disk=True, ONLY_DATABASE="1", LOG_LEVEL="ERROR", **_NO_LIMITS)
    stack.start()
    try:
        keys, _ = customers(stack, KEYS)
        with running(stack, "manage.py", "watch"):
            calls = asyncio.run(held(stack, keys, call, SECONDS))
            streams = asyncio.run(held(stack, keys, stream, SECONDS))
            at_once = asyncio.run(held(stack, keys, call, 0.0))
    finally:
        stack.stop()
    for name, found in (("calls", calls), ("streams", streams), ("calls, all at once", at_once)):
        print(f"{name}: {told(found[1])}; {found[0]:.1f} KiB each")
    late = calls[1]
    print(
        json.dumps(
            {
                "bench": "waits",
                "value": round(calls[0], 1),
                "unit": "KiB per waiter",
                "waiters": WAITERS,
                "p99_s": round(late[int(len(late) * 0.99)], 3),
                "worst_s": round(late[-1], 3),
                "streams_worst_s": round(streams[1][-1], 3),
                "at_once_p99_s": round(at_once[1][int(len(at_once[1]) * 0.99)], 3),
                "against": "a bare ASGI application that holds calls",
                "rival_value": round(bare, 1),
                "ratio": round(bare / calls[0], 3),
                "streams_ratio": round(bare_streams / streams[0], 3),
            }
        )
    )


def told(late: list[float]) -> str:
    """The spread, of sorted seconds."""
    p50, p99 = late[len(late) // 2], late[int(len(late) * 0.99)]
    return f"{len(late)} answered after p50 {p50:.3f} s, p99 {p99:.3f} s, worst {late[-1]:.3f} s"


@contextmanager
def running(stack: Stack | None, *command: str) -> Iterator[int]:
    """A process of ours meanwhile; its pid."""
    environment = {**os.environ, **(stack.environment if stack else {})}
    process = subprocess.Popen([sys.executable, *command], cwd=HERE.parent, env=environment)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def uvicorn(application: str, port: int) -> tuple[str, ...]:
    """One process of the server that deploy/ gives to waits."""
    return ("-m", "uvicorn", application, "--port", str(port), "--backlog", "8192",
            "--no-proxy-headers", "--log-level", "warning",
            "--timeout-graceful-shutdown", "2")  # fmt: skip


async def bare_waiters(path: str) -> float:
    """KiB per call that the bare application holds."""
    port = free_ports(1)[0]
    with running(None, *uvicorn("bench.bare_waiter:application", port)) as pid:
        await listening(port)
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n".encode()

        async def hold(number: int) -> Held:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head)
            if path == "/stream":
                await reader.readuntil(b"held")
            return reader, writer

        before = resident(pid)
        lines = await many(hold)
        await asyncio.sleep(2.0)
        used = (resident(pid) - before) / WAITERS
        for _, writer in lines:
            writer.close()
    return used


async def held(
    stack: Stack, keys: list[str], hold: Callable[[int, str], Awaitable[Held]], seconds: float
) -> tuple[float, list[float]]:
    """KiB per waiter, and how late each was answered, sorted. In a process of its own."""
    port = free_ports(1)[0]
    with running(stack, *uvicorn("kling_saas.asgi:application", port)) as pid:
        await listening(port)
        for _ in range(5):  # what is loaded on first need, in every thread
            await asyncio.gather(*(warmed(port, keys[number]) for number in range(_ASKING)))
        before = resident(pid)
        lines = await many(lambda number: hold(port, keys[number % KEYS]))
        names = waiting(stack)
        await quiet(pid)
        used = (resident(pid) - before) / WAITERS
        ended = asyncio.create_task(finished(stack, names, seconds))
        came = dict(await asyncio.gather(*(end_of(line) for line in lines)))
        at = await ended
    return used, sorted(came[name] - moment for name, moment in at.items())


async def many(hold: Callable[[int], Awaitable[Held]]) -> list[Held]:
    """WAITERS of these, a few at a time."""
    gate = asyncio.Semaphore(_ASKING)

    async def one(number: int) -> Held:
        async with gate:
            return await hold(number)

    return await asyncio.gather(*(one(number) for number in range(WAITERS)))


async def call(port: int, key: str) -> Held:
    """An order by Segmind's blocking call; returns while it is held."""
    head = (
        f"POST /segmind/v1/kling-text2video HTTP/1.1\r\nHost: 127.0.0.1\r\nx-api-key: {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(_WAIT_BODY)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head.encode() + _WAIT_BODY)
    return reader, writer


async def stream(port: int, key: str) -> Held:
    """An order, and then its events; returns when the first one came."""
    head = (
        f"POST /api/v1/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(_FILM_BODY)}\r\n"
        "Connection: close\r\n\r\n"
    )
    body, writer = await asked(port, head.encode() + _FILM_BODY, b"202")
    writer.close()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_get(f"/api/v1/generations/{json.loads(body)['id']}/events", key))
    await reader.readuntil(b"event: ")
    return reader, writer


async def warmed(port: int, key: str) -> None:
    """One ordinary request."""
    _, writer = await asked(port, _get("/api/v1/wallet", key), b"200")
    writer.close()


async def asked(port: int, request: bytes, status: bytes) -> tuple[bytes, asyncio.StreamWriter]:
    """The answer to a request on a line of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    return await answered(reader, status), writer


async def end_of(line: Held) -> tuple[str, float]:
    """The generation that a held line tells the end of, and when it came."""
    reader, writer = line
    came = b""
    while piece := await reader.read(65536):
        came += piece
        if found := _ENDED.search(came):
            writer.close()
            return (found[1] or found[2]).decode(), time.time()
    raise AssertionError(f"a line ended without its answer: {came!r}")


async def finished(stack: Stack, names: list[str], seconds: float) -> dict[str, float]:
    """End them all over so many seconds; when each was."""
    script = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.finish", cwd=HERE.parent,
        env={**os.environ, **stack.environment},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    wanted = {"ids": names, "begin": time.time() + 10.0, "seconds": seconds}
    out, _ = await script.communicate(json.dumps(wanted).encode())
    at: dict[str, float] = json.loads(out)
    return at


def waiting(stack: Stack) -> list[str]:
    """What waits to be made, when all of it was accepted."""
    deadline = time.monotonic() + 300
    with psycopg.connect(stack.setting("DATABASE_OWNER_URL"), autocommit=True) as connection:
        connection.execute("SELECT set_config('app.tenant', '*', false)")
        while time.monotonic() < deadline:
            rows = connection.execute(
                "SELECT public_id FROM generations_generation WHERE status = 'accepted'"
            ).fetchall()
            if len(rows) >= WAITERS:
                return [name for (name,) in rows]
            time.sleep(0.5)
    raise RuntimeError(f"only {len(rows)} of {WAITERS} calls were accepted")


async def listening(port: int) -> None:
    """Returns when somebody listens there."""
    for _ in range(300):
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.1)
    raise RuntimeError("the server did not start")


async def quiet(pid: int) -> None:
    """Returns when a process has done for some seconds no more than those who wait do meanwhile
    (looks without news): all that it holds is held.
    """
    still = 0
    while still < 3:
        before = worked(pid)
        await asyncio.sleep(1.0)
        still = still + 1 if worked(pid) - before < 0.4 else 0


def worked(pid: int) -> float:
    """Seconds of a processor that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """KiB of memory that a process has now."""
    status = Path(f"/proc/{pid}/status").read_text()
    return float(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1])


def _get(path: str, key: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n\r\n".encode()


if __name__ == "__main__":
    main()
