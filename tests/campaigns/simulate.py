"""Whole worlds from one number: workers, customers, operators, upstreams and a storage, all faulty.

The product's own functions on the real tables under a virtual clock; one thing happens at a time,
and the seed says which. The same seed gives the same trace. `SEED=n N=1` replays one.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.campaigns import verdict
from tests.campaigns.place import prepared

SHARES = 2  # processes, each with a place of its own
_ENOUGH = 20  # violations, after which the rest would tell nothing new
_LEAST_FOR_ALL = 100  # seeds, from which on every fault must have struck

Part = tuple[int, Counter[str], list[str]]


def run(runs: int, seed: int) -> bool:
    """True when every promise held in the worlds `seed`, `seed` + 1, …; some are played twice."""
    began = time.monotonic()
    shares = min(SHARES, runs)
    with multiprocessing.get_context("spawn").Pool(shares) as pool:
        seeds = [list(range(seed + n, seed + runs, shares)) for n in range(shares)]
        parts: list[Part] = pool.map(_share, seeds)
    faults = sum((part[1] for part in parts), Counter[str]())
    violations = [v for part in parts for v in part[2]]
    if runs >= _LEAST_FOR_ALL:
        from tests.campaigns.mishaps import FAULTS

        violations += [f"{fault} never struck" for fault in FAULTS if not faults[fault]]
    took = time.monotonic() - began
    print(f"simulate: {runs} seeds in {took:.0f} s, {sum(p[0] for p in parts)} events")
    return verdict.tell(
        "simulate", runs=runs, faults=dict(sorted(faults.items())), violations=violations, seed=seed
    )


def _share(seeds: list[int]) -> Part:
    """(events, faults, violations) of one process."""
    with prepared():
        return play(seeds)


def play(seeds: list[int]) -> Part:
    """The worlds of these seeds, one after another, in a prepared place."""
    from tests.campaigns.world import World

    film = small_film()
    events, faults, wrong = 0, Counter[str](), []
    for place, seed in enumerate(seeds):
        stage = World(seed, film).run()
        events += stage.events
        faults += stage.faults
        found = [f"seed {seed}: {what}" for what in stage.wrong]
        if place == 0:
            again = World(seed, film).run()
            if again.trace != stage.trace:
                found.append(f"seed {seed}: played again it went {again.trace}, not {stage.trace}")
                _show("first", stage.lines)
                _show("again", again.lines)
        if os.environ.get("TRACE"):
            _show(str(seed), stage.lines)
        if found:
            print(f"replay: make simulate N=1 SEED={seed}", flush=True)
        wrong += found
        if len(wrong) > _ENOUGH:
            break
    return events, faults, wrong


def _show(name: str, lines: list[str]) -> None:
    path = Path(tempfile.gettempdir()) / f"simulate-{name}.trace"
    path.write_text("\n".join(lines) + "\n")
    print(f"trace: {path}", flush=True)


def small_film() -> bytes:
    """Five seconds of moving picture in a few kilobytes."""
    from tests.generations import mp4

    with tempfile.TemporaryDirectory() as folder:
        return mp4.write(Path(folder) / "film.mp4", size=(64, 36)).read_bytes()
