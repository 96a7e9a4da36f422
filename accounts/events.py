"""What customers were told, to be read by a program that was away.

Oldest first, by the number that one writer at a time gives (accounts.outbox): what is read after a
number has been seen is never missed, however late the transaction that told of it has ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet

from accounts import tenancy
from accounts.actors import Actor
from accounts.models import OutboxMessage
from kling_saas.lib import pages
from kling_saas.lib.refusals import NotFound

AT_ONCE = 100  # a page that was away longer looks at everything anyway


def _mine(actor: Actor) -> QuerySet[OutboxMessage]:
    rows: QuerySet[OutboxMessage] = OutboxMessage.objects.filter(
        organisation_id=actor.organisation_id, livemode=actor.livemode, sequence__isnull=False
    )
    return rows


def find(actor: Actor, public_id: str) -> OutboxMessage:
    """One of the actor's. Raises NotFound, also for one that is forgotten."""
    with tenancy.scope(actor.organisation_id):
        found = _mine(actor).filter(public_id=public_id).first()
    if found is None:
        raise NotFound(f"There is no event {public_id[:60]!r}: events are kept for a while.")
    return found


def newest(actor: Actor) -> int:
    """The number of the actor's last event; 0 without any."""
    with tenancy.scope(actor.organisation_id):
        last = _mine(actor).order_by("-sequence").values_list("sequence", flat=True).first()
    return last or 0


def subjects_after(actor: Actor, number: int) -> tuple[list[str], int]:
    """What the AT_ONCE next events after that number are about, and the last one's number."""
    with tenancy.scope(actor.organisation_id):
        told = list(_mine(actor).filter(sequence__gt=number).order_by("sequence")[:AT_ONCE])
    last = told[-1].sequence if told else None
    return list(dict.fromkeys(event.subject for event in told)), last or number


def page(
    actor: Actor,
    *,
    after: str,
    limit: int,
    types: Sequence[str] = (),
    since: datetime | None = None,
) -> tuple[list[OutboxMessage], str | None]:
    """After the event `after`, oldest first, and the cursor of the next page when there is one."""
    with tenancy.scope(actor.organisation_id):
        rows = _mine(actor)
        if after:
            rows = rows.filter(sequence__gt=find(actor, after).sequence)
        if types:
            rows = rows.filter(topic__in=types)
        if since:
            rows = rows.filter(created_at__gte=since)
        return pages.first(rows.order_by("sequence"), limit)
