"""Answers remembered per organisation, mode and Idempotency-Key, to be given again."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.tenancy import TenantRow


class IdempotencyRecord(TenantRow):
    """Written in the transaction that did the work: an answer exists exactly when the work does."""

    organisation = models.ForeignKey(
        "accounts.Organisation", on_delete=models.PROTECT, db_index=False
    )
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the order as it came.")
    status = models.PositiveSmallIntegerField()
    body = models.TextField()
    subject = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "livemode", "key"], name="one_answer_per_idempotency_key"
            )
        ]
        indexes = [models.Index(fields=["created_at"])]

    def __str__(self) -> str:
        return self.key
