"""A link by which strangers see one film."""

from __future__ import annotations

import hashlib

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.tenancy import TenantPart
from kling_saas.lib.ids import public_id
from kling_saas.lib.sealing import SealBroken, seal, unseal


def new_share_id() -> str:
    return public_id("shr")


class Visibility(models.TextChoices):
    """Whether search engines may name the page."""

    UNLISTED = "unlisted", "Unlisted"
    PUBLIC = "public", "Public"


class Share(TenantPart):
    """The link's secret stands here twice: as a hash, by which a visitor's is found, and sealed.

    The hash alone would do for visitors. Who made the link has to see it again, in a list or on
    another day, and would otherwise make a second one and forget the first. Sealed, a copy of the
    database opens no film to whoever has not the keys of ENCRYPTION_KEYS too.
    """

    public_id = models.CharField(max_length=40, unique=True, default=new_share_id)
    video = models.ForeignKey("generations.Video", on_delete=models.PROTECT, db_constraint=False)
    token_hash = models.CharField(max_length=64, unique=True)
    token_sealed = models.CharField(max_length=200)
    password = models.CharField(max_length=200, blank=True, help_text="Its hash; empty: none.")
    visibility = models.CharField(
        max_length=8, choices=Visibility.choices, default=Visibility.UNLISTED
    )
    max_views = models.PositiveIntegerField(null=True, blank=True)
    views = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(
        default=0, help_text="Wrong passwords since `tried_since`."
    )
    tried_since = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(max_views=None) | Q(views__lte=F("max_views")),
                name="share_is_seen_as_often_as_allowed",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at=None) | Q(expires_at__lte=F("revoked_at")),
                name="share_ends_when_revoked",
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"], name="share_ends", condition=Q(expires_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return self.public_id

    def set_token(self, token: str) -> None:
        """Make `token` the secret of its link."""
        self.token_hash = hash_of(token)
        self.token_sealed = seal(token, bound_to=self._row)

    @property
    def token(self) -> str | None:
        """The secret of its link; None where the key that it was sealed with is gone."""
        try:
            return unseal(self.token_sealed, bound_to=self._row)
        except SealBroken:
            return None

    @property
    def _row(self) -> str:
        return f"share:{self.public_id}"

    @property
    def over(self) -> bool:
        """Whether it was revoked, or its time is over, or its film is not shown any more."""
        ended = self.expires_at is not None and self.expires_at <= timezone.now()
        return ended or self.video.away

    @property
    def gated(self) -> bool:
        """Whether a visitor is asked before the film is shown."""
        return bool(self.password) or self.max_views is not None


def hash_of(token: str) -> str:
    """As the secret of a link is looked up."""
    return hashlib.sha256(token.encode()).hexdigest()
