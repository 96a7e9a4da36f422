"""The organisation: owner of everything in the product, and who may act for it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
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


class Organisation(models.Model):
    """A customer: one person or a company. Suspended ones may read but order nothing."""

    public_id = models.CharField(max_length=40, unique=True, default=new_organisation_id)
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField(default=timezone.now)
    suspended_at = models.DateTimeField(null=True, blank=True)
    signup_network = models.CharField(max_length=64, blank=True)

    objects = TenantManager["Organisation"]()

    def __str__(self) -> str:
        return self.name


class Membership(OrganisationOwned):
    """A person's role in an organisation."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    role = models.CharField(max_length=12, choices=Role.choices)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "user"], name="one_role_per_member"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="known_role"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.organisation_id}: {self.role}"
