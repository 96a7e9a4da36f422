"""What happened to a generation, in order. Append-only."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.tenancy import TenantPart


class GenerationEvent(TenantPart):
    """One row per move; `sequence` is the generation's version after it."""

    generation = models.ForeignKey(
        "generations.Generation", on_delete=models.PROTECT, db_constraint=False, db_index=False
    )
    sequence = models.PositiveIntegerField()
    status = models.CharField(max_length=12)
    at = models.DateTimeField(default=timezone.now)
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["generation", "sequence"], name="one_event_per_move")
        ]

    def __str__(self) -> str:
        return f"{self.generation_id} {self.sequence} {self.status}"
