"""An invitation into an organisation, sent by mail to one address."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.organisation import Role
from accounts.tenancy import OrganisationOwned
from kling_saas.lib.ids import public_id


def new_invitation_id() -> str:
    return public_id("inv")


class Invitation(OrganisationOwned):
    """Used once, until `expires_at`. Its mail is owed while `next_attempt_at` is set."""

    public_id = models.CharField(max_length=40, unique=True, default=new_invitation_id)
    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=12, choices=Role.choices)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="To send its mail.")
    next_attempt_at = models.DateTimeField(null=True, blank=True, default=timezone.now)
    mailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "email"],
                name="one_open_invitation_per_address",
                condition=Q(accepted_at=None, revoked_at=None),
            ),
            models.CheckConstraint(
                condition=Q(role__in=Role.values), name="invitation_to_a_known_role"
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None) | Q(revoked_at=None), name="invitation_ends_once"
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "-id"], name="invitation_listing"),
            models.Index(
                fields=["next_attempt_at"],
                name="invitation_unmailed",
                condition=Q(next_attempt_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} as {self.role}"

    @property
    def status(self) -> str:
        """`accepted`, `revoked`, `expired` or `open`."""
        if self.accepted_at:
            return "accepted"
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at <= timezone.now() else "open"
