"""Do the campaigns see anything? Classic bugs are planted one by one, and a simulation must tell.

A plant replaces one function of the product in this process; the seeds are those of `simulate`.
One is planted in `make chaos` itself: it kills nobody, and must say so.
"""

from __future__ import annotations

import multiprocessing
import os
import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

from tests.campaigns import verdict
from tests.campaigns.mischief import VICTIMS, Mischief
from tests.campaigns.place import prepared
from tests.campaigns.shelf import Shelf
from tests.campaigns.simulate import SETTINGS, small_film
from tests.stack import Stack


def run(runs: int, seed: int) -> bool:
    """True when each bug was seen within `runs` seeds; `faults` says in which one."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        seen = pool.apply(_all, (runs, seed))
    for name, (number, words) in seen.items():
        print(f"planted: {name}: seen by seed {number}: {words}")
    return verdict.tell(
        "planted",
        runs=len(seen),
        faults={name: number for name, (number, _) in seen.items()},
        violations=[f"{name} was not seen" for name, (number, _) in seen.items() if number < 0],
        seed=seed,
    )


def _all(runs: int, seed: int) -> dict[str, tuple[int, str]]:
    with prepared(**SETTINGS) as stack:
        seen = {name: _caught(plant, runs, seed) for name, plant in _plants().items()}
        return {**seen, "no kill done": _harmless(stack, seed)}


def _harmless(stack: Stack, seed: int) -> tuple[int, str]:
    """What a trial says of mischief whose signals reach nobody."""
    rng = random.Random(seed)
    shelf = Shelf(stack.folder / "media" / "films", rng)
    mischief = Mischief(stack, shelf, rng, 0.1, (0.01, 0.02), patience=0.2)
    with mock.patch.object(os, "kill", side_effect=ProcessLookupError):
        mischief.start()
        mischief.end()
    owed = mischief.undone(killed=True)
    told = [each for each in owed if each.startswith(("kill", "database killed"))]
    return (seed, "; ".join(owed)) if len(told) == len(VICTIMS) + 1 else (-1, "")


def _caught(
    plant: Callable[[], AbstractContextManager[Any]], runs: int, seed: int
) -> tuple[int, str]:
    """The first seed that sees it, and what it saw; -1 when none does."""
    from tests.campaigns.world import World

    film = small_film()
    for number in range(seed, seed + runs):
        with plant():
            stage = World(number, film).run()
        _bury()
        if stage.wrong:
            return number, stage.wrong[0]
    return -1, ""


def _bury() -> None:
    """What a bug left unfinished is no work for the next world."""
    from accounts import tenancy
    from generations.models import Generation

    with tenancy.system("a campaign tidies up"):
        Generation.objects.filter(finished_at=None).update(next_run_at=None)


def _plants() -> dict[str, Callable[[], AbstractContextManager[Any]]]:
    """Each as it might be written by somebody in a hurry."""
    from django.conf import settings

    from billing import ledger
    from generations import dispatch, late, lifecycle
    from generations.models import Attempt, Generation

    capture = ledger.capture

    def captures_twice(hold_id: int, amount: int) -> bool:
        hold = lifecycle.Generation.objects.get(hold_id=hold_id)
        again = ledger.reserve(
            hold.organisation_id, hold.livemode, amount, reference=f"{hold.public_id}-again"
        )
        capture(again.hold_id, amount)
        return capture(hold_id, amount)

    def sends_again(generation: Generation, attempt: Attempt) -> Attempt:
        return attempt

    def by_name_alone(generation: Generation) -> Any:
        return Generation.objects.filter(pk=generation.pk)

    def releases_nothing(hold_id: int) -> bool:
        return True

    return {
        "double capture": lambda: mock.patch.object(ledger, "capture", captures_twice),
        "lost release": lambda: mock.patch.object(ledger, "release", releases_nothing),
        "blind re-POST": lambda: mock.patch.object(dispatch, "_resolve", sends_again),
        "resend without grace": lambda: mock.patch.object(settings, "UNKNOWN_GRACE_SECONDS", 0),
        "late never asks": lambda: mock.patch.object(late, "run", return_value=0),
        "stale writer": lambda: mock.patch.object(lifecycle, "_same", by_name_alone),
    }
