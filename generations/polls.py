"""Which films at upstreams are to be asked about now, thousands a second.

A poll needs no lease: asking twice harms nobody, and what an answer changes is a compare-and-set
of its own. So taking a film is one statement that sets its next turn, and the answer "still at
work" writes nothing. A callback that comes meanwhile sets the turn to now, and is not overwritten.
"""

from __future__ import annotations

from collections.abc import Collection

from django.conf import settings
from django.db.models import F, QuerySet

from accounts import tenancy
from generations import lifecycle
from generations.models import Generation, ProviderAccount, Status

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
RETURNING g.*
"""


def take(limit: int, *, busy: Collection[int]) -> list[Generation]:
    """Up to `limit` films whose turn it is, longest overdue first, with their accounts.

    None of the accounts `busy`. Never waits for another poller's rows.
    """
    with tenancy.system("workers serve every tenant"):
        parts = {"busy": list(busy), "limit": limit, "longest": settings.POLL_SECONDS}
        taken = list(Generation.objects.raw(_TAKE, parts))
    accounts = {a.pk: a for a in ProviderAccount.objects.all()} if taken else {}
    for generation in taken:
        generation.account = accounts.get(generation.account_id or 0)
    return taken


def missed(generation: Generation) -> int:
    """It was asked for in vain: how often in a row that makes."""
    with lifecycle.scope(generation):
        _mine(generation).update(step_attempts=F("step_attempts") + 1)
    return generation.step_attempts + 1


def seen(generation: Generation) -> None:
    """The upstream knows it (again)."""
    if generation.step_attempts:
        with lifecycle.scope(generation):
            _mine(generation).update(step_attempts=0)


def _mine(generation: Generation) -> QuerySet[Generation]:
    mine: QuerySet[Generation] = Generation.objects.filter(
        pk=generation.pk, status=Status.IN_FLIGHT, version=generation.version
    )
    return mine
