"""Collections: films under names, one within the other. No film is ever deleted with one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet

from accounts import tenancy
from accounts.actors import Actor
from generations import retention
from generations.errors import NameTaken, TooDeep
from generations.gallery import finding
from generations.models import Collection, Placement, Video
from generations.models.library import DEEPEST
from kling_saas.lib import pages
from kling_saas.lib.postgresql import locks
from kling_saas.lib.refusals import NotFound

NAME_MAX = 100


@dataclass(frozen=True, slots=True)
class Shelves:
    """A page of collections; `films` counts what is shown of each, by their keys."""

    collections: list[Collection]
    films: dict[int, int]
    after: str | None


def _mine(actor: Actor) -> QuerySet[Collection]:
    rows: QuerySet[Collection] = Collection.objects.filter(
        organisation_id=actor.organisation_id, livemode=actor.livemode
    )
    return rows.select_related("parent")


def find(actor: Actor, public_id: str) -> Collection:
    """A collection of the actor's. Raises NotFound."""
    with tenancy.scope(actor.organisation_id):
        found = _mine(actor).filter(public_id=public_id).first()
    if found is None:
        raise NotFound(f"There is no collection {public_id[:60]!r}.")
    return found


def named(actor: Actor, name: str) -> Collection | None:
    """The collection of this id or name, in whatever case; of several the one nearest the top."""
    with tenancy.scope(actor.organisation_id):
        called = Q(public_id=name) | Q(name__iexact=name)
        return _mine(actor).filter(called).order_by("depth", "pk").first()


def page(actor: Actor, *, within: str | None = None, after: str = "", limit: int = 20) -> Shelves:
    """Newest first; `within` a collection, on top for "". Raises NotFound."""
    with tenancy.scope(actor.organisation_id):
        rows = _mine(actor)
        if within is not None:
            rows = rows.filter(parent=find(actor, within).pk if within else None)
        if after:
            rows = rows.filter(pk__lt=find(actor, after).pk)
        shown, last = pages.first(rows.order_by("-pk"), limit)
        return Shelves(shown, counts(shown), last)


def counts(collections: Sequence[Collection]) -> dict[int, int]:
    """How many films are shown in each, by their keys. Needs their owner's scope."""
    shown = Video.objects.filter(retention.SHOWN)
    keys = [each.pk for each in collections]
    placed = Placement.objects.filter(collection__in=keys, video__in=shown)
    told = placed.values_list("collection").annotate(films=Count("pk"))
    return defaultdict(int, told.order_by())


def covers(collections: Sequence[Collection]) -> dict[int, Video]:
    """The newest film that is shown of each, by their keys. Needs their owner's scope."""
    shown = Video.objects.filter(retention.SHOWN)
    keys = [each.pk for each in collections]
    placed = Placement.objects.filter(collection__in=keys, video__in=shown)
    newest = placed.order_by("collection", "-video").distinct("collection")
    return {each.collection_id: each.video for each in newest.select_related("video__generation")}


def make(actor: Actor, name: str, parent: str | None = None) -> Collection:
    """A new collection. Raises Forbidden, NotFound for its parent, NameTaken and TooDeep."""
    finding.must_change(actor)
    with tenancy.scope(actor.organisation_id), _kept_in_order(actor):
        above = find(actor, parent) if parent else None
        made = Collection.objects.create(
            organisation_id=actor.organisation_id,
            livemode=actor.livemode,
            name=name,
            parent=above,
            parent_depth=above.depth if above else None,
        )
    return find(actor, made.public_id)


def change(
    actor: Actor,
    public_id: str,
    *,
    name: str | None = None,
    move: bool = False,
    to: str | None = None,
) -> Collection:
    """Rename a collection, or `move` it with all in it, into another or to the top (None).

    Raises Forbidden, NotFound, NameTaken and TooDeep.
    """
    finding.must_change(actor)
    with tenancy.scope(actor.organisation_id), _kept_in_order(actor):
        row = find(actor, public_id)
        above = find(actor, to) if to else None
        changes: dict[str, object] = {} if name is None else {"name": name}
        if move:
            changes |= {"parent": above, "parent_depth": above.depth if above else None}
        Collection.objects.filter(pk=row.pk).update(**changes)
    return find(actor, public_id)


def remove(actor: Actor, public_id: str) -> None:
    """Remove a collection and those in it; the films stay. Raises Forbidden and NotFound."""
    finding.must_change(actor)
    with tenancy.scope(actor.organisation_id), _kept_in_order(actor):
        find(actor, public_id).delete()


@contextmanager
def _kept_in_order(actor: Actor) -> Iterator[None]:
    """One change of the tree at a time; what the database refuses is told. Needs a scope."""
    locks.hold(f"collections/{actor.organisation_id}/{actor.livemode}")
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        broken = str(error)
        if "one_collection_of_a_name" in broken:
            raise NameTaken("There is a collection of this name already: choose another.") from None
        if "collection_is_not_too_deep" in broken or "collection_above" in broken:
            raise TooDeep(
                f"Collections lie at most {DEEPEST} deep, and none within itself: choose another "
                "parent."
            ) from None
        raise


def put(actor: Actor, public_id: str, names: Sequence[str]) -> list[Video]:
    """Put films into a collection. Repeatable. Raises Forbidden and NotFound."""
    finding.must_change(actor)
    films = finding.many(actor, names)
    with tenancy.scope(actor.organisation_id), _kept_in_order(actor):
        shelf = find(actor, public_id)
        Placement.objects.bulk_create(
            [
                Placement(
                    organisation_id=actor.organisation_id,
                    livemode=actor.livemode,
                    collection=shelf,
                    video=film,
                )
                for film in films
            ],
            ignore_conflicts=True,
        )
    return films


def take(actor: Actor, public_id: str, names: Sequence[str]) -> list[Video]:
    """Take films out of a collection. Repeatable. Raises Forbidden and NotFound."""
    finding.must_change(actor)
    films = finding.many(actor, names)
    with tenancy.scope(actor.organisation_id):
        shelf = find(actor, public_id)
        placed = Placement.objects.filter(collection=shelf.pk)
        placed.filter(video__in=[film.pk for film in films]).delete()
    return films


def holding(actor: Actor, film: Video) -> list[Collection]:
    """The collections that a film is in, by their names."""
    with tenancy.scope(actor.organisation_id):
        placed = Placement.objects.filter(video=film).values("collection")
        return list(_mine(actor).filter(pk__in=placed).order_by("name"))


def of(films: Sequence[Video]) -> dict[int, list[str]]:
    """The ids of the collections that films are in, by the films' keys. Needs a scope."""
    found: dict[int, list[str]] = defaultdict(list)
    placed = Placement.objects.filter(video__in=[film.pk for film in films])
    for video, name in placed.order_by("pk").values_list("video", "collection__public_id"):
        found[video].append(name)
    return found
