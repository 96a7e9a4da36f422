"""A film of the library as the native API tells it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from accounts import tenancy
from accounts.actors import Actor
from generations import presenting
from generations.api import shares
from generations.gallery import sharing, sorting
from generations.models import Video
from kling_saas.lib.moments import iso

_LINKS = ("url", "expires_at", "watermark_url", "poster_url", "preview_url")


def one(actor: Actor, film: Video) -> dict[str, Any]:
    """One film, with links made now."""
    return many(actor, [film])[0]


def many(actor: Actor, films: Sequence[Video]) -> list[dict[str, Any]]:
    """Those of a page, in as many statements as one takes."""
    with tenancy.scope(actor.organisation_id):
        shelves, links = sorting.of(films), sharing.open_of(films)
    return [
        {
            **_film(film),
            "collections": shelves.get(film.pk, []),
            "shares": [shares.told(share) for share in links.get(film.pk, [])],
        }
        for film in films
    ]


def _film(film: Video) -> dict[str, Any]:
    generation = film.generation
    media = presenting.video_json(generation, film)
    if film.over:
        media |= dict.fromkeys(_LINKS)
    return {
        "id": film.public_id,
        "object": "video",
        "livemode": film.livemode,
        "generation": generation.public_id,
        **media,
        "model": generation.model,
        "kind": generation.kind,
        "door": generation.door,
        "input": presenting.ordered(generation.params),
        "credits": {"quoted": generation.credits, "charged": generation.charged},
        "title": film.title or None,
        "tags": film.tags,
        "favourite": film.favourite,
        "reference": generation.reference or None,
        "metadata": generation.metadata,
        "created_at": iso(film.created_at),
        "trashed_at": iso(film.trashed_at),
        "deleted_at": iso(film.kept_until) if film.over else None,
    }
