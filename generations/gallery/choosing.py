"""Many films at once: those that were named, or all that a search finds."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings

from accounts import tenancy
from accounts.actors import Actor
from generations import terms
from generations.gallery import finding, listing
from generations.gallery.labels import TAGS_MAX
from generations.gallery.listing import Wanted
from generations.models import Video
from kling_saas.lib.refusals import Conflict


def matching(actor: Actor, wanted: Wanted) -> list[Video]:
    """All that are wanted. Raises NotFound, and Conflict for more than LIBRARY_BULK_MAX."""
    most = settings.LIBRARY_BULK_MAX
    found = listing.page(actor, wanted, limit=most)
    if found.after:
        raise Conflict(f"More than {most:,} films match: narrow the search down.")
    return found.films


def tag(actor: Actor, names: Sequence[str], tags: Sequence[str]) -> list[Video]:
    """Add tags to films: to all of them, or to none when one would have too many.

    Raises Forbidden, NotFound and Conflict.
    """
    finding.must_change(actor)
    films = finding.many(actor, names)
    with tenancy.scope(actor.organisation_id):
        locked = finding.mine(actor).select_for_update(no_key=True, of=("self",)).order_by("pk")
        films = list(locked.filter(pk__in=[film.pk for film in films]))
        for film in films:
            film.tags = list(dict.fromkeys([*film.tags, *tags]))
            if len(film.tags) > TAGS_MAX:
                raise Conflict(f"{film.public_id} would have more than {TAGS_MAX} tags.")
        Video.objects.bulk_update(films, ["tags"], batch_size=500)
        terms.keep([film for film in films if not film.over])
    return films
