"""What the queue's workers run: each looks at its table until nothing is due, or time is up."""

from __future__ import annotations

import time

from django.conf import settings

from billing.payments import inbox, refunds
from generations import deliveries, ingest, late, previews, sweeps
from generations import dispatch as dispatching
from generations.reconciliation import run as reconciliation
from kling_saas.lib.repeating import while_due

_SESSION = 15.0  # seconds; well below the queue's timeout


def dispatch() -> None:
    """Hand waiting generations to upstreams."""
    while_due(dispatching.run, within=_SESSION)


def deliver() -> None:
    """Post callbacks that are owed."""
    deliveries.run()


def settle_payments() -> None:
    """Give what was paid for, and pay back what was asked for."""
    while_due(inbox.run, within=_SESSION)
    while_due(refunds.run_due, within=_SESSION)


def take_in() -> None:
    """Fetch, verify, store and settle finished films."""
    while_due(ingest.run, within=_for_films())


def make_preview() -> None:
    """One hover preview; films come first, so one at a time."""
    previews.run()


def catch_up() -> None:
    """What is in no hurry, in turn, so that it never takes more than one worker from new films:
    films that came late, then books, files and bills, unless a late film has taken long.
    """
    began = time.monotonic()
    while_due(late.run, within=_for_films())
    if time.monotonic() - began < min(2 * _SESSION, _rest()):
        reconciliation.session()


def sweep() -> None:
    """Look for what was lost."""
    sweeps.run()


def _for_films() -> float:
    return min(_SESSION, _rest())


def _rest() -> float:
    """Seconds in which a film's step may begin and be over before the queue kills its worker."""
    media = settings.Q_CLUSTER["ALT_CLUSTERS"]["media"]
    return float(media["timeout"] - settings.FILM_STEP_SECONDS)
