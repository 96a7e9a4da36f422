"""What an operator must know: one open row per trouble, however often it is rung."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone


class AlarmKind(models.TextChoices):
    """What kind of trouble; the subject says whose."""

    CREDENTIAL = "credential", "An upstream refuses our credential"
    BALANCE = "balance", "An upstream account is empty"
    SUSPENSE = "suspense", "A film may be billed and is not here"
    OVERCHARGED = "overcharged", "An upstream took more than its price"
    POISON = "poison", "An order kills its workers"
    BILL = "bill", "An upstream's bill is not what our books say"
    MISSING = "missing", "A stored file is gone"
    REFUSED = "refused", "An upstream does not make a model"
    STOPPED = "stopped", "An upstream takes no orders of a model"
    STUCK = "stuck", "A hold that nobody settles"
    UNFETCHED = "unfetched", "Finished films cannot be fetched"
    UNSTORED = "unstored", "Finished films cannot be stored"
    UNDELETED = "undeleted", "Files that were kept long enough cannot be deleted"


class Alarm(models.Model):
    """Rings until an operator resolves it."""

    kind = models.CharField(max_length=12, choices=AlarmKind.choices)
    subject = models.CharField(max_length=120)
    message = models.CharField(max_length=500)
    count = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-last_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"],
                condition=Q(resolved_at=None),
                name="one_open_alarm_per_trouble",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.subject}"
