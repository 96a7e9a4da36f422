"""Signs of life: each background process writes one row every few seconds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from generations.models import Heartbeat

ALIVE = timedelta(seconds=30)


def beat(name: str, detail: dict[str, Any]) -> int:
    """`name` is alive now; how many are. Rows of processes gone for an hour are cleared away."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": Now(), "detail": detail})
    Heartbeat.objects.filter(at__lt=timezone.now() - timedelta(hours=1)).delete()
    return _alive().count()


def end(name: str) -> None:
    """`name` has stopped as it should."""
    Heartbeat.objects.filter(name=name).delete()


def somebody_works() -> bool:
    """Whether any background process was alive in the last 30 seconds."""
    return _alive().exists()


def _alive() -> QuerySet[Heartbeat]:
    found: QuerySet[Heartbeat] = Heartbeat.objects.filter(at__gte=timezone.now() - ALIVE)
    return found
