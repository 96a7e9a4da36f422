"""Hover previews: made after a film is settled, so that they can never fail one."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db.models import F
from django.db.models.functions import Now

from accounts import tenancy
from generations import retention, storage
from generations.films import BadFilm, preview
from generations.models import Video
from kling_saas.lib import scratch

log = logging.getLogger(__name__)
_TROUBLE: tuple[type[Exception], ...] = (BadFilm, *storage.TROUBLE)
_TRIES = 3
_LEASE = timedelta(seconds=120)


def run() -> int:
    """Make one preview that is due; the number handled (0 or 1)."""
    with tenancy.system("previews are made for every tenant"):
        video = (
            Video.objects.filter(retention.KEPT, preview_due_at__lte=Now())
            .order_by("preview_due_at")
            .select_for_update(skip_locked=True)
            .first()
        )
        if video is None:
            return 0
        if video.preview_attempts >= _TRIES:  # a film that killed whoever tried
            Video.objects.filter(pk=video.pk).update(preview_due_at=None)
            return 1
        # Due again later if we die; counted before the work.
        Video.objects.filter(pk=video.pk).update(
            preview_due_at=Now() + _LEASE, preview_attempts=F("preview_attempts") + 1
        )
    try:
        key = _make(video)
        if not _shown(video, key):
            storage.remove(key)
    except _TROUBLE as error:
        log.warning("%s: %s", video.public_id, error)
        if video.preview_attempts + 1 >= _TRIES:
            with tenancy.scope(video.organisation_id):
                Video.objects.filter(pk=video.pk).update(preview_due_at=None)
    return 1


def _shown(video: Video, key: str) -> bool:
    """False when the film's time was over before: its sweep knows nothing of the preview."""
    with tenancy.scope(video.organisation_id):
        kept = retention.held(Video.objects.filter(pk=video.pk))
        return bool(kept.update(preview_key=key, preview_due_at=None))


def _make(video: Video) -> str:
    key = video.key.removesuffix(".mp4") + ".preview.mp4"
    with scratch.folder() as folder:
        source, target = folder / "film.mp4", folder / "preview.mp4"
        with storage.open_file(video.key) as stored, source.open("wb") as file:
            while chunk := stored.read(256 * 1024):
                file.write(chunk)
        preview(source, target)
        with target.open("rb") as made:
            storage.put(key, made)
    return key
