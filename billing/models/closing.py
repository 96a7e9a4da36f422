"""Days that were closed: what our books and the payment service said of them."""

from __future__ import annotations

from django.db import models

from billing.models.payments import Vendor


class DayClose(models.Model):
    """One day (UTC) as it was last closed. `differences` is empty when everything agreed.

    `figures` holds what was compared, `differences` a list of what differs with whose ids.
    """

    day = models.DateField()
    vendor = models.CharField(max_length=7, choices=Vendor.choices)
    figures = models.JSONField(default=dict)
    differences = models.JSONField(default=list)
    closed_at = models.DateTimeField()

    class Meta:
        ordering = ["-day"]
        constraints = [
            models.UniqueConstraint(fields=["day", "vendor"], name="one_close_per_day_and_vendor")
        ]

    def __str__(self) -> str:
        return f"{self.day}: {len(self.differences)} differences"
