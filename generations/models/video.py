"""A stored film: exists only when the file is verified and in place."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from generations.models.retained import Retained
from kling_saas.lib.ids import public_id


def new_video_id() -> str:
    return public_id("vid")


class Video(Retained):
    """Keys are storage names; sizes in bytes and pixels, `duration_ms` as measured."""

    public_id = models.CharField(max_length=40, unique=True, default=new_video_id)
    generation = models.OneToOneField(
        "generations.Generation", on_delete=models.PROTECT, db_constraint=False
    )
    key = models.CharField(max_length=200)
    poster_key = models.CharField(max_length=200)
    marked_key = models.CharField(
        max_length=200, blank=True, help_text="The same film with the watermark that was ordered."
    )
    preview_key = models.CharField(max_length=200, blank=True)
    preview_due_at = models.DateTimeField(null=True, blank=True, default=timezone.now)
    preview_attempts = models.PositiveSmallIntegerField(default=0)
    bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    duration_ms = models.PositiveIntegerField()
    has_sound = models.BooleanField()
    title = models.CharField(max_length=200, blank=True, default="", db_default="")
    tags = ArrayField(models.CharField(max_length=40), blank=True, default=list, db_default=[])
    favourite = models.BooleanField(default=False, db_default=False)

    KEYS = "key", "poster_key", "preview_key", "marked_key"

    class Meta(Retained.Meta):
        indexes = [
            *Retained.Meta.indexes,
            models.Index(fields=["organisation", "livemode", "-id"], name="video_listing"),
            models.Index(
                fields=["organisation", "livemode", "-id"],
                name="video_favourites",
                condition=Q(favourite=True),
            ),
            models.Index(
                fields=["organisation", "livemode", "-id"],
                name="video_trash",
                condition=Q(trashed_at__isnull=False),
            ),
            models.Index(
                fields=["preview_due_at"],
                name="preview_due",
                condition=Q(preview_due_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id
