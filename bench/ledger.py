"""Holds and captures per second through `billing.ledger`, against the same SQL in pgbench.

`make bench NAME=ledger`. A pair is two transactions: one reserves, one captures. Ours are made by
worker processes as the product's are (Django, tenancy, refusals); the rival sends the same calls
of the same functions, prepared, from pgbench. First on 1,000 wallets, then on one, where orders
queue for its row: there the rival is pgbench's best at any number of clients.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import statistics
import time

from bench.accept import at_rest, customers, pgbench
from tests.stack import Stack

WALLETS = 1000
CLIENTS = 16
PROCESSES = int(os.environ.get("PROCESSES", "4"))
SECONDS = float(os.environ.get("SECONDS", "8"))
ROUNDS = int(os.environ.get("N", "3"))
HOT_CLIENTS = (1, 2, 4, 8, 16)


def main() -> None:
    """Both sides in turn, medians, and one line of JSON for each of the two."""
    stack = Stack(on_disk=True, ONLY_DATABASE="1", LOG_LEVEL="ERROR")
    stack.start()
    try:
        _keys, first = customers(stack, WALLETS)
        many = _compare(stack, first, WALLETS, (CLIENTS,))
        hot = _compare(stack, first, 1, HOT_CLIENTS)
    finally:
        stack.stop()
    for name, (ours, rival) in {"ledger": many, "ledger_hot": hot}.items():
        print(
            json.dumps(
                {
                    "bench": name,
                    "value": round(ours, 1),
                    "unit": "pairs/s",
                    "against": "the same SQL in pgbench",
                    "rival_value": round(rival, 1),
                    "ratio": round(ours / rival, 3),
                }
            )
        )


def _compare(
    stack: Stack, first: int, wallets: int, clients: tuple[int, ...]
) -> tuple[float, float]:
    """Medians of ours and of the rival's best, from interleaved rounds."""
    ours, rival = [], []
    for number in range(ROUNDS):
        best = 0.0
        for count in clients:
            at_rest(stack)
            best = max(best, pgbench(stack, "pairs.sql", count, first=first, wallets=wallets))
        at_rest(stack)
        ours.append(_ours(stack, first, wallets))
        rival.append(best)
        print(f"round {number + 1}, {wallets} wallets: {ours[-1]:.0f} pairs/s, pgbench {best:.0f}")
    return statistics.median(ours), statistics.median(rival)


def _ours(stack: Stack, first: int, wallets: int) -> float:
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(PROCESSES)
    done = context.Queue()
    arguments = (dict(stack.environment), first, wallets, ready, done)
    crew = [context.Process(target=_work, args=arguments) for _ in range(PROCESSES)]
    for one in crew:
        one.start()
    pairs = sum(done.get() for _ in crew)
    for one in crew:
        one.join()
    return pairs / SECONDS


def _work(environment, first, wallets, ready, done):  # type: ignore[no-untyped-def]
    """One process: as many threads as make up the clients; how many pairs it made."""
    import random
    from concurrent.futures import ThreadPoolExecutor

    os.environ.update(environment)
    os.environ["DJANGO_SETTINGS_MODULE"] = "kling_saas.settings"
    import django

    django.setup()
    from accounts import tenancy
    from billing import ledger

    ready.wait()
    end = time.monotonic() + SECONDS
    spender = ledger.Spender(sku="kling-v1")

    def client(number: int) -> int:
        made = 0
        while time.monotonic() < end:
            whose = first + random.randrange(wallets)
            reference = f"gen_{os.getpid()}_{number}_{made}"
            held = ledger.reserve(whose, True, 10, reference=reference, spender=spender)
            with tenancy.scope(whose):
                ledger.capture(held.hold_id, 10)
            made += 1
        return made

    threads = CLIENTS // PROCESSES
    with ThreadPoolExecutor(threads) as pool:
        done.put(sum(pool.map(client, range(threads))))


if __name__ == "__main__":
    main()
