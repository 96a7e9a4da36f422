"""`python -m kling_saas.run`: turns whatever goes wrong at the start into one clear line."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the product until Ctrl-C; exit 1 with one line when it cannot start."""
    try:
        from kling_saas.env import ConfigError
        from kling_saas.run.local import LocalRun
    except ModuleNotFoundError as error:
        sys.exit(f"The Python module {error.name!r} is missing: run `make setup`.")
    try:
        LocalRun().run()
    except ConfigError as error:
        sys.exit(f"Cannot start: {error}")
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
