"""Our accounts at the upstreams: operators' rows, not a tenant's."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from kling_saas.lib.sealing import seal, unseal


class Protocol(models.TextChoices):
    """Which wire format the account speaks."""

    KLING = "kling", "Kling (legacy standard)"
    KLING_2026 = "kling_2026", "Kling (2026 standard)"
    SEGMIND = "segmind", "Segmind v2 (submit and poll)"
    SEGMIND_V1 = "segmind_v1", "Segmind v1 (blocking)"
    LLMPROVIDER = "llmprovider", "llmprovider"


class ProviderAccount(models.Model):
    """Lower `priority` is tried first. Credentials are sealed and bound to the name.

    `credential` is `key` or `access_key|secret_key`, as each vendor issues it.
    """

    name = models.SlugField(max_length=40, unique=True)
    protocol = models.CharField(max_length=12, choices=Protocol.choices)
    base_url = models.URLField(max_length=300)
    sealed_credential = models.TextField(blank=True, editable=False)
    enabled = models.BooleanField(default=True)
    is_sandbox = models.BooleanField(default=False)
    serves_live = models.BooleanField(default=True)
    serves_test = models.BooleanField(default=False)
    priority = models.PositiveSmallIntegerField(default=100)
    concurrency = models.PositiveIntegerField(default=5)
    max_seconds = models.PositiveSmallIntegerField(default=15)
    paused_until = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["priority", "id"]

    def __str__(self) -> str:
        return self.name

    def set_credential(self, text: str) -> None:
        """Seal a new credential; the row is not saved."""
        self.sealed_credential = seal(text, bound_to=f"provider_account:{self.name}")

    def credential(self) -> str:
        """The credential in clear. Raises SealBroken when it cannot be opened."""
        return unseal(self.sealed_credential, bound_to=f"provider_account:{self.name}")


class RefusedModel(models.Model):
    """A model an account does not serve, until a moment or for good.

    For good when the upstream said "discontinued", or an operator did.
    """

    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE)
    model = models.CharField(max_length=40)
    reason = models.CharField(max_length=300)
    until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "model"], name="refused_once_per_account")
        ]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.model}"
