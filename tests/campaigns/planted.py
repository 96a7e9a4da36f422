"""Do the campaigns see anything? Each of four classic bugs is planted, and a simulation must tell.

A plant replaces one function of the product in this process; the seeds are those of `simulate`.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

from tests.campaigns import verdict
from tests.campaigns.place import prepared
from tests.campaigns.simulate import small_film


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
    with prepared():
        return {name: _caught(plant, runs, seed) for name, plant in _plants().items()}


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
    from billing import ledger
    from generations import dispatch, lifecycle
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
        "stale writer": lambda: mock.patch.object(lifecycle, "_same", by_name_alone),
    }
