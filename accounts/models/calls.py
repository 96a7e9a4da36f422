"""What programs asked of the API, and what they were answered."""

from __future__ import annotations

from django.db import models

from accounts.tenancy import TenantPart


class ApiCall(TenantPart):
    """One request with a credential that opened something, as the customer may see it again.

    Written some moments after the answer (accounts.call_log), in batches, and never changed but for
    a held one: `status` and `ms` are null until it is answered. Secrets are masked before they
    come here. No foreign key is checked: what names a credential here was proven by it.
    """

    request_id = models.UUIDField(unique=True)
    at = models.DateTimeField()
    ms = models.PositiveIntegerField(null=True)
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=500)
    query = models.CharField(max_length=1000, blank=True)
    status = models.PositiveSmallIntegerField(null=True)
    credential = models.CharField(max_length=40, blank=True)
    end_user = models.CharField(max_length=64, blank=True)
    address = models.CharField(max_length=45, blank=True)
    request_headers = models.JSONField(default=dict)
    request_body = models.TextField(blank=True)
    response_headers = models.JSONField(default=dict)
    response_body = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "livemode", "id"], name="calls_of_one"),
            models.Index(fields=["organisation", "livemode", "at"], name="calls_of_one_by_time"),
            models.Index(fields=["at"], name="calls_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path}: {self.status or 'held'}"
