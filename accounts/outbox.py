"""Tell what happened: written in the caller's transaction, delivered at least once after it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models.functions import Now

from accounts import tenancy
from accounts.models import OutboxMessage
from kling_saas.lib.forgetting import forget
from kling_saas.lib.points import passing

CHANNEL = "kling_news"  # LISTEN here; the payload is the subject's public id
_KEEP = timedelta(days=7)  # what was told or given up, to look back at
RETRY_SECONDS = (5, 30, 300, 1800, 7200, 18000, 36000, 36000)


def emit(
    *,
    organisation_id: int,
    livemode: bool,
    topic: str,
    subject: str,
    payload: dict[str, Any] | None = None,
    url: str = "",
) -> None:
    """Owe the news of `topic` about `subject`; with `url`, `payload` is posted there as well."""
    OutboxMessage.objects.create(
        organisation_id=organisation_id,
        livemode=livemode,
        topic=topic,
        subject=subject,
        payload=payload or {},
        url=url,
    )


def forget_old() -> int:
    """Delete a batch of messages that nothing is owed for any more and are a week old; how many."""
    with tenancy.system("what was told is forgotten for every tenant"):
        old = OutboxMessage.objects.filter(next_attempt_at=None, created_at__lt=Now() - _KEEP)
        return forget(old, by="created_at")


def announce() -> int:
    """Wake whoever waits for news without an address; the number of messages told.

    The only place that NOTIFYs, so that accepting a generation never queues on its lock.
    """
    with tenancy.system("news of every tenant is told"), connection.cursor() as cursor:
        cursor.execute(
            """
            WITH due AS (
                SELECT id, subject FROM accounts_outboxmessage
                 WHERE next_attempt_at <= now() AND url = ''
                 ORDER BY next_attempt_at LIMIT 500 FOR UPDATE SKIP LOCKED
            ), told AS (
                UPDATE accounts_outboxmessage o
                   SET delivered_at = now(), next_attempt_at = NULL, attempts = 1
                  FROM due WHERE o.id = due.id
            )
            SELECT count(pg_notify(%s, subject)) FROM due
            """,
            [CHANNEL],
        )
        (told,) = cursor.fetchone()
        passing("news.marked")
    return int(told)
