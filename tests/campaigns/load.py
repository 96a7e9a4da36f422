"""Steady ordering for some seconds over HTTP: nobody is refused, nothing is lost, books exact."""

from __future__ import annotations

import threading
import time
import uuid

import httpx

from tests.campaigns import verdict
from tests.stack import Stack

CLIENTS = 4
LEAST_RATE = 10.0  # accepts/s of the demo stack with everything on one machine


def run(seconds: int, seed: int) -> bool:
    """True when every promise held."""
    stack = Stack(QUEUE_LIMIT="100000")
    stack.start()
    try:
        accepted, wrong = _orders(stack, seconds)
        rate = accepted / seconds
        print(f"load: {accepted} accepted in {seconds} s ({rate:.0f}/s)")
        violations = [f"answer {w}" for w in wrong[:5]]
        if rate < LEAST_RATE:
            violations.append(f"{rate:.1f} accepts/s, at least {LEAST_RATE} expected")
        violations += verdict.books(stack)
    finally:
        stack.stop()
    return verdict.tell("load", runs=accepted, faults={}, violations=violations, seed=seed)


def _orders(stack: Stack, seconds: int) -> tuple[int, list[str]]:
    end = time.monotonic() + seconds
    wrong: list[str] = []
    counts = [0] * CLIENTS
    key = stack.facts["test_key"]

    def work(mine: int) -> None:
        with httpx.Client(base_url=stack.site, timeout=20) as client:
            while time.monotonic() < end:
                answer = client.post(
                    "/api/v1/generations",
                    json={"model": "kling-v1", "prompt": "A quiet lake at dawn slow:60"},
                    headers={
                        "Authorization": f"Bearer {key}",
                        "Idempotency-Key": str(uuid.uuid4()),
                    },
                )
                if answer.status_code == 202:
                    counts[mine] += 1
                elif answer.status_code != 402:  # the test wallet's end is no mistake
                    wrong.append(f"{answer.status_code} {answer.text[:150]}")

    threads = [threading.Thread(target=work, args=(i,)) for i in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts), wrong
