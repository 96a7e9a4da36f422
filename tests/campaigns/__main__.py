"""`python -m tests.campaigns NAME`: chaos, fuzz, load, or all of them in their short form."""

from __future__ import annotations

import os
import sys

from tests.campaigns import chaos, fuzz, load

SHORT = {"chaos": 60, "fuzz": 150, "load": 10}
LONG = {"chaos": 600, "fuzz": 2000, "load": 60}
RUN = {"chaos": chaos.run, "fuzz": fuzz.run, "load": load.run}


def main() -> int:
    """The exit code: 1 when any promise was broken."""
    name = sys.argv[1]
    seed = int(os.environ.get("SEED", "1"))
    if name == "short":
        broken = [n for n in RUN if not RUN[n](SHORT[n], seed)]
        print("campaigns:", "broken: " + ", ".join(broken) if broken else "all promises held")
        return bool(broken)
    return not RUN[name](int(os.environ.get("N", LONG[name])), seed)


if __name__ == "__main__":
    sys.exit(main())
