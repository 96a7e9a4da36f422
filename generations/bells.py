"""Ring for what is due. A bell is a django-q2 task that says "look at your table", nothing more.

Bells are few: never more waiting than the workers could answer at once. One is for callbacks or
for payments, whose answerers wait for others' servers, so that a worker stays for handing films
over; and one for what is in no hurry but may wait for an upstream, so that one stays for taking
films in.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django_q.models import OrmQ
from django_q.tasks import async_task

from generations.due import Due

_TASKS = "generations.tasks."
_last_sweep = 0.0
_last_rung: dict[str, float] = {}


def ring(seen: Due) -> None:
    """Ring for what was seen to be due, where nobody has been rung for yet, and for sweeps."""
    global _last_sweep
    sweep = time.monotonic() - _last_sweep > settings.SWEEP_SECONDS
    if sweep:
        _last_sweep = time.monotonic()
    if sweep or seen.for_the_queue:
        _ring_short(seen, sweep)
        _ring_media(seen, sweep)


def _ring_short(seen: Due, sweep: bool) -> None:
    rung = _rung("short", settings.Q_CLUSTER)
    if seen.dispatch and len(rung) < 2 * settings.WORKERS_SHORT:
        _ring("dispatch", "short")
    _ring_who_waits(seen, rung)
    if sweep and "sweep" not in rung:
        _ring("sweep", "short")


def _ring_who_waits(seen: Due, rung: list[str]) -> None:
    """For those who wait for others' servers, in turn, so that a worker stays for films."""
    due = {"settle_payments": seen.payments, "deliver": seen.deliveries}
    free = max(1, settings.WORKERS_SHORT - 1) - sum(task in rung for task in due)
    for task in sorted(due, key=lambda task: _last_rung.get(task, 0.0)):
        if due[task] and task not in rung and free > 0:
            _last_rung[task] = time.monotonic()
            _ring(task, "short")
            free -= 1


def _ring_media(seen: Due, sweep: bool) -> None:
    rung = _rung("media", settings.Q_CLUSTER["ALT_CLUSTERS"]["media"])
    free = settings.WORKERS_MEDIA + 1 - len(rung)
    for _ in range(min(seen.films, free)):
        _ring("take_in", "media")
    if seen.previews and not seen.films and free > 0:
        _ring("make_preview", "media")
    if sweep and "catch_up" not in rung:
        _ring("catch_up", "media")


def _rung(cluster: str, timing: dict[str, Any]) -> list[str]:
    """The tasks of the bells that wait or are being answered.

    Being answered, a bell is locked for `retry` seconds; nobody answers for longer than `timeout`,
    so one locked before that is a killed worker's and does not count.
    """
    now = timezone.now()
    alive = now + timedelta(seconds=timing["retry"] - timing["timeout"])
    bells = OrmQ.objects.filter(Q(lock__lte=now) | Q(lock__gt=alive), key=cluster)
    return [str(bell.task.get("func")).removeprefix(_TASKS) for bell in bells]  # a few


def silence(cluster: str) -> None:
    """Throw away the bells a cluster had taken when it died, so that new ones are rung at once.

    Nothing is lost by it, another machine's included: what is due is rung for again.
    """
    OrmQ.objects.filter(key=cluster, lock__gt=timezone.now()).delete()


def _ring(task: str, cluster: str) -> None:
    async_task(_TASKS + task, cluster=cluster)
