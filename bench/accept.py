"""Accepts per second over HTTP, against the bare statements of the same transaction in pgbench.

`make bench NAME=accept`. The production server (granian, WSGI) with everything on: key look-up,
validation, price, idempotency, row-level security, lots, ledger, chain triggers. The rival is
`bench/rival.sql`, prepared, 8 clients, 10,000 wallets, same server and durability, same run;
`bench/function.sql` (our SQL function alone) is printed beside it.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from kling_saas.run.postgres import EmbeddedPostgres, binaries
from tests.stack import Stack, free_ports

WALLETS = 10_000
CLIENTS = 8
THREADS = os.environ.get("THREADS", "2")
SECONDS = float(os.environ.get("SECONDS", "8"))
ROUNDS = int(os.environ.get("N", "3"))
HERE = Path(__file__).resolve().parent

_RIVAL_TABLES = """
CREATE TABLE bench_key (id int PRIMARY KEY, organisation int NOT NULL, suspended boolean);
CREATE TABLE bench_wallet (organisation int PRIMARY KEY, available bigint CHECK (available >= 0),
    reserved bigint CHECK (reserved >= 0), sequence bigint) WITH (fillfactor = 50);
CREATE TABLE bench_lot (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    wallet int REFERENCES bench_wallet, remaining bigint CHECK (remaining >= 0));
CREATE INDEX ON bench_lot (wallet);
CREATE TABLE bench_answer (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, organisation int,
    key text, fingerprint text, body text, UNIQUE (organisation, key));
CREATE TABLE bench_hold (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    wallet int REFERENCES bench_wallet, amount bigint CHECK (amount > 0), reference text UNIQUE);
CREATE TABLE bench_transfer (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    wallet int REFERENCES bench_wallet, amount bigint CHECK (amount > 0), kind text,
    reference text);
CREATE INDEX ON bench_transfer (wallet, id);
CREATE TABLE bench_generation (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organisation int, public_id text UNIQUE, model text, params jsonb, status text,
    next_run_at timestamptz);
CREATE INDEX ON bench_generation (status, next_run_at);
CREATE INDEX ON bench_generation (organisation, id);
CREATE TABLE bench_event (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, generation bigint,
    sequence bigint, status text, at timestamptz DEFAULT now());
CREATE INDEX ON bench_event (generation, sequence);
INSERT INTO bench_key SELECT i, i, false FROM generate_series(1, 10000) i;
INSERT INTO bench_wallet SELECT i, 1000000000, 0, 0 FROM generate_series(1, 10000) i;
INSERT INTO bench_lot (wallet, remaining) SELECT i, 1000000000 FROM generate_series(1, 10000) i;
ANALYZE;
"""


def main() -> None:
    """Prepare both sides, run them in turn, print medians and the ratio."""
    # Without worker, web and sandbox: they would carry out the orders while we measure.
    stack = Stack(on_disk=True, ONLY_DATABASE="1", LOG_LEVEL="ERROR")
    stack.start()
    try:
        keys, first = customers(stack)
        psql(stack, "DATABASE_OWNER_URL", _RIVAL_TABLES)
        port = free_ports(1)[0]
        server = granian(stack, port)
        try:
            measure(stack, port, keys, first)
        finally:
            server.terminate()
            server.wait()
    finally:
        stack.stop()


def measure(stack: Stack, port: int, keys: list[str], first: int) -> None:
    """The rounds, interleaved so that a drifting machine hurts all alike."""
    ours: list[float] = []
    rival: list[float] = []
    function: list[float] = []
    p95: list[float] = []
    asyncio.run(get_known(port, keys))
    asyncio.run(load(port, lambda: order(keys), b"202", 1.0))
    for number in range(ROUNDS):
        at_rest(stack)
        rival.append(pgbench(stack, "rival.sql"))
        at_rest(stack)
        function.append(pgbench(stack, "function.sql", first=first))
        at_rest(stack)
        rate, slow = asyncio.run(load(port, lambda: order(keys), b"202", SECONDS))
        ours.append(rate)
        p95.append(slow)
        print(
            f"round {number + 1}: {rate:.0f} accepts/s (p95 {slow * 1000:.1f} ms), "
            f"eight statements {rival[-1]:.0f}/s, function {function[-1]:.0f}/s"
        )
    middle = sorted(range(ROUNDS), key=lambda i: ours[i])[ROUNDS // 2]
    print(f"ratio to the function alone: {ours[middle] / function[middle]:.3f}")
    print(
        json.dumps(
            {
                "bench": "accept",
                "value": round(ours[middle], 1),
                "unit": "accepts/s",
                "p95_ms": round(p95[middle] * 1000, 2),
                "against": "eight prepared statements in pgbench",
                "rival_value": round(rival[middle], 1),
                "ratio": round(ours[middle] / rival[middle], 3),
                "function_value": round(function[middle], 1),
            }
        )
    )


def customers(stack: Stack, count: int = WALLETS) -> tuple[list[str], int]:
    """Organisations with a live wallet and key each; their keys, and the first id."""
    script = HERE / "customers.py"
    out = subprocess.run(
        [sys.executable, str(script), str(count)],
        env={**os.environ, **stack.environment, "PYTHONPATH": str(HERE.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert out.returncode == 0, out.stderr
    made = json.loads(out.stdout)
    return made["keys"], made["first"]


def tool(name: str) -> str:
    return str(binaries() / name)


def psql(stack: Stack, role: str, script: str) -> None:
    subprocess.run(
        [tool("psql"), "-q", "-v", "ON_ERROR_STOP=1", stack.setting(role)],
        input=script,
        text=True,
        check=True,
    )


def at_rest(stack: Stack) -> None:
    """Clean up after the one before: nobody pays for another's dead rows and dirty pages."""
    address = EmbeddedPostgres(stack.folder / "postgres").url("kling_super")
    for work in ("VACUUM ANALYZE", "CHECKPOINT"):
        subprocess.run(
            [tool("psql"), "-q", "-c", work, address],
            stderr=subprocess.DEVNULL,
            check=True,
        )


