"""Pictures out of films: a last frame, for the next film to begin with."""

from __future__ import annotations

import io
from pathlib import Path

from accounts.actors import Actor
from generations import storage, uploads
from generations.errors import NotKept
from generations.films import last_frame
from generations.gallery import finding
from generations.models import Upload, Video
from kling_saas.lib import scratch


def last(actor: Actor, film: Video) -> Upload:
    """A film's last frame as an upload; the same one each time.

    Raises Forbidden, BadFilm, and NotKept for what is in the trash or over.
    """
    finding.must_change(actor)
    if film.away:
        raise NotKept(f"{film.public_id} {film.farewell}.")
    with scratch.folder() as folder:
        image = last_frame(_fetched(film.key, folder / "film.mp4"))
    out = io.BytesIO()
    image.save(out, "PNG")
    return uploads.store(actor, out.getvalue(), alone=True)


def _fetched(key: str, place: Path) -> Path:
    with storage.open_file(key) as stored, place.open("wb") as file:
        while chunk := stored.read(256 * 1024):
            file.write(chunk)
    return place
