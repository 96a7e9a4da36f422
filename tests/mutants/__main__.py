"""`python -m tests.mutants [TARGET]`: do the tests notice small changes to money and lifecycle?

Of each target N mutants are drawn by SEED, without N all of them are tried; ONLY=words takes those
whose id has these words. A survivor must be in `survivors.toml` with its reason, and what is there
must survive.
"""

from __future__ import annotations

import os
import random
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from tests.campaigns import verdict
from tests.mutants.mutant import Mutant
from tests.mutants.targets import TARGETS, Target
from tests.mutants.trial import Trial

KNOWN = Path(__file__).with_name("survivors.toml")
_SETTINGS = {"LOG_LEVEL": "ERROR", "EXAMPLES": "10"}


def main() -> int:
    """The exit code: 1 when the list of survivors is not what survived."""
    seed, some = int(os.environ.get("SEED") or "1"), int(os.environ.get("N") or "0")
    chosen = [one for one in TARGETS if not sys.argv[1:] or sys.argv[1] in one.path]
    drawn = {one.path: _drawn(one, some, seed, os.environ.get("ONLY", "")) for one in chosen}
    court = _Court(chosen, drawn)
    os.environ.update(_SETTINGS)
    tests = sorted({name.partition("::")[0] for one in chosen for name in one.tests})
    options = ["-o", "addopts=", "-p", "no:cacheprovider", "-s", "-q", "--timeout", "60"]
    ended = pytest.main([*options, *tests], plugins=[Trial(court.judge, seed)])
    if ended != pytest.ExitCode.OK:
        court.wrong.append(f"the tests could not be read: {ended!r}")
    for path, counts in court.counts.items():
        dead, alive = counts["killed"] + counts["endless"], counts["survived"]
        print(
            f"{path}: {dead} of {dead + alive} killed ({100 * dead / max(1, dead + alive):.0f} %), "
            f"{counts['endless']} of them by patience; "
            f"{counts['stillborn']} did not compile, {court.there[path]} there are"
        )
    total = sum(court.counts.values(), Counter[str]())
    return not verdict.tell(
        "mutants", runs=total.total(), faults=dict(total), violations=court.wrong, seed=seed
    )


def _drawn(target: Target, some: int, seed: int, only: str) -> list[Mutant]:
    found = [mutant for mutant in target.mutants() if only in mutant.id]
    random.Random(f"{seed} {target.path}").shuffle(found)
    return found[:some] if some else found


class _Court:
    """Counts by target what became of its mutants, and what is `wrong` with the list."""

    def __init__(self, targets: list[Target], drawn: dict[str, list[Mutant]]) -> None:
        self._targets, self._drawn = targets, drawn
        self._known: dict[str, str] = tomllib.loads(KNOWN.read_text())
        self.there = {one.path: len(one.mutants()) for one in targets}
        self.counts = {one.path: Counter[str]() for one in targets}
        self.wrong: list[str] = []

    def judge(self, trial: Trial) -> None:
        """Try all that were drawn."""
        every = {mutant.id for one in self._targets for mutant in one.mutants()}
        of_mine = tuple(f"{one.path} | " for one in self._targets)
        gone = [name for name in self._known if name.startswith(of_mine) and name not in every]
        self.wrong += [f"listed, and no mutant any more: {name}" for name in gone]
        for target in self._targets:
            if why := trial.sound(target):
                self.wrong.append(f"{target.path}: fails unchanged: {why[-1500:]}")
                continue
            for mutant in self._drawn[target.path]:
                self._hear(trial, target, mutant)

    def _hear(self, trial: Trial, target: Target, mutant: Mutant) -> None:
        fate = trial.fate(target, mutant)
        self.counts[target.path][fate] += 1
        alive = fate == "survived"
        listed = mutant.id in self._known
        if alive:
            print(mutant.diff, f"\n{self._known.get(mutant.id, 'not listed')}\n", flush=True)
        if alive and not listed:
            self.wrong.append(f"survived: {mutant.id}")
        elif listed and not alive:
            self.wrong.append(f"listed, and dies: {mutant.id}")


if __name__ == "__main__":
    sys.exit(main())