def pgbench(stack: Stack, script: str, clients: int = CLIENTS, **variables: int) -> float:
    """Transactions per second of a script."""
    role = "DATABASE_OWNER_URL" if script == "rival.sql" else "DATABASE_URL"
    command = [tool("pgbench"), "-n", "-M", "prepared", "-c", str(clients)]
    command += ["-j", str(min(2, clients))]
    command += ["-T", str(int(SECONDS)), "-f", str(HERE / script)]
    for name, value in variables.items():
        command += ["-D", f"{name}={value}"]
    out = subprocess.run(
        [*command, stack.setting(role)], capture_output=True, text=True, check=False
    )
    assert out.returncode == 0, out.stderr
    found = re.search(r"tps = ([\d.]+)", out.stdout)
    assert found, out.stdout
    return float(found[1])


def granian(
    stack: Stack, port: int, application: str = "kling_saas.wsgi:application", **more: str
) -> subprocess.Popen[bytes]:
    """The production server of deploy/: two processes, THREADS threads each."""
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", "2", "--blocking-threads", THREADS]
    command += ["--log-level", "warning", application]
    environment = {**os.environ, **stack.environment, **more}
    server = subprocess.Popen(command, env=environment, cwd=HERE.parent)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                time.sleep(1.0)
                return server
        time.sleep(0.1)
    raise RuntimeError("granian did not start")


async def get_known(port: int, keys: list[str]) -> None:
    """Each key is used a few times, so that both processes know most of them, as in daily work."""

    async def ask(mine: list[str]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for key in mine:
            writer.write(
                f"GET /api/v1/wallet HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                f"Authorization: Bearer {key}\r\n\r\n".encode()
            )
            await answered(reader, b"200")
        writer.close()

    for _ in range(3):
        random.shuffle(keys)
        await asyncio.gather(*(ask(keys[number::CLIENTS]) for number in range(CLIENTS)))


def order(keys: list[str]) -> bytes:
    """A new order with one of these keys."""
    body = b'{"model":"kling-v1","prompt":"A lighthouse in a storm at dusk"}'
    head = (
        "POST /api/v1/generations HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {random.choice(keys)}\r\n"
        f"Idempotency-Key: {uuid.uuid4()}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def load(
    port: int, request: Callable[[], bytes], status: bytes, seconds: float
) -> tuple[float, float]:
    """8 keep-alive connections sending as fast as they are answered: rate, p95 in seconds."""
    times: list[float] = []
    began = time.monotonic()
    end = began + seconds
    await asyncio.gather(*(client(port, request, status, end, times) for _ in range(CLIENTS)))
    elapsed = time.monotonic() - began
    return len(times) / elapsed, sorted(times)[int(len(times) * 0.95)]


async def client(
    port: int, request: Callable[[], bytes], status: bytes, end: float, times: list[float]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.monotonic() < end:
        wanted = request()
        began = time.monotonic()
        writer.write(wanted)
        await answered(reader, status)
        times.append(time.monotonic() - began)
    writer.close()


async def answered(reader: asyncio.StreamReader, status: bytes) -> bytes:
    """Read a whole answer and see that it is the one hoped for; its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    body = await reader.readexactly(int(length[1])) if length else b""
    assert head.startswith(b"HTTP/1.1 " + status), head + body
    return body


if __name__ == "__main__":
    main()
