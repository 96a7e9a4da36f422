"""Generations are ordered while worker, web and sandbox are killed with -9 at random.

Promise: 90 s after the last kill every generation has ended, the books are exact, every captured
credit has its film, and no generation was bought twice upstream.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
import uuid
from collections import Counter
from pathlib import Path

import httpx

from tests.campaigns import verdict
from tests.stack import Stack

KILL_EVERY = (0.7, 2.5)  # seconds
KILL_FOR = 0.35  # seconds of killing per generation
HEAL_WITHIN = 90.0
# Few places at each account, so that orders wait, spill over to every protocol, and wait again.
_CROWD = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "kling_saas.settings"
django.setup()
from generations.models import ProviderAccount
ProviderAccount.objects.update(concurrency=4, priority=10)
"""
_MODELS = ("kling-v1", "kling-v1-6", "kling-v2-5-turbo", "kling-v2-6")
_PROMPTS = (
    "A lighthouse in a storm at dusk",
    "Waves under a full moon",
    "A tram in the rain slow:2",
    "fail:failed a city",
    "fail:5xx-after a harbour",
    "fail:lost-reply a mill",
    "callback:dup a fox",
    "callback:none a heron",
)


def run(runs: int, seed: int) -> bool:
    """True when every promise held."""
    rng = random.Random(seed)
    stack = Stack(SWEEP_SECONDS="15")
    stack.start()
    stack.python(_CROWD)
    try:
        faults, violations = _trial(stack, runs, rng)
    finally:
        stack.stop()
    return verdict.tell("chaos", runs=runs, faults=faults, violations=violations, seed=seed)


def _trial(stack: Stack, runs: int, rng: random.Random) -> tuple[dict[str, int], list[str]]:
    kills: Counter[str] = Counter()
    over = threading.Event()
    prompts = [rng.choice(_PROMPTS) for _ in range(runs)]
    killer = threading.Thread(target=_kill_until, args=(stack, over, rng, kills))
    killer.start()
    began = time.monotonic()
    try:
        failed = _order_all(stack, prompts)
        time.sleep(max(0.0, KILL_FOR * runs - (time.monotonic() - began)))
    finally:
        over.set()
        killer.join()
    healed = _wait_for_end(stack)
    print(f"chaos: {runs} generations, kills {dict(kills)}, all ended after {healed:.1f} s")
    violations, figures = verdict.of(stack)
    print(f"chaos: {figures}")
    if healed > HEAL_WITHIN:
        violations.append(f"not every generation had ended {HEAL_WITHIN} s after the last kill")
    return dict(kills), [*violations, *failed]


def _order_all(stack: Stack, prompts: list[str]) -> list[str]:
    """Order each, with one idempotency key through all retries, like a careful client."""
    waiting = list(enumerate(prompts))
    failed: list[str] = []
    lock = threading.Lock()

    def work() -> None:
        with httpx.Client(base_url=stack.site, timeout=10) as client:
            while True:
                with lock:
                    if not waiting:
                        return
                    number, prompt = waiting.pop()
                model = _MODELS[number % len(_MODELS)]
                if not _order(client, stack, model, f"{prompt} #{number}"):
                    failed.append(f"order {number} was never accepted")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed


def _order(client: httpx.Client, stack: Stack, model: str, prompt: str) -> bool:
    headers = {
        "Authorization": f"Bearer {stack.facts['test_key']}",
        "Idempotency-Key": str(uuid.uuid4()),
    }
    for _ in range(120):
        try:
            answer = client.post(
                "/api/v1/generations",
                json={"model": model, "prompt": prompt},
                headers=headers,
            )
        except httpx.HTTPError:
            time.sleep(0.5)
            continue
        if answer.status_code == 202:
            return True
        if answer.status_code < 500:
            print(f"chaos: {answer.status_code} {answer.text[:200]}")
            return False
        time.sleep(0.5)
    return False


def _kill_until(
    stack: Stack, over: threading.Event, rng: random.Random, kills: Counter[str]
) -> None:
    while not over.wait(rng.uniform(*KILL_EVERY)):
        victims = _victims(stack.pid)
        if not victims:
            continue
        kind = rng.choice(sorted({kind for _, kind in victims}))
        pid = rng.choice([pid for pid, its in victims if its == kind])
        try:
            os.kill(pid, signal.SIGKILL)
            kills[kind] += 1
        except ProcessLookupError:
            continue


def _victims(root: int) -> list[tuple[int, str]]:
    """Every process of the product but its supervisor and the database, with what it is."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
    return [
        (pid, kind) for pid in parents if _descends(pid, root, parents) and (kind := _kind(pid))
    ]


def _descends(pid: int, root: int, parents: dict[int, int]) -> bool:
    while (pid := parents.get(pid, 0)) > 1:
        if pid == root:
            return True
    return False


def _kind(pid: int) -> str | None:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return None
    for mark, kind in (
        ("uvicorn", "web"),
        ("generations.sandbox", "sandbox"),
        ("manage.py watch", "watcher"),
        ("manage.py work", "supervisor"),
        ("qcluster", "queue"),
    ):
        if mark in command:
            return kind
    return None


def _wait_for_end(stack: Stack) -> float:
    """Seconds until nothing is queued or processing any more, at most HEAL_WITHIN + 30."""
    began = time.monotonic()
    headers = {"Authorization": f"Bearer {stack.facts['test_key']}"}
    while time.monotonic() - began < HEAL_WITHIN + 30:
        try:
            left = [
                httpx.get(
                    f"{stack.site}/api/v1/generations?limit=1&status={word}",
                    headers=headers,
                    timeout=10,
                ).json()["data"]
                for word in ("queued", "processing")
            ]
        except (httpx.HTTPError, KeyError, ValueError):
            left = [[1]]
        if not any(left):
            break
        time.sleep(0.5)
    return time.monotonic() - began
