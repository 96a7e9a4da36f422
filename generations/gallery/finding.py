"""The one door to a film of the library: what is not the actor's does not exist."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db.models import Q, QuerySet

from accounts import tenancy
from accounts.actors import Actor
from generations import retention
from generations.models import Video
from kling_saas.lib.refusals import Forbidden, NotFound

_MADE_AS = "gen_"


def mine(actor: Actor) -> QuerySet[Video]:
    """All films that the actor's organisation ever had in this mode. Needs its scope."""
    rows: QuerySet[Video] = Video.objects.filter(
        organisation_id=actor.organisation_id, livemode=actor.livemode
    )
    return rows.select_related("generation")


def _named(names: Sequence[str]) -> Iterator[Q]:
    """The films with these ids, their own or their generations': an index of each table serves
    one, and none serves both at once.
    """
    made_as = [name for name in names if name.startswith(_MADE_AS)]
    if made_as:
        yield Q(generation__public_id__in=made_as)
    if len(made_as) < len(names):
        yield Q(public_id__in=[name for name in names if not name.startswith(_MADE_AS)])


def one(actor: Actor, name: str) -> Video:
    """A film by its id or by its generation's, in the trash too. Raises NotFound."""
    return many(actor, [name])[0]


def many(actor: Actor, names: Sequence[str]) -> list[Video]:
    """These films, each once. Raises NotFound, which names those that are none of the actor's."""
    with tenancy.scope(actor.organisation_id):
        found = [film for which in _named(names) for film in mine(actor).filter(which)]
    known = {film.public_id: film for film in found}
    known |= {film.generation.public_id: film for film in found}
    missing = [name for name in names if name not in known]
    if missing:
        raise NotFound(f"There is no film {', '.join(name[:60] for name in missing[:5])}.")
    return list({known[name].pk: known[name] for name in names}.values())


def shown(actor: Actor, names: Sequence[str]) -> list[Video]:
    """Those of these films that are there and shown; needs the actor's scope."""
    return [
        film
        for which in _named(names)
        for film in mine(actor).filter(which).filter(retention.SHOWN)
    ]


def must_change(actor: Actor) -> None:
    """Raises Forbidden unless the actor may change what is in the library.

    It is the organisation's: an end user changes nothing in it.
    """
    if actor.end_user:
        raise Forbidden("An end user's token changes nothing in the library: ask your own server.")
    if not actor.may_order:
        raise Forbidden(f"Your role ({actor.role}) changes nothing in the library: ask an owner.")
