"""The organisation: owner of everything in the product, and who may act for it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from accounts.tenancy import OrganisationOwned, TenantManager
from kling_saas.lib.ids import public_id


def new_organisation_id() -> str:
    return public_id("org")


class Role(models.TextChoices):
    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    BILLING = "billing", "Billing"
    DEVELOPER = "developer", "Developer"
    CREATOR = "creator", "Creator"
    VIEWER = "viewer", "Viewer"


def given_weight() -> int:
    """Turns of a new organisation."""
    return int(settings.DISPATCH_WEIGHT)


def given_concurrency() -> int | None:
    """Films of a new organisation that may be under way at once; None is as many as there fit."""
    return int(settings.ORGANISATION_CONCURRENCY) or None


class Organisation(models.Model):
    """A customer: one person or a company. Suspended ones may read but order nothing.

    While several wait, one with `dispatch_weight` 3 gets three turns for another's one. At most
    `concurrency` of its films, live and test counted apart, are between hand-over and end; what is
    ordered beyond that waits in its queue.
    """

    public_id = models.CharField(max_length=40, unique=True, default=new_organisation_id)
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField(default=timezone.now)
    suspended_at = models.DateTimeField(null=True, blank=True)
    signup_network = models.CharField(max_length=64, blank=True)
    is_first = models.BooleanField(
        default=True, db_default=True, help_text="Its founder had none before: credits to welcome."
    )
    dispatch_weight = models.PositiveSmallIntegerField(
        default=given_weight, db_default=1, help_text="Turns while others wait too, 1 to 100."
    )
    concurrency = models.PositiveIntegerField(
        default=given_concurrency,
        null=True,
        blank=True,
        help_text="Films under way at once, live and test apart; empty: no limit.",
    )
    requests_per_minute = models.PositiveIntegerField(
        null=True, blank=True, help_text="Over the API; empty: RATE_LIMIT_ORGANISATION."
    )

    objects = TenantManager["Organisation"]()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(dispatch_weight__range=(1, 100)),
                name="weight_is_1_to_100",
                violation_error_message="Choose a weight from 1 to 100.",
            ),
            models.CheckConstraint(
                condition=models.Q(concurrency=None) | models.Q(concurrency__gte=1),
                name="some_film_may_be_made",
                violation_error_message="Allow at least one film, or leave it empty for no limit.",
            ),
            models.CheckConstraint(
                condition=models.Q(requests_per_minute=None) | models.Q(requests_per_minute__gte=1),
                name="some_request_may_be_sent",
                violation_error_message="Allow at least one request, or leave it empty.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(OrganisationOwned):
    """A person's role in an organisation."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    role = models.CharField(max_length=12, choices=Role.choices)
    created_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(null=True, blank=True, help_text="To the hour.")
    jobs_seen_at = models.DateTimeField(
        default=timezone.now,
        db_default=Now(),
        help_text="What ended of theirs before is no news to them.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "user"], name="one_role_per_member"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="known_role"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.organisation_id}: {self.role}"
