"""`python -m tests.campaigns NAME`: one of the campaigns, or `short`: all in their short form."""

from __future__ import annotations

import os
import sys

from tests.campaigns import (
    chaos,
    contract,
    crashpoints,
    fuzz,
    ledger,
    load,
    planted,
    rolling,
    simulate,
)

RUN = {
    "ledger": ledger.run,
    "crashpoints": crashpoints.run,
    "simulate": simulate.run,
    "planted": planted.run,
    "chaos": chaos.run,
    "rolling": rolling.run,
    "fuzz": fuzz.run,
    "contract": contract.run,
    "load": load.run,
}
# How much of each: steps, every n-th crash case, worlds, seeds, films, films, bodies,
# examples of an operation, seconds.
SHORT = {
    "ledger": 10_000,
    "crashpoints": 6,
    "simulate": 300,
    "planted": 100,
    "chaos": 60,
    "rolling": 100,
    "fuzz": 150,
    "contract": 100,
    "load": 10,
}
LONG = {
    "ledger": 100_000,
    "crashpoints": 1,
    "simulate": 20_000,
    "planted": 200,
    "chaos": 500,
    "rolling": 100,
    "fuzz": 2000,
    "contract": 1000,
    "load": 60,
}


def main() -> int:
    """The exit code: 1 when any promise was broken."""
    name = sys.argv[1]
    seed = int(os.environ.get("SEED", "1"))
    if name == "short":
        broken = [n for n in RUN if not RUN[n](SHORT[n], seed)]
        print("campaigns:", "broken: " + ", ".join(broken) if broken else "all promises held")
        return bool(broken)
    return not RUN[name](int(os.environ.get("N", LONG.get(name, 0))), seed)


if __name__ == "__main__":
    sys.exit(main())
