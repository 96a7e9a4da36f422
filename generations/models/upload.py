"""What a customer sent: images checked and re-encoded, films and sounds measured; once each."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.tenancy import TenantRow
from kling_saas.lib.ids import public_id


def new_upload_id() -> str:
    return public_id("upl")


class Upload(TenantRow):
    """The same bytes sent twice are one upload. Sounds have no size, images no `duration_ms`.

    `used_at` is set in the transaction that accepts an order. What has none is deleted by
    itself, what has one by its owner or by what its orders asked for, and never while an order
    under way names it.
    """

    public_id = models.CharField(max_length=40, unique=True, default=new_upload_id)
    sha256 = models.CharField(max_length=64)
    key = models.CharField(max_length=200)
    content_type = models.CharField(max_length=20)
    bytes = models.PositiveIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    fps = models.FloatField(null=True, blank=True, help_text="Frames a second; films alone.")
    duration_ms = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(default=timezone.now, help_text="When it came last.")
    used_at = models.DateTimeField(
        null=True, blank=True, help_text="When a generation first referred to it; null: none does."
    )
    orders = models.PositiveIntegerField(
        default=0,
        db_default=0,
        help_text="How many orders named it, without those that asked for its end and had it.",
    )
    sent_by = models.CharField(
        max_length=64, null=True, blank=True,
        help_text="The end user who sent it by itself; empty: you, or several; "
        "null: it came in orders alone.",
    )  # fmt: skip

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "livemode", "sha256"], name="one_upload_per_content"
            )
        ]
        indexes = [
            models.Index(fields=["sent_at"], name="upload_unused", condition=Q(used_at=None)),
            models.Index(fields=["key"], name="upload_by_key"),
            models.Index(fields=["organisation", "livemode", "-id"], name="upload_listing"),
        ]

    def __str__(self) -> str:
        return self.public_id
