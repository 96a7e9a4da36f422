"""Who belongs to an organisation: listed, given another role, removed.

Owners and admins manage the others. Owners are made, lowered and removed by owners in person, not
by keys: whoever steals one does not take the organisation over with it. One owner always stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts import audit, tenancy
from accounts.actors import MANAGERS, Actor
from accounts.models import Membership, Organisation, Role
from kling_saas.lib import pages
from kling_saas.lib.refusals import Conflict, Forbidden, NotFound

NAME_MAX = 120


class LastOwner(Conflict):
    """The only owner of an organisation stays one: somebody else must be made owner before."""

    code, title = "last_owner", "The last owner"


@dataclass(frozen=True, slots=True)
class Page:
    """Members, oldest first; `after` is the cursor of the next page."""

    members: list[Membership]
    after: str | None


def id_of(member: Membership) -> str:
    """As the ledger and usage name a person: `user:12`."""
    return f"user:{member.user_id}"


def page(actor: Actor, *, after: str = "", limit: int) -> Page:
    """Those of the actor's organisation. Raises Forbidden, and NotFound for another's cursor."""
    must_manage(actor)
    with tenancy.scope(actor.organisation_id):
        rows = _of(actor)
        if after:
            rows = rows.filter(pk__gt=_found(rows, after).pk)
        return Page(*pages.first(rows.order_by("pk"), limit, id_of))


def find(actor: Actor, name: str) -> Membership:
    """One of them, as `user:12`. Raises Forbidden and NotFound."""
    must_manage(actor)
    with tenancy.scope(actor.organisation_id):
        return _found(_of(actor), name)


def shown(actor: Actor, name: str) -> Membership:
    """One's own membership, or for who manages them anybody's. Raises NotFound."""
    if not (is_self(actor, name) or actor.may_manage):
        raise NotFound(f"There is no member {name[:60]!r}.")
    with tenancy.scope(actor.organisation_id):
        return _found(_of(actor), name)


def is_self(actor: Actor, name: str) -> bool:
    """Whether `user:12` is who acts, in person."""
    return actor.user_id is not None and name == f"user:{actor.user_id}"


def givable(actor: Actor) -> list[Role]:
    """The roles that it may give somebody: none, all, or all but owner."""
    if not actor.may_manage:
        return []
    return [role for role in Role if role != Role.OWNER or _is_owner(actor)]


def jobs_seen_at(actor: Actor) -> datetime:
    """Until when the person has seen what ended of their jobs here."""
    with tenancy.scope(actor.organisation_id):
        return _of(actor).values_list("jobs_seen_at", flat=True).get(user=actor.user_id)


def saw_jobs(actor: Actor) -> None:
    """The person has now seen what ended of their jobs here."""
    with tenancy.scope(actor.organisation_id):
        _of(actor).filter(user=actor.user_id).update(jobs_seen_at=Now())


def addresses_of_managers(organisation_id: int) -> list[str]:
    """Whom other members ask: the mail addresses of the first few owners and admins."""
    with tenancy.scope(organisation_id):
        rows = Membership.objects.filter(organisation_id=organisation_id, role__in=MANAGERS)
        return list(rows.order_by("pk").values_list("user__email", flat=True)[:5])


def change_role(actor: Actor, name: str, role: Role) -> Membership:
    """Give another role. Raises Forbidden, NotFound and LastOwner."""
    must_change(actor)
    with tenancy.scope(actor.organisation_id):
        lock(actor)
        member = _found(_of(actor), name)
        before = member.role
        _must_deal_with(actor, before, role)
        if role != Role.OWNER:
            _owners_stay(member)
        if role != before:
            member.role = role
            member.save(update_fields=["role"])
            audit.note(actor, "member.role_changed", id_of(member), before=before, role=role.value)
    return member


def remove(actor: Actor, name: str) -> Membership:
    """They do not belong to it any more; keys they made stay. A member may go, whatever the role.

    Raises Forbidden, NotFound and LastOwner.
    """
    goes = is_self(actor, name)
    if not goes:
        must_change(actor)
    with tenancy.scope(actor.organisation_id):
        lock(actor)
        member = _found(_of(actor), name)
        if not goes:
            _must_deal_with(actor, member.role)
        _owners_stay(member)
        Membership.objects.filter(pk=member.pk).delete()
        audit.note(
            actor, "member.removed", id_of(member), email=member.user.email, role=member.role
        )
    return member


def organisation(actor: Actor) -> Organisation:
    """The actor's own."""
    with tenancy.scope(actor.organisation_id):
        return Organisation.objects.get(pk=actor.organisation_id)


def rename(actor: Actor, name: str) -> Organisation:
    """What the organisation is called. Raises Forbidden."""
    must_change(actor)
    with tenancy.scope(actor.organisation_id):
        mine = lock(actor)
        if name != mine.name:
            before, mine.name = mine.name, name
            mine.save(update_fields=["name"])
            audit.note(actor, "organisation.renamed", mine.public_id, before=before, name=name)
    return mine


def must_change(actor: Actor) -> None:
    """Raises Forbidden for who manages nobody, and for keys of test mode: organisations and their
    members have no mode, and are live.
    """
    must_manage(actor)
    if not actor.user_id and not actor.livemode:
        raise Forbidden("An organisation has no test mode: change it with a live key.")


def must_manage(actor: Actor) -> None:
    """Raises Forbidden for who manages nobody."""
    if not actor.may_manage:
        raise Forbidden(f"Your role ({actor.role}) manages no members: ask an owner.")


def must_give(actor: Actor, role: Role) -> None:
    """Raises Forbidden for who may not make somebody that."""
    must_change(actor)
    _must_deal_with(actor, role)


def lock(actor: Actor) -> Organisation:
    """Changes of one organisation's members come one after the other. Needs an open scope."""
    rows = Organisation.objects.select_for_update(no_key=True)
    return rows.get(pk=actor.organisation_id)


def _must_deal_with(actor: Actor, *roles: str) -> None:
    if Role.OWNER in roles and not _is_owner(actor):
        raise Forbidden("Owners are made, changed and removed by owners in person, and by no key.")


def _is_owner(actor: Actor) -> bool:
    return actor.user_id is not None and actor.role == Role.OWNER


def _owners_stay(member: Membership) -> None:
    others = Membership.objects.filter(organisation_id=member.organisation_id, role=Role.OWNER)
    if member.role == Role.OWNER and not others.exclude(pk=member.pk).exists():
        raise LastOwner(f"{member.user.email} is the only owner: make somebody else owner before.")


def _of(actor: Actor) -> QuerySet[Membership]:
    rows: QuerySet[Membership] = Membership.objects.filter(organisation_id=actor.organisation_id)
    return rows.select_related("user")


def _found(rows: QuerySet[Membership], name: str) -> Membership:
    kind, _, number = name.partition(":")
    known = kind == "user" and number.isascii() and number.isdigit() and len(number) <= 18
    found = rows.filter(user_id=int(number)).first() if known else None
    if found is None:
        raise NotFound(f"There is no member {name[:60]!r}.")
    return found
