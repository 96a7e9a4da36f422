"""Ten thousand films in flight and 300 held calls, one watcher process.

`make bench NAME=in_flight`. Every film is at an upstream that answers "still at work" to one
question per film; each is due every 10 s. Printed: questions per second, how late they came (by
how much the longest waiting film is overdue, five times a second), memory per 1,000 films in
flight. The rival is the same HTTP client with the same requests and no bookkeeping at all.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import psycopg

from tests.stack import Stack, free_ports

FILMS = int(os.environ.get("N", "10000"))
HELD = 300
SECONDS = float(os.environ.get("SECONDS", "40"))
POLL_SECONDS = 10.0
_LATE = """
SELECT coalesce(extract(epoch FROM now() - min(next_run_at)), 0)::float
  FROM generations_generation WHERE status = 'in_flight' AND next_run_at < now()
"""
HERE = Path(__file__).resolve().parent
_PLACE = "http://127.0.0.1:{port}"


def main() -> None:
    """Rows, upstream, rival, watcher; then the figures."""
    stack = Stack(
        on_disk=True, ONLY_DATABASE="1", POLL_SECONDS=str(POLL_SECONDS), LOG_LEVEL="ERROR"
    )
    stack.start()
    port = free_ports(1)[0]
    upstream = subprocess.Popen(
        [sys.executable, "-m", "bench.many_tasks", str(port)], cwd=HERE.parent
    )
    try:
        address = _PLACE.format(port=port)
        rival = float(stack.python(_RIVAL, json.dumps({"address": address, "seconds": 8})))
        print(f"the client alone: {rival:.0f} questions/s")
        stack.python(_ACCOUNTS, json.dumps({"address": address}))
        idle = watched(stack, address, 5.0)
        fill(stack)
        busy = watched(stack, address, SECONDS)
        most = watched(stack, address, 20.0, POLL_SECONDS="0.5")
    finally:
        upstream.kill()
        upstream.wait()
        stack.stop()
    tell(rival, idle, busy, most)


def tell(rival: float, idle: dict[str, Any], busy: dict[str, Any], most: dict[str, Any]) -> None:
    """The figures, and the one line."""
    late = sorted(busy["late"])
    p99 = late[int(len(late) * 0.99)]
    memory = (busy["memory"] - idle["memory"]) / (FILMS / 1000)
    print(
        f"{busy['tasks']} films asked about {busy['rate']:.0f} times/s; lateness p50 "
        f"{late[len(late) // 2]:.2f} s, p99 {p99:.2f} s, worst {late[-1]:.2f} s; "
        f"{busy['cpu']:.2f} cores; {memory / 2**20:.1f} MiB per 1,000 films; "
        f"{busy['held']} calls held"
    )
    print(f"due all the time: {most['rate']:.0f} questions/s with claims and writes")
    print(
        json.dumps(
            {
                "bench": "in_flight",
                "value": round(most["rate"], 1),
                "unit": "questions/s",
                "lateness_p99_s": round(p99, 3),
                "on_time": busy["tasks"] >= FILMS and p99 < 2.0,
                "memory_per_1000_mib": round(memory / 2**20, 2),
                "held_calls": busy["held"],
                "against": "the same client without bookkeeping",
                "rival_value": round(rival, 1),
                "ratio": round(most["rate"] / rival, 3),
            }
        )
    )


def watched(stack: Stack, address: str, seconds: float, **settings: str) -> dict[str, Any]:
    """What the upstream saw in `seconds`, after the watcher has found its pace."""
    watcher = subprocess.Popen(
        [sys.executable, "manage.py", "watch"],
        env={**os.environ, **stack.environment, **settings, "DRAIN_SECONDS": "0"},
        cwd=HERE.parent,
    )
    try:
        time.sleep(12.0 if seconds > 10 else 4.0)
        httpx.get(f"{address}/_start")
        before = cpu(watcher.pid)
        late = lateness(stack, seconds)
        seen: dict[str, Any] = httpx.get(f"{address}/_figures", timeout=60).json()
        used = (cpu(watcher.pid) - before) / seconds
        status = Path(f"/proc/{watcher.pid}/status").read_text()
    finally:
        watcher.terminate()
        watcher.wait()
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return {
        **seen,
        "late": late,
        "rate": seen["questions"] / seconds,
        "cpu": used,
        "memory": int(resident.split()[1]) * 1024,
    }


def lateness(stack: Stack, seconds: float) -> list[float]:
    """For so long, five times a second: the seconds that the longest waiting film is overdue."""
    end, found = time.monotonic() + seconds, []
    with psycopg.connect(stack.setting("DATABASE_OWNER_URL"), autocommit=True) as connection:
        connection.execute("SELECT set_config('app.tenant', '*', false)")
        while time.monotonic() < end:
            row = connection.execute(_LATE).fetchone()
            found.append(float(row[0]) if row else 0.0)
            time.sleep(0.2)
    return found


def cpu(pid: int) -> float:
    """Processor seconds used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def fill(stack: Stack) -> None:
    """FILMS in flight for ten minutes, due over the next 10 s; HELD calls that are due."""
    url = stack.setting("DATABASE_OWNER_URL")
    with psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute(_ORDERS, {"films": FILMS + HELD})
        connection.execute(_IN_FLIGHT, {"held": HELD})
        connection.execute("VACUUM ANALYZE generations_generation")


