"""Recipes: settings of the studio that a person keeps under a name, and may give to their team."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from accounts import tenancy
from accounts.actors import Actor
from generations.errors import InvalidRequest
from generations.models import Recipe
from kling_saas.lib.postgresql import locks
from kling_saas.lib.refusals import Conflict, Forbidden, NotFound

NAME_MAX = 60


def of(actor: Actor) -> list[Recipe]:
    """The person's own, then the team's, each by name."""
    with tenancy.scope(actor.organisation_id):
        return sorted(_seen(actor), key=lambda each: (each.user_id != actor.user_id, each.name))


def find(actor: Actor, public_id: str) -> Recipe:
    """One that the person may use. Raises NotFound."""
    with tenancy.scope(actor.organisation_id):
        found = _seen(actor).filter(public_id=public_id).first()
    if found is None:
        raise NotFound(f"There is no recipe {public_id[:60]!r}.")
    return found


def keep(actor: Actor, name: str, fields: Mapping[str, Any], *, shared: bool) -> Recipe:
    """Keep these settings; what had that name before is replaced.

    Raises Forbidden, InvalidRequest about `name`, and Conflict above RECIPES_MAX.
    """
    user_id = _person(actor)
    if not 0 < len(name) <= NAME_MAX:
        raise InvalidRequest.one(
            "name", "wrong_length", f"A recipe needs a name of 1 to {NAME_MAX} characters."
        )
    with tenancy.scope(actor.organisation_id):
        locks.hold(f"recipes/{actor.organisation_id}/{user_id}")
        mine = _mine(actor)
        same = mine.filter(name__iexact=name).first()
        if same is None and mine.count() >= settings.RECIPES_MAX:
            raise Conflict(f"You keep {settings.RECIPES_MAX} recipes: remove one of them first.")
        kept = same or Recipe(organisation_id=actor.organisation_id, user_id=user_id)
        kept.name, kept.fields, kept.shared = name, dict(fields), shared
        kept.save()
    return kept


def remove(actor: Actor, public_id: str) -> None:
    """Forget one's own, or as owner or admin one of the team's. Raises Forbidden and NotFound."""
    _person(actor)
    found = find(actor, public_id)
    if found.user_id != actor.user_id and not actor.may_manage:
        raise Forbidden("This recipe is somebody else's: ask them, an owner or an admin.")
    with tenancy.scope(actor.organisation_id):
        found.delete()


def _person(actor: Actor) -> int:
    """Their key. Raises Forbidden for who orders nothing."""
    if actor.user_id is None or not actor.may_order:
        raise Forbidden(f"Your role ({actor.role}) orders no films, so it keeps no recipes.")
    return actor.user_id


def _mine(actor: Actor) -> QuerySet[Recipe]:
    rows: QuerySet[Recipe] = Recipe.objects.filter(organisation_id=actor.organisation_id)
    return rows.filter(user=actor.user_id)


def _seen(actor: Actor) -> QuerySet[Recipe]:
    rows: QuerySet[Recipe] = Recipe.objects.filter(organisation_id=actor.organisation_id)
    return rows.filter(Q(user=actor.user_id) | Q(shared=True))
