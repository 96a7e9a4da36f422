"""Every named point of a film's way through the product, struck on every route that passes it.

Real database, real sandbox over real sockets, virtual time. A worker raises or is gone at the
point, or three are gone one after another; then others go on. The books, the promises and the
upstream's count of creates must hold. `ONLY=<case>` replays one case.
"""

from __future__ import annotations

import ast
import hashlib
import multiprocessing
import os
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from kling_saas import env
from tests.campaigns import verdict
from tests.campaigns.place import prepared, sandbox

if TYPE_CHECKING:  # its module needs Django, which each share sets up for itself
    from tests.campaigns.crashes import Case

SHARES = 2  # processes, each with a place of its own
KINDS = ("raise", "exit")
_ROOMS = ("accounts", "billing", "generations")


def run(runs: int, seed: int) -> bool:
    """True when every promise held. Of the cases every `runs`-th is run (1: all of them), and of
    each point and kind at least the first; `seed` has no meaning.
    """
    only = os.environ.get("ONLY", "")
    began = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(1 if only else SHARES) as pool:
        parts = pool.starmap(_share, [(n, only, runs) for n in range(1 if only else SHARES)])
    cases = sum(part[0] for part in parts)
    hits = sum((part[1] for part in parts), Counter[str]())
    violations = [v for part in parts for v in part[2]]
    if not only:
        violations += [
            f"{point} {kind} was never struck"
            for point in sorted(points())
            for kind in KINDS
            if not hits[f"{point} {kind}"]
        ]
    took = time.monotonic() - began
    print(f"crashpoints: {len(points())} points, {cases} cases in {took:.0f} s")
    return verdict.tell(
        "crashpoints", runs=cases, faults=dict(sorted(hits.items())), violations=violations,
        seed=seed,
    )  # fmt: skip


def points() -> set[str]:
    """The names in the source: every `passing("…")`."""
    found = set()
    for room in _ROOMS:
        for path in (env.ROOT / room).rglob("*.py"):
            found |= _named(path)
    return found


def _named(path: Path) -> set[str]:
    calls = (n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call))
    return {
        str(call.args[0].value)
        for call in calls
        if isinstance(call.func, ast.Name)
        and call.func.id == "passing"
        and isinstance(call.args[0], ast.Constant)
    }


def _share(number: int, only: str, every: int) -> tuple[int, Counter[str], list[str]]:
    """(cases, hits, violations) of one process."""
    with prepared() as stack, sandbox(stack) as line:
        from tests.campaigns import crashes
        from tests.campaigns.crashes import Trial, creates
        from tests.campaigns.routes import ROUTES

        trial = Trial(line)
        cases, violations = [], []
        if only.count("/") == 4:
            cases = [crashes.Case.read(only)]
        else:
            ways = [
                (protocol, name)
                for protocol in _protocols()[number :: 1 if only else SHARES]
                for name, route in ROUTES.items()
                if protocol not in route.not_for and f"{protocol}/{name}".startswith(only)
            ]
            for protocol, name in ways:
                found, wrong = trial.enumerate(protocol, name)
                cases += found
                violations += wrong
            cases = cases if only else _some(cases, max(1, every))
        for case in cases:
            began = time.monotonic()
            violations += trial.run(case)
            if os.environ.get("TIMES"):
                print(f"{time.monotonic() - began:.3f} {case}", flush=True)
        audit = httpx.get(f"{line.address}/_audit", timeout=30).json()["creates"]
        made = creates(audit)
        for credential, (case, generation) in trial.accounts.items():
            account = "key-" + hashlib.sha256(credential.encode()).hexdigest()[:16]
            if made.get(account, 0) > 1:
                violations.append(f"{case}: {made[account]} tasks upstream for {generation}")
        hits = trial.hits + Counter(dict(line.struck))
        for violation in violations:
            case, _, _ = violation.partition(": ")
            print(f"replay: ONLY={case} make crash-points", flush=True)
    return len(cases), hits, violations


def _some(cases: list[Case], every: int) -> list[Case]:
    """Every so many-th case, and the first of each point and kind."""
    kept, known = [], set()
    for number, case in enumerate(cases):
        first = (case.point, case.kind) not in known
        known.add((case.point, case.kind))
        if first or number % every == 0:
            kept.append(case)
    return kept


def _protocols() -> list[str]:
    from generations.models import Protocol

    order = (Protocol.KLING, Protocol.KLING_2026, Protocol.SEGMIND, Protocol.LLMPROVIDER)
    return [*map(str, order), str(Protocol.SEGMIND_V1)]
