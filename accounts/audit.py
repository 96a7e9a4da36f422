"""The audit: lines about what actors do are written, and read by who manages the organisation."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts import tenancy
from accounts.actors import Actor
from accounts.models import AuditEvent
from accounts.models.audit import came_from
from kling_saas.lib.addresses import parsed
from kling_saas.lib.pages import first
from kling_saas.lib.refusals import Forbidden, NotFound

_BATCH = 1000
PROGRAMS, HOUSE = "programs", "house"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines: of a person (`user:12`), of programs or of the house; whose actions begin with
    one of `kinds`, or with none of `but`. Empty is all.
    """

    who: str = ""
    kinds: Collection[str] = ()
    but: Collection[str] = ()

    def condition(self) -> Q:
        """As the database reads it."""
        only = Q(*(Q(action__startswith=kind) for kind in self.kinds), _connector=Q.OR)
        without = Q(*(Q(action__startswith=kind) for kind in self.but), _connector=Q.OR)
        found = self._of_whom()
        found &= only if self.kinds else Q()
        return found & ~without if self.but else found

    def _of_whom(self) -> Q:
        program = Q(actor=None) & (Q(detail__has_key="by") | Q(detail__api_key__gt=0))
        if self.who == PROGRAMS:
            return program
        if self.who == HOUSE:
            return Q(actor=None) & ~Q(detail__has_any_keys=["by", "api_key", "access_key"])
        number = self.who.removeprefix("user:")
        return Q(actor_id=int(number)) if is_number(number) else Q()


@dataclass(frozen=True, slots=True)
class Page:
    """Lines, newest first; `after` is the cursor of the next page."""

    events: list[AuditEvent]
    after: str | None


def note(actor: Actor, action: str, subject: str, **detail: object) -> None:
    """A line of the audit; of what a program did, `by` names its key. Needs an open scope."""
    AuditEvent.objects.create(
        organisation_id=actor.organisation_id,
        actor_id=actor.user_id,
        action=action,
        subject=subject,
        detail=detail if actor.user_id else {**detail, "by": actor.name},
    )


@contextmanager
def sent_from(address: str) -> Iterator[None]:
    """Lines that are written meanwhile say that the request came from there."""
    known = parsed(address)
    token = came_from.set(str(known) if known else None)
    try:
        yield
    finally:
        came_from.reset(token)


def page(actor: Actor, wanted: Wanted, *, after: str = "", limit: int) -> Page:
    """Lines of the actor's organisation. Raises Forbidden, and NotFound for no cursor of ours."""
    _must_read(actor)
    if after and not is_number(after):
        raise NotFound(f"There is no line {after[:60]!r}.")
    with tenancy.scope(actor.organisation_id):
        rows = _of(actor, wanted)
        if after:
            rows = rows.filter(pk__lt=int(after))
        return Page(*first(rows.order_by("-pk"), limit, lambda event: str(event.pk)))


def every(actor: Actor, wanted: Wanted) -> Iterator[list[AuditEvent]]:
    """All of them, newest first, in batches; each in a scope of its own. Raises Forbidden."""
    _must_read(actor)
    after: str | None = ""
    while after is not None:
        batch = page(actor, wanted, after=after, limit=_BATCH)
        yield batch.events
        after = batch.after


def is_number(text: str) -> bool:
    """Whether it may be an id."""
    return text.isascii() and text.isdigit() and len(text) <= 18


def _must_read(actor: Actor) -> None:
    if not actor.may_manage:
        raise Forbidden(f"Your role ({actor.role}) does not read the audit.")


def _of(actor: Actor, wanted: Wanted) -> QuerySet[AuditEvent]:
    rows: QuerySet[AuditEvent] = AuditEvent.objects.filter(organisation_id=actor.organisation_id)
    return rows.filter(wanted.condition()).select_related("actor")
