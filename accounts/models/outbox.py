"""What must be told: written in the transaction it tells of, told at least once after it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.tenancy import TenantRow


class OutboxMessage(TenantRow):
    """A wake-up for waiting requests; an event that customers see, when it has a `public_id`.

    `next_attempt_at` is null once it is told. Events then have a `sequence`, which grows in the
    order in which they become visible. `url` is an order's own address, which is told it too.
    """

    public_id = models.CharField(max_length=40, null=True, unique=True)
    sequence = models.BigIntegerField(null=True)
    topic = models.CharField(max_length=60)
    subject = models.CharField(max_length=60, help_text="Public id of what it is about.")
    url = models.URLField(max_length=2000, blank=True)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    next_attempt_at = models.DateTimeField(null=True, default=timezone.now)
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="outbox_due",
                condition=Q(next_attempt_at__isnull=False),
            ),
            models.Index(
                fields=["created_at"],
                name="outbox_told",
                condition=Q(next_attempt_at__isnull=True, public_id__isnull=True),
            ),
            models.Index(
                fields=["created_at"],
                name="event_told",
                condition=Q(next_attempt_at__isnull=True, public_id__isnull=False),
            ),
            models.Index(
                fields=["organisation", "livemode", "sequence"],
                name="events_in_order",
                condition=Q(sequence__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.subject}"
