"""Signs of life of the background processes, for the operator and the readiness page."""

from __future__ import annotations

from django.db import models


class Heartbeat(models.Model):
    """One row per process; older than 30 s means it is gone."""

    name = models.CharField(max_length=60, unique=True)
    at = models.DateTimeField()
    detail = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.name
