"""How a program proves for whom it acts: bearer keys, and access-key pairs that sign JWTs."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.tenancy import TenantRow


class Credential(TenantRow):
    """What both kinds of credential share. Revoked or expired ones open nothing."""

    name = models.CharField(max_length=80)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class ApiKey(Credential):
    """`ksk_live_…` / `ksk_test_…`. Only a SHA-256 is stored: 178 random bits need no slow hash."""

    key_id = models.CharField(max_length=8, unique=True)
    secret_hash = models.BinaryField(max_length=32)
    last4 = models.CharField(max_length=4)
    raw_video = models.BooleanField(
        default=False, help_text="Segmind v1 answers the MP4 itself, without asking by Accept."
    )

    def __str__(self) -> str:
        return f"ksk_{'live' if self.livemode else 'test'}_{self.key_id}…{self.last4}"


class AccessKey(Credential):
    """An access key and the secret its holder signs HS256 JWTs with; sealed, bound to this row."""

    access_key = models.CharField(max_length=40, unique=True)
    sealed_secret = models.TextField()

    def __str__(self) -> str:
        return self.access_key
