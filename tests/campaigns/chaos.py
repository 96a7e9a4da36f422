"""Films are ordered in bad weather while processes are killed, paused and cut from the database.

Promise: 90 s after the last fault every generation has ended, the books are exact, every captured
credit has its film, no generation was bought twice upstream; and each kind of fault did strike.
"""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections import Counter

import httpx

from tests.campaigns import verdict
from tests.campaigns.mischief import LEASE, Mischief
from tests.campaigns.shelf import Shelf
from tests.stack import Stack

WEATHER = {
    "lost-request": 0.05,
    "lost-reply": 0.05,
    "stall": 0.05,
    "5xx": 0.05,
    "429": 0.05,
    "poll-lost": 0.05,
    "callback-dup": 0.10,
    "callback-none": 0.10,
    "callback-early": 0.05,
    "corrupt": 0.05,
    "truncated": 0.05,
    "expired-link": 0.05,
}
_STORAGE = "storage failed"  # and what the product writes of it
_SAYS = "our storage failed"
LONG = 300  # from so many on, each fault must have struck 20 times
HEAL_WITHIN = 90.0  # seconds after the last fault
ORDER_EVERY = 0.3  # seconds
KILL_EVERY = {True: (3.0, 5.0), False: (1.5, 3.0)}  # seconds, in long and short trials
SHORTEST = 55.0  # seconds: what is planned needs its time
_CROWD = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "kling_saas.settings"
django.setup()
from generations.models import ProviderAccount
ProviderAccount.objects.update(concurrency=8, priority=10)
"""
_MODELS = ("kling-v1", "kling-v1-6", "kling-v2-5-turbo", "kling-v2-6")


def run(runs: int, seed: int) -> bool:
    """True when every promise held."""
    rng = random.Random(seed)
    long = runs >= LONG
    stormy = WEATHER if long else {kind: 2 * chance for kind, chance in WEATHER.items()}
    stack = Stack(
        SWEEP_SECONDS="5",
        LEASE_SECONDS=str(LEASE),
        UPSTREAM_TIMEOUT="3",
        UNKNOWN_GRACE_SECONDS="6",
        RETRY_TRICKLE_SECONDS="8",
        SANDBOX_FILM="tiny",
        SANDBOX_STALL="8",
        SANDBOX_DUPLICATES="1",
        SANDBOX_WEATHER=",".join(f"{kind}={chance}" for kind, chance in stormy.items()),
    )
    stack.start()
    stack.python(_CROWD)
    try:
        faults, violations = _trial(stack, runs, rng, least=20 if long else 1)
    finally:
        stack.stop()
    return verdict.tell("chaos", runs=runs, faults=faults, violations=violations, seed=seed)


def _trial(
    stack: Stack, runs: int, rng: random.Random, *, least: int
) -> tuple[dict[str, int], list[str]]:
    seconds = max(SHORTEST, runs * ORDER_EVERY)
    long = least > 1
    shelf = Shelf(stack.folder / "media" / "films", random.Random(rng.random()))
    mischief = Mischief(stack, shelf, rng, seconds, KILL_EVERY[long])
    orders = Orders(stack)
    shelf.start()
    mischief.start()
    began = time.monotonic()
    try:
        orders.place(runs, pace=seconds / runs)
        time.sleep(max(0.0, seconds - (time.monotonic() - began)))
    finally:
        mischief.end()
    struck = _strikes(stack)
    while _rare(struck, least) and orders.placed < 3 * runs:
        orders.place(10, pace=ORDER_EVERY)
        struck = _strikes(stack)
    shelf.end()
    healed = _wait_for_end(stack)
    struck = _strikes(stack)
    violations, figures = verdict.of(stack)
    print(f"chaos: {orders.placed} generations, all ended {healed:.1f} s after the last fault")
    print(f"chaos: {figures}")
    if healed > HEAL_WITHIN:
        violations.append(f"not every generation had ended {HEAL_WITHIN} s after the last fault")
    violations += [f"{kind} struck less than {least} times" for kind in _rare(struck, least)]
    violations += mischief.undone(killed=long)
    return dict(mischief.done) | struck, [*violations, *orders.failed]


def _strikes(stack: Stack) -> dict[str, int]:
    """How often each fault has struck a call: the weather's, and the storage's."""
    for _ in range(60):
        try:
            found: dict[str, int] = httpx.get(f"{stack.sandbox}/_audit", timeout=30).json()[
                "weather"
            ]
        except httpx.HTTPError:
            time.sleep(0.5)
            continue
        return found | {_STORAGE: stack.log.read_text(errors="replace").count(_SAYS)}
    raise RuntimeError("the sandbox does not come back")


def _rare(struck: dict[str, int], least: int) -> list[str]:
    return [kind for kind in (*WEATHER, _STORAGE) if struck.get(kind, 0) < least]


class Orders:
    """A careful customer: one idempotency key through all retries of an order."""

    def __init__(self, stack: Stack) -> None:
        self.placed = 0
        self.failed: list[str] = []
        self._stack = stack
        self._lock = threading.Lock()
        self._due = 0.0

    def place(self, count: int, *, pace: float) -> None:
        """`count` more orders, one every `pace` seconds, by four clients side by side."""
        end = self.placed + count
        self._due = time.monotonic()
        threads = [threading.Thread(target=self._work, args=(end, pace)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _work(self, end: int, pace: float) -> None:
        with httpx.Client(base_url=self._stack.site, timeout=10) as client:
            while (number := self._next(end, pace)) is not None:
                if not self._order(client, number):
                    self.failed.append(f"order {number} was never accepted")

    def _next(self, end: int, pace: float) -> int | None:
        with self._lock:
            if self.placed >= end:
                return None
            self.placed += 1
            self._due += pace
            number, due = self.placed, self._due
        time.sleep(max(0.0, due - time.monotonic()))
        return number

    def _order(self, client: httpx.Client, number: int) -> bool:
        headers = {
            "Authorization": f"Bearer {self._stack.facts['test_key']}",
            "Idempotency-Key": str(uuid.uuid4()),
        }
        model = _MODELS[number % len(_MODELS)]
        order = {"model": model, "prompt": f"A lighthouse in a storm, number {number}"}
        tries: Counter[str] = Counter()
        for _ in range(120):
            try:
                answer = client.post("/api/v1/generations", json=order, headers=headers)
            except httpx.HTTPError as error:
                tries[type(error).__name__] += 1
                time.sleep(0.5)
                continue
            if answer.status_code == 202:
                return True
            if answer.status_code < 500:
                print(f"chaos: {answer.status_code} {answer.text[:200]}")
                return False
            tries[str(answer.status_code)] += 1
            time.sleep(0.5)
        print(f"chaos: order {number} met {dict(tries)}")
        return False


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
