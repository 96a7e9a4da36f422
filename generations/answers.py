"""An answer to a create exists nowhere else: it is written down however the database does.

A restart of PostgreSQL takes seconds. Given up at the first lost connection, a film that an
upstream makes and bills would be one whose id nobody knows.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.db import connection

from generations.models import Attempt, Generation
from generations.providers import Exchange
from generations.wire.task import Accepted
from kling_saas.lib.database import DATABASE_GONE

log = logging.getLogger(__name__)
PAUSE = 0.5  # seconds between two tries
_SHARE = 0.25  # of the lease: what a call of an upstream leaves of it
Write = Callable[[Generation, Attempt, Exchange], None]


class Keeping:
    """The tries to write one answer down."""

    def __init__(self, generation: Generation, attempt: Attempt, exchange: Exchange) -> None:
        self._generation, self._attempt, self._exchange = generation, attempt, exchange
        self._as_claimed = generation.status, generation.version
        self._until = time.monotonic() + _SHARE * settings.LEASE_SECONDS

    def done(self, write: Write) -> bool:
        """Whether `write` went through; False when it is worth another try after PAUSE.

        A try may have been committed though its connection was lost: the next one begins as the
        step was claimed, and whatever is written already is compared and not set again. Raises the
        database's error in the end.
        """
        self._generation.status, self._generation.version = self._as_claimed
        try:
            write(self._generation, self._attempt, self._exchange)
        except DATABASE_GONE:
            connection.close()
            if time.monotonic() < self._until:
                return False
            self._last_word()
            raise
        return True

    def _last_word(self) -> None:
        """What an operator needs to find it at the upstream."""
        outcome = self._exchange.outcome
        taken = f"taken as {outcome.task.id}" if isinstance(outcome, Accepted) else repr(outcome)
        log.error("%s: could not be written down: %s", self._attempt.external_id, taken)


def keep(generation: Generation, attempt: Attempt, exchange: Exchange, write: Write) -> None:
    """Write, and wait meanwhile. Raises what `Keeping.done` raises."""
    keeping = Keeping(generation, attempt, exchange)
    while not keeping.done(write):
        time.sleep(PAUSE)
