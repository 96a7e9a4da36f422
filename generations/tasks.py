"""What the queue's workers run: each looks at its table until nothing is due, or time is up."""

from __future__ import annotations

import time
from collections.abc import Callable

from generations import deliveries, ingest, late, previews, sweeps
from generations import dispatch as dispatching
from generations.reconciliation import run as reconciliation

_SESSION = 15.0  # seconds; well below the queue's timeout


def dispatch() -> None:
    """Hand waiting generations to upstreams."""
    _while_due(dispatching.run)


def deliver() -> None:
    """Post callbacks that are owed."""
    deliveries.run()


def take_in() -> None:
    """Fetch, verify, store and settle finished films."""
    _while_due(ingest.run)


def make_preview() -> None:
    """One hover preview; films come first, so one at a time."""
    previews.run()


def catch_up() -> None:
    """What is in no hurry, in turn, so that it never takes more than one worker from new films:
    films that came late, then books, files and bills, unless a late film has taken long.
    """
    began = time.monotonic()
    _while_due(late.run)
    if time.monotonic() - began < 2 * _SESSION:
        reconciliation.session()


def sweep() -> None:
    """Look for what was lost."""
    sweeps.run()


def _while_due(step: Callable[[], int]) -> None:
    began = time.monotonic()
    while step() and time.monotonic() - began < _SESSION:
        continue
