"""Films are ordered in bad weather while processes are killed, paused and cut from the database.

Promise: 90 s after the last fault, with which the weather ends too, every generation has ended, the
books are exact, every captured credit has its film, no generation was bought twice upstream; and
each kind of fault did strike.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.campaigns import verdict
from tests.campaigns.customers import Customers
from tests.campaigns.doorstep import Doorstep
from tests.campaigns.mischief import LEASE, VICTIMS, Mischief
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
_TOLD = {
    "timeout, accepted": ("lost-reply", "stall"),
    "timeout, lost": ("lost-request",),
    "5xx": ("5xx",),
    "429": ("429",),
    "duplicate callback": ("callback-dup",),
    "dropped callback": ("callback-none",),
    "early callback": ("callback-early",),
    "lost poll": ("poll-lost",),
    "corrupt file": ("corrupt", "truncated"),
    "expired link": ("expired-link",),
    "storage error": (_STORAGE,),
    "kill -9": tuple(f"kill {kind}" for kind in VICTIMS),
    "database restarted or killed": ("database restarted", "database killed"),
    "queue emptied": ("queue emptied",),
    "paused beyond its lease": ("worker paused and woken", "watcher paused and woken"),
}


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
        RETRY_TRICKLE_SECONDS="8" if long else "4",  # more weather, more to be sent again
        BREAKER_WINDOW_SECONDS="20",  # thirds of their defaults, as HEAL_WITHIN is short
        BREAKER_OPEN_MAX="20",
        SANDBOX_FILM="tiny",
        SANDBOX_STALL="8",
        SANDBOX_DUPLICATES="1",
        SANDBOX_WEATHER=",".join(f"{kind}={chance}" for kind, chance in stormy.items()),
    )
    stack.start()
    stack.python(_CROWD)
    doorstep = Doorstep(random.Random(seed))
    try:
        report = _trial(stack, runs, rng, doorstep, least=20 if long else 1)
    finally:
        stack.stop()
        doorstep.close()
    _write(report, runs, seed)
    return verdict.tell(
        "chaos", runs=runs, faults=report.faults, violations=report.violations, seed=seed
    )


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a trial."""

    faults: dict[str, int]
    figures: dict[str, Any]
    violations: list[str]


def _trial(
    stack: Stack, runs: int, rng: random.Random, doorstep: Doorstep, *, least: int
) -> Report:
    seconds, long = max(SHORTEST, runs * ORDER_EVERY), least > 1
    customers = Customers(stack, doorstep)
    shelf = Shelf(stack.folder / "media" / "films", random.Random(rng.random()))
    mischief = Mischief(stack, shelf, rng, seconds, KILL_EVERY[long])
    shelf.start()
    mischief.start()
    began = time.monotonic()
    try:
        customers.place(runs, pace=seconds / runs)
        time.sleep(max(0.0, seconds - (time.monotonic() - began)))
    finally:
        mischief.end()
    while _rare(_strikes(stack), least) and customers.placed < 3 * runs:
        customers.place(10, pace=ORDER_EVERY)
    shelf.end()
    _of_sandbox(stack, "POST", "_calm")
    healed = _wait_for_end(customers)
    struck = _strikes(stack)
    violations, figures = verdict.of(stack, doorstep.queries)
    if healed > HEAL_WITHIN:
        violations.append(f"not every generation had ended {HEAL_WITHIN} s after the last fault")
        violations += [f"among the last: {row}" for row in figures["last"]]
        violations += _said_of(stack, [str(row[0]) for row in figures["last"]])
    violations += [f"{kind} struck less than {least} times" for kind in _rare(struck, least)]
    violations += [f"{kind} never struck" for kind, n in doorstep.struck.items() if not n]
    violations += mischief.undone(killed=long)
    violations += doorstep.wrong(figures.pop("owed"))
    figures |= {
        "generations": customers.placed,
        "healed_seconds": round(healed, 1),
        "told": sum(map(len, doorstep.told.values())),
    }
    faults = dict(mischief.done) | struck | doorstep.struck
    return Report(faults, figures, [*violations, *customers.failed])


def _write(report: Report, runs: int, seed: int) -> None:
    """For people: the faults in the words of the test programme; for programs: a file of it all."""
    planned = {name: sum(report.faults.get(k, 0) for k in of) for name, of in _TOLD.items()}
    for name, times in planned.items():
        print(f"chaos: {times:5} × {name}")
    for name, value in report.figures.items():
        print(f"chaos: {name}: {value}")
    path = Path(tempfile.gettempdir()) / f"chaos-{seed}-{runs}.json"
    facts = {
        "seed": seed,
        "runs": runs,
        **report.figures,
        "programme": planned,
        "faults": dict(sorted(report.faults.items())),
        "violations": report.violations,
    }
    path.write_text(json.dumps(facts, indent=1) + "\n")
    print(f"chaos: report: {path}")


def _strikes(stack: Stack) -> dict[str, int]:
    """How often each fault has struck a call: the weather's, and the storage's."""
    found: dict[str, int] = _of_sandbox(stack, "GET", "_audit")["weather"]
    return found | {_STORAGE: stack.log.read_text(errors="replace").count(_SAYS)}


def _of_sandbox(stack: Stack, method: str, page: str) -> dict[str, Any]:
    for _ in range(60):
        try:
            answer = httpx.request(method, f"{stack.sandbox}/{page}", timeout=30)
        except httpx.HTTPError:
            time.sleep(0.5)
            continue
        return dict(answer.raise_for_status().json())
    raise RuntimeError("the sandbox does not come back")


def _said_of(stack: Stack, names: list[str]) -> list[str]:
    """What the product wrote of them, so that it can be read what they waited for."""
    lines = stack.log.read_text(errors="replace").splitlines()
    return [line for line in lines if any(name in line for name in names)]


def _rare(struck: dict[str, int], least: int) -> list[str]:
    return [kind for kind in (*WEATHER, _STORAGE) if struck.get(kind, 0) < least]


def _wait_for_end(customers: Customers) -> float:
    """Seconds until nothing is queued or processing any more, at most HEAL_WITHIN + 30."""
    began = time.monotonic()
    while time.monotonic() - began < HEAL_WITHIN + 30 and customers.unfinished():
        time.sleep(0.5)
    return time.monotonic() - began
