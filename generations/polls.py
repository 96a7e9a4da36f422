"""Which films at upstreams are to be asked about now, thousands a second.

A poll needs no lease: asking twice harms nobody, and what an answer changes is a compare-and-set
of its own. So taking a film is one statement that sets its next turn, and the answer "still at
work" writes nothing. A callback that comes meanwhile sets the turn to now, and is not overwritten.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts import tenancy
from generations import lifecycle
from generations.catalogue.params import Kind
from generations.models import Generation, Status

# A fifth of the time since hand-over, at least a second, at most POLL_SECONDS, spread.
_TAKE = """
WITH due AS (
    SELECT id FROM generations_generation
     WHERE status = 'in_flight' AND next_run_at <= statement_timestamp()
       AND (lease_until IS NULL OR lease_until <= statement_timestamp())
       AND NOT account_id = ANY(%(busy)s)
     ORDER BY next_run_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE generations_generation g
   SET next_run_at = statement_timestamp() + make_interval(secs => (0.8 + 0.4 * random())
       * greatest(1, least(%(longest)s, extract(
           epoch FROM statement_timestamp() - coalesce(g.submitted_at, g.created_at)) / 5))::float)
  FROM due WHERE g.id = due.id
RETURNING g.id, g.organisation_id, g.version, g.account_id, g.kind, g.upstream_id, g.deadline_at,
          g.step_attempts
"""


@dataclass(frozen=True, slots=True)
class Turn:
    """A film that is to be asked about now: as much of its row as asking takes."""

    pk: int
    organisation: int
    version: int
    account: int | None
    kind: Kind
    upstream_id: str
    deadline_at: datetime
    missed: int

    @property
    def is_over(self) -> bool:
        """Whether its deadline has passed."""
        return timezone.now() >= self.deadline_at


def take(limit: int, *, busy: Collection[int]) -> list[Turn]:
    """Up to `limit` films whose turn it is, longest overdue first.

    None of the accounts `busy`. Never waits for another poller's rows.
    """
    parts: dict[str, Any] = {
        "busy": list(busy), "limit": limit, "longest": settings.POLL_SECONDS,
    }  # fmt: skip
    with tenancy.system("workers serve every tenant"), connection.cursor() as cursor:
        cursor.execute(_TAKE, parts)
        return [Turn(*row) for row in cursor.fetchall()]


def film(turn: Turn) -> Generation | None:
    """The film, with its account; None when it has gone on since it was taken."""
    with tenancy.scope(turn.organisation):
        mine = _in_flight(turn.pk, turn.version).select_related("account")
        return mine.first()


def missed(generation: Generation) -> int:
    """It was asked for in vain: how often in a row that makes."""
    with lifecycle.scope(generation):
        _in_flight(generation.pk, generation.version).update(step_attempts=F("step_attempts") + 1)
    return generation.step_attempts + 1


def seen(generation: Generation) -> None:
    """The upstream knows it (again)."""
    if generation.step_attempts:
        with lifecycle.scope(generation):
            _in_flight(generation.pk, generation.version).update(step_attempts=0)


def _in_flight(pk: int, version: int) -> QuerySet[Generation]:
    """It, unless it has gone on."""
    films: QuerySet[Generation] = Generation.objects.filter(
        pk=pk, status=Status.IN_FLIGHT, version=version
    )
    return films
