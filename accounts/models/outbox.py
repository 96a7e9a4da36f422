"""What must be told: written in the transaction it tells of, delivered at least once after it."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.tenancy import TenantRow


class OutboxMessage(TenantRow):
    """A wake-up for waiting requests, and a callback when `url` is given.

    `next_attempt_at` is null once delivered or exhausted.
    """

    topic = models.CharField(max_length=60)
    subject = models.CharField(max_length=60, help_text="Public id of what it is about.")
    url = models.URLField(max_length=2000, blank=True)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, default=timezone.now)
    delivered_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="outbox_due",
                condition=models.Q(next_attempt_at__isnull=False),
            ),
            models.Index(
                fields=["created_at"],
                name="outbox_told",
                condition=models.Q(next_attempt_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.subject}"
