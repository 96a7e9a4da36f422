"""What a film was made of, and what was made of it."""

from __future__ import annotations

from accounts import tenancy
from accounts.actors import Actor
from generations import retention, terms
from generations.catalogue.params import Params
from generations.gallery import finding
from generations.models import Video

_MOST = 12


def parents(actor: Actor, film: Video) -> list[Video]:
    """The films that it went on from, those that are shown."""
    names = terms.named_in(Params.from_json(film.generation.params))
    with tenancy.scope(actor.organisation_id):
        return finding.shown(actor, names)


def children(actor: Actor, film: Video) -> list[Video]:
    """The newest films that were made out of it, those that are shown."""
    with tenancy.scope(actor.organisation_id):
        made = finding.mine(actor).filter(retention.SHOWN, terms.made_of(film))
        return list(made.order_by("-pk")[:_MOST])
