"""The films of the library, newest first, and what narrows them down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db.models import Q

from accounts import tenancy
from accounts.actors import Actor
from generations import retention, terms
from generations.catalogue import registry
from generations.gallery import finding, sorting
from generations.models import Placement, Video
from kling_saas.lib import pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What films are to have; empty fields let all through.

    `words` must all stand in the prompts, the title, the tags or what is spoken. `facts` are of
    `terms.FACTS`; all of the `tags`; `cost` is the least and the most credits. `collection` is a
    collection's id. `trashed`: those in the trash instead.
    """

    words: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    reference: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    tags: Sequence[str] = ()
    cost: tuple[int, int] | None = None
    favourite: bool | None = None
    collection: str = ""
    since: datetime | None = None
    until: datetime | None = None
    trashed: bool = False


@dataclass(frozen=True, slots=True)
class Films:
    """A page; `after` is the cursor of the next one, None when there is none."""

    films: list[Video]
    after: str | None


def page(actor: Actor, wanted: Wanted, *, after: str = "", limit: int = 20) -> Films:
    """Newest first; films made later never shift a page.

    Raises NotFound for a cursor or a collection that is not the actor's.
    """
    with tenancy.scope(actor.organisation_id):
        rows = finding.mine(actor).filter(*_conditions(actor, wanted))
        if after:
            rows = rows.filter(pk__lt=finding.one(actor, after).pk)
        return Films(*pages.first(rows.order_by("-pk"), limit))


def _conditions(actor: Actor, wanted: Wanted) -> list[Q]:
    found = [retention.KEPT & Q(trashed_at__isnull=not wanted.trashed)]
    for name, value in wanted.facts.items():
        spec = registry.resolve(value) if name == "model" else None
        found.append(terms.having(terms.fact(name, spec.name if spec else value)))
    found += [terms.having(terms.tag(each)) for each in wanted.tags]
    if wanted.cost:
        found.append(terms.costing(*wanted.cost))
    said = terms.said(wanted.words)
    facts = {terms.metadata(*entry) for entry in wanted.metadata.items()}
    if wanted.reference:
        facts.add(terms.reference(wanted.reference))
    if said or facts:
        found.append(terms.matching(actor, replace(said, whole=said.whole | facts)))
    if wanted.favourite is not None:
        found.append(Q(favourite=wanted.favourite))
    if wanted.since:
        found.append(Q(created_at__gte=wanted.since))
    if wanted.until:
        found.append(Q(created_at__lt=wanted.until))
    if wanted.collection:
        shelf = sorting.find(actor, wanted.collection)
        placed = Placement.objects.filter(collection=shelf.pk).values("video")
        found.append(Q(pk__in=placed))
    return found
