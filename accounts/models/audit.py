"""One line per act that matters: who, what, on what, from where. Append-only."""

from __future__ import annotations

from contextvars import ContextVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.tenancy import OrganisationOwned

came_from: ContextVar[str | None] = ContextVar("came_from", default=None)


def here() -> str | None:
    """The address that the request at hand came from; None of what nobody asked for over HTTP."""
    return came_from.get()


class AuditEvent(OrganisationOwned):
    """Never updated or deleted: the database refuses both."""

    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=80, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True, default=here)
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [models.Index(fields=["organisation", "-id"], name="audit_listing")]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"
