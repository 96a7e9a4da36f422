"""What a customer writes on films: a title, tags, a mark for those that are liked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from accounts import tenancy
from accounts.actors import Actor
from generations import terms
from generations.gallery import finding
from generations.models import Video

TITLE_MAX, TAGS_MAX, TAG_MAX = 200, 20, 40


def write(actor: Actor, name: str, **labels: Any) -> Video:
    """Set `title`, `tags` or `favourite` of a film. Raises Forbidden and NotFound."""
    finding.must_change(actor)
    found = finding.one(actor, name)
    with tenancy.scope(actor.organisation_id):
        # Locked before it is read: its terms are of all its labels, whoever writes another one.
        locked = finding.mine(actor).select_for_update(no_key=True, of=("self",))
        film: Video = locked.get(pk=found.pk)
        for label, value in labels.items():
            setattr(film, label, value)
        film.save(update_fields=list(labels))
        if labels.keys() - {"favourite"} and not film.over:
            terms.keep([film])
    return film


def mark(actor: Actor, names: Sequence[str], *, favourite: bool) -> list[Video]:
    """Set or take away the mark of films. Raises Forbidden and NotFound."""
    finding.must_change(actor)
    films = finding.many(actor, names)
    with tenancy.scope(actor.organisation_id):
        Video.objects.filter(pk__in=[film.pk for film in films]).update(favourite=favourite)
    for film in films:
        film.favourite = favourite
    return films
