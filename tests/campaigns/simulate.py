"""Whole worlds from one number: workers, customers, operators, upstreams and a storage, all faulty.

The product's own functions on the real tables under a virtual clock; one thing happens at a time,
and the seed says which. The same seed gives the same trace. `SEED=n N=1` replays one.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.synchronize import Event
from multiprocessing.util import Finalize
from pathlib import Path

from tests.campaigns import verdict
from tests.campaigns.place import emptied, prepared
from tests.stack import Stack

# Longer than a create is on its way; and nobody is watched so closely as in life.
SETTINGS = {"UNKNOWN_GRACE_SECONDS": "90", "POLL_SECONDS": "45"}
SHARES = 2  # processes, each with a place of its own
_ENOUGH = 20  # violations, after which the rest would tell nothing new
_TOGETHER = 10  # worlds share the tables before these are emptied
_TWICE = 25  # every so many-th part's first world is played twice
_LEAST_FOR_ALL = 100  # seeds, from which on every fault must have struck
_TELL_EVERY = 60.0  # seconds


@dataclass
class Part:
    """What came of some worlds, or of all so far."""

    worlds: int = 0
    events: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Part) -> None:
        self.worlds += other.worlds
        self.events += other.events
        self.faults += other.faults
        self.wrong += other.wrong


def run(runs: int, seed: int) -> bool:
    """True when every promise held in the worlds `seed`, `seed` + 1, …; some are played twice."""
    began = told = time.monotonic()
    every = range(seed, seed + runs)
    parts = [every[first : first + _TOGETHER] for first in range(0, runs, _TOGETHER)]
    whole, context = Part(), multiprocessing.get_context("spawn")
    enough = context.Event()
    pool = context.Pool(min(SHARES, len(parts)), _stops_at, [enough])
    for part in pool.imap(_part, [(seeds, n % _TWICE < SHARES) for n, seeds in enumerate(parts)]):
        whole.add(part)
        if len(whole.wrong) > _ENOUGH:
            enough.set()
        elif whole.worlds < runs and time.monotonic() - told > _TELL_EVERY:
            told = time.monotonic()
            _progress(whole, runs, seed, told - began)
    pool.close()
    pool.join()
    if runs >= _LEAST_FOR_ALL:
        from tests.campaigns.mishaps import FAULTS

        whole.wrong += [f"{fault} never struck" for fault in FAULTS if not whole.faults[fault]]
    return _told(whole, runs, seed, time.monotonic() - began)


def _progress(whole: Part, runs: int, seed: int, took: float) -> None:
    """How far it is, how long it will take, and how to go on if it is ended now."""
    left = runs - whole.worlds
    print(
        f"simulate: {whole.worlds} of {runs} seeds, {whole.worlds / took:.1f} a second, "
        f"{left * took / whole.worlds / 60:.0f} min to go, {len(whole.wrong)} violations; "
        f"from here: make simulate SEED={seed + whole.worlds} N={left}",
        flush=True,
    )


def _told(whole: Part, runs: int, seed: int, took: float) -> bool:
    facts = {
        "seeds": [seed, seed + whole.worlds - 1],
        "seconds": round(took),
        "events": whole.events,
        "faults": dict(sorted(whole.faults.items())),
        "violations": whole.wrong,
    }
    path = Path(tempfile.gettempdir()) / f"simulate-{seed}-{runs}.json"
    path.write_text(json.dumps(facts, indent=1) + "\n")
    print(f"simulate: {whole.worlds} seeds in {took:.0f} s, {whole.events} events; report: {path}")
    return verdict.tell(
        "simulate",
        runs=whole.worlds,
        faults=dict(sorted(whole.faults.items())),
        violations=whole.wrong,
        seed=seed,
    )


_stop: Event


def _stops_at(enough: Event) -> None:
    """In each process: no more parts when this is set."""
    global _stop
    _stop = enough


def _part(job: tuple[range, bool]) -> Part:
    seeds, twice = job
    return Part() if _stop.is_set() else play(seeds, _place(), twice=twice)


@cache
def _place() -> Stack:
    """This process's own, until it ends."""
    kept = ExitStack()
    Finalize(None, kept.close, exitpriority=1)
    return kept.enter_context(prepared(**SETTINGS))


def play(seeds: range, stack: Stack, *, twice: bool = False) -> Part:
    """The worlds of these seeds, one after another, in empty tables; the first perhaps twice."""
    from tests.campaigns.world import World

    film, whole = small_film(), Part()
    emptied(stack)
    for seed in seeds:
        stage = World(seed, film).run()
        found = [f"seed {seed}: {what}" for what in stage.wrong]
        if twice and seed == seeds[0]:
            again = World(seed, film).run()
            if again.trace != stage.trace:
                found.append(f"seed {seed}: played again it went {again.trace}, not {stage.trace}")
                _show("first", stage.lines)
                _show("again", again.lines)
        if os.environ.get("TRACE"):
            _show(str(seed), stage.lines)
        if found:
            print("\n".join([*found, f"replay: make simulate N=1 SEED={seed}"]), flush=True)
        whole.add(Part(1, stage.events, stage.faults, found))
    return whole


def _show(name: str, lines: list[str]) -> None:
    path = Path(tempfile.gettempdir()) / f"simulate-{name}.trace"
    path.write_text("\n".join(lines) + "\n")
    print(f"trace: {path}", flush=True)


@cache
def small_film() -> bytes:
    """Five seconds of moving picture in a few kilobytes."""
    from tests.generations import mp4

    with tempfile.TemporaryDirectory() as folder:
        return mp4.write(Path(folder) / "film.mp4", size=(64, 36)).read_bytes()
