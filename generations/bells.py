"""Ring for what is due. A bell is a django-q2 task that says "look at your table", nothing more.

Bells are few: never more waiting than the workers could answer at once.
"""

from __future__ import annotations

import time

from django.conf import settings
from django.db import connection
from django_q.models import OrmQ
from django_q.tasks import async_task

from accounts import tenancy

_DUE = """
SELECT
  EXISTS (SELECT FROM generations_generation WHERE status IN ('accepted', 'submitting')
          AND next_run_at <= now() AND (lease_until IS NULL OR lease_until <= now())),
  EXISTS (SELECT FROM accounts_outboxmessage WHERE next_attempt_at <= now() AND url <> ''),
  (SELECT count(*) FROM (SELECT FROM generations_generation WHERE status IN ('fetching', 'storing')
          AND next_run_at <= now() AND (lease_until IS NULL OR lease_until <= now()) LIMIT 50) f),
  EXISTS (SELECT FROM generations_video WHERE preview_due_at <= now())
"""
_last_sweep = 0.0


def ring_due() -> None:
    """Look once at everything that may be due and ring where nobody has been rung for yet."""
    with tenancy.system("the bell rings for every tenant"), connection.cursor() as cursor:
        cursor.execute(_DUE)
        dispatch, deliver, films, previews = cursor.fetchone()
        cursor.execute("SELECT key, count(*) FROM django_q_ormq GROUP BY key")
        waiting: dict[str, int] = dict(cursor.fetchall())
    short = waiting.get("short", 0) < 2 * settings.WORKERS_SHORT
    if dispatch and short:
        _ring("generations.tasks.dispatch", "short")
    if deliver and short:
        _ring("generations.tasks.deliver", "short")
    free = settings.WORKERS_MEDIA + 1 - waiting.get("media", 0)
    for _ in range(min(films, free)):
        _ring("generations.tasks.take_in", "media")
    if previews and not films and free > 0:
        _ring("generations.tasks.make_preview", "media")
    _ring_sweep()


def _ring_sweep() -> None:
    global _last_sweep
    if time.monotonic() - _last_sweep > settings.SWEEP_SECONDS:
        _last_sweep = time.monotonic()
        _ring("generations.tasks.sweep", "short")


def _ring(task: str, cluster: str) -> None:
    async_task(task, cluster=cluster)


def silence() -> int:
    """Throw every bell away; what is due is rung for again. The number thrown away."""
    return int(OrmQ.objects.all().delete()[0])
