"""How a program proves for whom it acts: bearer keys, and access-key pairs that sign JWTs."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.scopes import Scope, usual
from accounts.tenancy import TenantRow


class Credential(TenantRow):
    """What both kinds of credential share. Revoked or expired ones open nothing.

    `allowed_models` and `allowed_networks` (CIDR) say what is made and from where; empty: anything,
    anywhere.
    After a rotation the secret before opens the door too, until `previous_until`.
    """

    name = models.CharField(max_length=80)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope.choices), default=usual)
    allowed_models = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    allowed_networks = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    requests_per_minute = models.PositiveIntegerField(
        null=True, blank=True, help_text="Empty: RATE_LIMIT_KEY."
    )
    previous_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(scopes__len__gt=0, scopes__contained_by=Scope.values),
                name="%(class)s_has_known_scopes",
            )
        ]


class ApiKey(Credential):
    """`ksk_live_…` / `ksk_test_…`. Only a SHA-256 is stored: 178 random bits need no slow hash."""

    key_id = models.CharField(max_length=8, unique=True)
    secret_hash = models.BinaryField(max_length=32)
    previous_hash = models.BinaryField(max_length=32, null=True, blank=True)
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
    previous_secret = models.TextField(blank=True, default="", help_text="Sealed as well.")

    def __str__(self) -> str:
        return self.access_key


class EndUserToken(TenantRow):
    """`kut_live_…` / `kut_test_…`: opens one end user's orders to a browser, for a while.

    It was minted by a key, ends with it, and spends as that key does.
    """

    token_id = models.CharField(max_length=8, unique=True)
    secret_hash = models.BinaryField(max_length=32)
    end_user = models.CharField(max_length=64)
    api_key = models.ForeignKey(
        ApiKey, null=True, blank=True, on_delete=models.PROTECT, db_constraint=False
    )
    access_key = models.ForeignKey(
        AccessKey, null=True, blank=True, on_delete=models.PROTECT, db_constraint=False
    )
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope.choices))
    allowed_models = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(end_user=""), name="token_is_somebodys"),
            models.CheckConstraint(
                condition=Q(scopes__len__gt=0, scopes__contained_by=[Scope.GENERATE, Scope.READ]),
                name="token_only_makes_and_reads",
            ),
            models.CheckConstraint(
                condition=Q(api_key=None) ^ Q(access_key=None), name="token_has_one_parent"
            ),
        ]
        indexes = [models.Index(fields=["expires_at"], name="token_over")]

    def __str__(self) -> str:
        return f"kut_{'live' if self.livemode else 'test'}_{self.token_id}…"
