"""One try to hand a generation to one upstream account, written before the request goes out."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.tenancy import TenantPart


class AttemptOutcome(models.TextChoices):
    """`unknown` is what a crash leaves behind: the request may have been accepted."""

    UNKNOWN = "unknown", "Unknown"
    ACCEPTED = "accepted", "Accepted"
    REJECTED = "rejected", "Rejected"
    NOT_SENT = "not_sent", "Not sent"
    ABANDONED = "abandoned", "Abandoned to suspense"


class Attempt(TenantPart):
    """`external_id` is ours and unique, so an upstream that can be asked by it tells the truth."""

    generation = models.ForeignKey(
        "generations.Generation", on_delete=models.PROTECT, db_constraint=False, db_index=False
    )
    number = models.PositiveSmallIntegerField()
    account = models.ForeignKey("generations.ProviderAccount", on_delete=models.PROTECT)
    external_id = models.CharField(max_length=80, unique=True)
    outcome = models.CharField(
        max_length=12, choices=AttemptOutcome.choices, default=AttemptOutcome.UNKNOWN
    )
    reason = models.CharField(max_length=20, blank=True)
    message = models.CharField(max_length=500, blank=True)
    upstream_id = models.CharField(max_length=120, blank=True)
    request = models.JSONField(default=dict, blank=True, help_text="As sent, secrets masked.")
    response = models.JSONField(default=dict, blank=True, help_text="As received, links masked.")
    retry = models.BooleanField(
        default=False, help_text="Whether this account had the order before."
    )
    sends = models.PositiveSmallIntegerField(
        default=1, help_text="How often it went out under this id."
    )
    earlier = models.JSONField(
        default=list, blank=True, help_text="Of earlier sends: when, and what was answered."
    )
    upstream_units = models.DecimalField(
        max_digits=12, decimal_places=4, null=True, blank=True, help_text="Kling's units, as told."
    )
    upstream_cost = models.DecimalField(
        max_digits=12,
        decimal_places=4,
        null=True,
        blank=True,
        help_text="Dollars: as told, else the units told or listed at the account's cost.",
    )
    expected_cost = models.DecimalField(
        max_digits=12,
        decimal_places=4,
        null=True,
        blank=True,
        help_text="Dollars by the account's cost book, when the cost was told.",
    )
    upstream_balance = models.DecimalField(
        max_digits=14, decimal_places=4, null=True, blank=True, help_text="Dollars left, as told."
    )
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    look_ups = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["generation", "number"], name="attempts_are_numbered"),
            models.UniqueConstraint(
                fields=["generation"],
                condition=Q(outcome__in=["unknown", "accepted"]),
                name="one_attempt_that_may_be_billed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.external_id} {self.outcome}"


class SuspenseAttempt(Attempt):
    """The console's list of what may have been paid for nothing (`attempts.in_suspense`)."""

    class Meta:
        proxy = True
        verbose_name = "attempt in suspense"
        verbose_name_plural = "suspense"
