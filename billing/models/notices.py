"""What the people who look after an organisation's money are told, each thing once."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.tenancy import TenantRow


class Notice(TenantRow):
    """Written in the transaction that it tells of; mailed after it, and shown until dismissed.

    `key` makes it once, e.g. `lot:lot_…:14` for a warning of expiry; `facts` fill its sentence.
    """

    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=120)
    facts = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True, db_default=Now())
    mailed_at = models.DateTimeField(null=True, blank=True)
    dismissed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "livemode", "key"], name="one_notice_per_key"
            )
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="notice_due",
                condition=Q(next_attempt_at__isnull=False),
            ),
            models.Index(
                fields=["organisation", "livemode", "-created_at"],
                name="notice_shown",
                condition=Q(dismissed_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
