"""Reconciliations: what each found and did, and what the upstreams' meters showed meanwhile."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Reconciliation(models.Model):
    """One look at everything, by the bell or by hand; at most one of the bell's is open.

    An open one is at `stage`, behind `after`; whoever raised `version` last goes on with it.
    """

    by_hand = models.BooleanField(default=False)
    account = models.CharField(max_length=40, blank=True, help_text="Empty: everything.")
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    stage = models.PositiveSmallIntegerField(default=0)
    after = models.CharField(max_length=1100, blank=True)
    version = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(default=timezone.now)
    counts = models.JSONField(default=dict, help_text="Found, done and left to a person, by kind.")
    findings = models.JSONField(default=list, help_text="The first of each kind.")
    left = models.PositiveIntegerField(default=0, help_text="Left to a person.")

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["by_hand"],
                condition=Q(by_hand=False, finished_at=None),
                name="one_open_reconciliation",
            )
        ]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M}"


class MeterReading(models.Model):
    """What an upstream said that an account has used or has left, as it showed it then."""

    account = models.ForeignKey("generations.ProviderAccount", on_delete=models.CASCADE)
    at = models.DateTimeField(default=timezone.now)
    used = models.JSONField(default=dict, help_text="Units by resource pack, since it was bought.")
    balance = models.DecimalField(
        max_digits=14, decimal_places=4, null=True, blank=True, help_text="Dollars left."
    )

    class Meta:
        ordering = ["-at"]
        indexes = [models.Index(fields=["account", "at"], name="readings_of_an_account")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.at:%Y-%m-%d %H:%M}"
