"""Pictures of the faces that an upstream found in a film: stored as films are, told by our links.

The upstream's own links end, and show whose they are: nobody is told them. A picture that cannot be
had is left out, for the faces are what was ordered.
"""

from __future__ import annotations

import hashlib
import io
import logging
import time
from collections.abc import Mapping
from itertools import chain, repeat
from typing import Any

from generations import storage, uploads
from generations.models import Generation
from generations.owned import FACES, faces_in
from kling_saas.lib import http

log = logging.getLogger(__name__)
_PICTURE, _KEYS = "face_image", "face_keys"
_MOST = 20  # faces whose pictures are kept
_BYTES = 5 * 2**20  # of one picture
_SECONDS = 20.0  # for all of them
_SIDE = 512  # px


def keep(generation: Generation) -> None:
    """Fetch and store their pictures, and note in `made` where they are; what is noted stays.

    Raises the storage's trouble.
    """
    if _KEYS in generation.made:
        return
    until = time.monotonic() + _SECONDS
    faces = [face if isinstance(face, Mapping) else {} for face in faces_in(generation)]
    generation.made[_KEYS] = [
        _kept(generation, face.get(_PICTURE), until) for face in faces[:_MOST]
    ]


def keys(made: Mapping[str, Any]) -> list[str]:
    """Where the pictures lie, of what is kept of a result."""
    return [key for key in made.get(_KEYS, ()) if key]


def told(generation: Generation) -> dict[str, Any]:
    """The faces with our links: `{"face_data": [...]}`; empty for everything that finds none."""
    kept = chain(generation.made.get(_KEYS, ()), repeat(None))
    faces = [
        {**face, _PICTURE: storage.link(key) if key else None}
        for face, key in zip(faces_in(generation), kept, strict=False)
        if isinstance(face, Mapping)
    ]
    return {FACES: faces} if faces else {}


def _kept(generation: Generation, link: object, until: float) -> str | None:
    """The key of one picture; None when it cannot be had."""
    left = until - time.monotonic()
    if not isinstance(link, str) or not link or left <= 0:
        return None
    try:
        image = uploads.opened(b"".join(http.fetch(link, max_bytes=_BYTES, max_seconds=left)))
    except (http.FetchFailed, http.BlockedAddress, uploads.UnreadableImage) as error:
        log.warning("%s: the picture of a face is left out: %s", generation.public_id, error)
        return None
    image.thumbnail((_SIDE, _SIDE))
    out = io.BytesIO()
    image.convert("RGB").save(out, "WEBP", quality=80, method=2)
    key = storage.picture_key(generation.public_id, hashlib.sha256(out.getvalue()).hexdigest())
    storage.put(key, io.BytesIO(out.getvalue()))
    return key
