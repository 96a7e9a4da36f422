"""Where customers are told, what is owed to each of these addresses, and every try."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.tenancy import TenantPart, TenantRow
from kling_saas.lib.ids import public_id


def new_endpoint_id() -> str:
    return public_id("whe")


def new_delivery_id() -> str:
    return public_id("whd")


class WebhookEndpoint(TenantRow):
    """An address that is told the events it asks for, signed with a secret of its own.

    One of each organisation and mode has no address: it signs and paces what is posted to the
    addresses that orders carry. `failing_since` is the first failure after which nothing was
    taken; `failed` counts those in a row that let us wait in vain, after which it rests.
    """

    public_id = models.CharField(max_length=40, unique=True, default=new_endpoint_id)
    url = models.CharField(max_length=2000, blank=True)
    description = models.CharField(max_length=200, blank=True)
    events = models.JSONField(default=list, blank=True)
    sealed_secret = models.TextField()
    sealed_previous = models.TextField(blank=True)
    previous_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_reason = models.CharField(max_length=20, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    failed = models.PositiveSmallIntegerField(default=0)
    rest_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "livemode"],
                condition=Q(url=""),
                name="one_endpoint_for_orders",
            )
        ]
        indexes = [
            models.Index(fields=["id"], name="endpoint_failing", condition=Q(failed__gt=0)),
            models.Index(
                fields=["deleted_at"],
                name="endpoint_deleted",
                condition=Q(deleted_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.url}"


class WebhookDelivery(TenantPart):
    """One event owed to one endpoint. `next_attempt_at` is null once taken or given up.

    `attempts` counts the tries since it was owed, or owed again; the log has them all. `url` is an
    order's own address; empty means the endpoint's.
    """

    public_id = models.CharField(max_length=40, unique=True, default=new_delivery_id)
    event = models.ForeignKey(
        "accounts.OutboxMessage", on_delete=models.PROTECT, db_constraint=False, db_index=False
    )
    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.PROTECT, db_constraint=False, db_index=False
    )
    url = models.CharField(max_length=2000, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, default=timezone.now)
    delivered_at = models.DateTimeField(null=True)
    last_status = models.PositiveSmallIntegerField(null=True)
    last_error = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "endpoint"], name="one_delivery_per_endpoint")
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="delivery_due",
                condition=Q(next_attempt_at__isnull=False),
            ),
            models.Index(
                fields=["created_at"],
                name="delivery_settled",
                condition=Q(next_attempt_at__isnull=True),
            ),
            models.Index(fields=["endpoint", "id"], name="deliveries_of_an_endpoint"),
        ]

    def __str__(self) -> str:
        return f"{self.public_id}: {self.status}"

    @property
    def status(self) -> str:
        """pending, succeeded or failed."""
        if self.next_attempt_at is not None:
            return "pending"
        return "succeeded" if self.delivered_at else "failed"


class WebhookAttempt(TenantPart):
    """One post as it was sent, and what came of it. `ms` is until the answer, or until we left."""

    delivery = models.ForeignKey(
        WebhookDelivery, on_delete=models.CASCADE, db_constraint=False, related_name="log"
    )
    at = models.DateTimeField(default=timezone.now)
    ms = models.PositiveIntegerField()
    url = models.CharField(max_length=2000)
    request_headers = models.JSONField()
    request_body = models.TextField()
    status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=60, blank=True)
    answer = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.status or self.error}"
