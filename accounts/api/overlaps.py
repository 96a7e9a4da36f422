"""How long a secret still works beside the one that replaced it."""

from __future__ import annotations

from datetime import timedelta

from kling_saas.api.fields import Fields

OVERLAP_SECONDS, OVERLAP_MOST = 24 * 3600, 7 * 24 * 3600


def read(body: dict[str, object]) -> timedelta:
    """The `overlap` that a rotation asks for, seconds. Raises InvalidFields."""
    fields = Fields(body, ("overlap",))
    seconds = fields.whole("overlap", 0, OVERLAP_MOST)
    fields.done()
    return timedelta(seconds=OVERLAP_SECONDS if seconds is None else seconds)