_ACCOUNTS = """
import os, json, sys, django
os.environ["DJANGO_SETTINGS_MODULE"] = "kling_saas.settings"
django.setup()
from generations.models import ProviderAccount
told = json.loads(sys.stdin.read())
ProviderAccount.objects.update(enabled=False)
for name, protocol in (("polled", "llmprovider"), ("holding", "segmind_v1")):
    account = ProviderAccount(name=name, protocol=protocol, base_url=told["address"],
                              concurrency=20000, polls_per_second=5000, is_sandbox=True)
    account.set_credential("key")
    account.save()
"""
_ORDERS = """
SELECT set_config('app.tenant', '*', false);
WITH payer AS (
    SELECT organisation_id AS id FROM accounts_apikey WHERE NOT livemode ORDER BY id LIMIT 1
), money AS (
    SELECT billing_grant(payer.id, false, 10000000, 'test', NULL, 'bench', '', 0, '') FROM payer
)
SELECT count(generations_accept(payer.id, false, NULL, 'fp', '', 'gen_bench' || n, 'kling-v1',
    'text2video', '{"model": "kling-v1", "prompt": "A lighthouse in a storm at dusk"}', '[]', 10,
    NULL, 'native', '{}', NULL, '', '', '{}', NULL, NULL, NULL, 'bench' || n, now(),
    now() + interval '1 day', 100000))
  FROM money, payer, generate_series(1, %(films)s) n
"""
_IN_FLIGHT = """
SELECT set_config('app.tenant', '*', false);
UPDATE generations_generation SET status = 'submitting', next_run_at = now(),
       account_id = (SELECT id FROM generations_provideraccount WHERE name = 'holding')
 WHERE id IN (SELECT id FROM generations_generation ORDER BY id LIMIT %(held)s);
UPDATE generations_generation SET status = 'in_flight', upstream_id = lpad(id::text, 8, '0'),
       next_run_at = now() + random() * interval '10 s', submitted_at = now() - interval '10 min',
       account_id = (SELECT id FROM generations_provideraccount WHERE name = 'polled')
 WHERE status = 'accepted'
"""
_RIVAL = """
import asyncio, json, os, sys, time, django
os.environ["DJANGO_SETTINGS_MODULE"] = "kling_saas.settings"
django.setup()
from generations import providers
from generations.models import ProviderAccount
from generations.providers.codecs import Question
from kling_saas.lib import questions
told = json.loads(sys.stdin.read())
account = ProviderAccount(name="rival", protocol="llmprovider", base_url=told["address"])
account.set_credential("key")
async def main():
    gate, asked = asyncio.Semaphore(64), 0
    async with questions.Questioner() as line:
        async def ask(question):
            async with gate:
                return await line.ask(question)
        began = time.monotonic()
        while time.monotonic() - began < told["seconds"]:
            tasks = [Question(f"{n:08}", "text2video") for n in range(500)]
            found = {}
            await providers.adapter(account).poll(ask, tasks, found.__setitem__)
            asked += len(found)
        print(asked / (time.monotonic() - began))
asyncio.run(main())
"""


if __name__ == "__main__":
    main()
