"""A stored sound: exists only when the file is verified and in place."""

from __future__ import annotations

from django.db import models

from generations.models.retained import Retained
from kling_saas.lib.ids import public_id


def new_audio_id() -> str:
    return public_id("aud")


class Audio(Retained):
    """`key` is a storage name; `duration_ms` as measured."""

    public_id = models.CharField(max_length=40, unique=True, default=new_audio_id)
    generation = models.OneToOneField(
        "generations.Generation", on_delete=models.PROTECT, db_constraint=False
    )
    key = models.CharField(max_length=200)
    wav_key = models.CharField(
        max_length=200, blank=True, help_text="The same as WAV, where Kling gives both."
    )
    content_type = models.CharField(max_length=20)
    bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    duration_ms = models.PositiveIntegerField()

    KEYS = "key", "wav_key"

    def __str__(self) -> str:
        return self.public_id
