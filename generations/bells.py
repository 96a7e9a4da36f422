"""Ring for what is due. A bell is a django-q2 task that says "look at your table", nothing more.

Bells are few: never more waiting than the workers could answer at once, and one for callbacks,
whose answerer waits for customers' servers, so that a worker stays for handing films over.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils import timezone
from django_q.models import OrmQ
from django_q.tasks import async_task

from accounts import tenancy
from generations.models import Protocol
from generations.reconciliation import run as reconciliation

_DUE = """
SELECT
  EXISTS (SELECT FROM generations_turns(1, %s)),
  EXISTS (SELECT FROM accounts_outboxmessage WHERE next_attempt_at <= now() AND url <> ''),
  (SELECT count(*) FROM (SELECT FROM generations_generation WHERE status IN ('fetching', 'storing')
          AND next_run_at <= now() AND (lease_until IS NULL OR lease_until <= now()) LIMIT 50) f),
  EXISTS (SELECT FROM generations_video WHERE preview_due_at <= now())
"""
_DISPATCH, _DELIVER = "generations.tasks.dispatch", "generations.tasks.deliver"
_last_sweep = 0.0


def ring_due() -> None:
    """Look once at everything that may be due and ring where nobody has been rung for yet."""
    with tenancy.system("the bell rings for every tenant"), connection.cursor() as cursor:
        cursor.execute(_DUE, [Protocol.SEGMIND_V1])
        dispatch, deliver, films, previews = cursor.fetchone()
    short = [bell.task.get("func") for bell in _rung("short", settings.Q_CLUSTER)]
    if dispatch and len(short) < 2 * settings.WORKERS_SHORT:
        _ring(_DISPATCH, "short")
    if deliver and _DELIVER not in short:
        _ring(_DELIVER, "short")
    media = settings.Q_CLUSTER["ALT_CLUSTERS"]["media"]
    free = settings.WORKERS_MEDIA + 1 - len(_rung("media", media))
    for _ in range(min(films, free)):
        _ring("generations.tasks.take_in", "media")
    if previews and not films and free > 0:
        _ring("generations.tasks.make_preview", "media")
    _ring_sweep()


def _rung(cluster: str, timing: dict[str, Any]) -> list[OrmQ]:
    """Bells that wait or are being answered.

    Being answered, a bell is locked for `retry` seconds; nobody answers for longer than `timeout`,
    so one locked before that is a killed worker's and does not count.
    """
    now = timezone.now()
    alive = now + timedelta(seconds=timing["retry"] - timing["timeout"])
    bells = OrmQ.objects.filter(Q(lock__lte=now) | Q(lock__gt=alive), key=cluster)
    return list(bells)  # a few


def silence(cluster: str) -> None:
    """Throw away the bells a cluster had taken when it died, so that new ones are rung at once.

    Nothing is lost by it, another machine's included: what is due is rung for again.
    """
    OrmQ.objects.filter(key=cluster, lock__gt=timezone.now()).delete()


def _ring_sweep() -> None:
    global _last_sweep
    if time.monotonic() - _last_sweep > settings.SWEEP_SECONDS:
        _last_sweep = time.monotonic()
        _ring("generations.tasks.sweep", "short")
        _ring("generations.tasks.take_late", "media")
        if reconciliation.is_due():
            _ring("generations.tasks.reconcile", "media")


def _ring(task: str, cluster: str) -> None:
    async_task(task, cluster=cluster)
