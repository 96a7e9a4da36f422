"""The log of API calls as its customer reads it (accounts.call_log writes it), and its end."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts import tenancy
from accounts.actors import Actor
from accounts.models import ApiCall
from kling_saas.lib import pages
from kling_saas.lib.forgetting import forget
from kling_saas.lib.refusals import NotFound


def forget_old() -> int:
    """Delete a batch of the calls that are older than REQUEST_LOG_DAYS; how many."""
    with tenancy.system("calls of every tenant are forgotten"):
        old = ApiCall.objects.filter(at__lt=Now() - timedelta(days=settings.REQUEST_LOG_DAYS))
        return forget(old, by="at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which calls; what is empty, or None, does not matter. `statuses` are the first and last."""

    statuses: tuple[int, int] | None = None
    method: str = ""
    path: str = ""
    credential: str = ""
    end_user: str = ""
    since: datetime | None = None
    until: datetime | None = None


def find(actor: Actor, request_id: str) -> ApiCall:
    """One of the actor's organisation and mode. Raises NotFound."""
    try:
        wanted = uuid.UUID(request_id)
    except ValueError:
        wanted = None
    with tenancy.scope(actor.organisation_id):
        found = _mine(actor).filter(request_id=wanted).first() if wanted else None
    if found is None:
        raise NotFound(
            f"There is no request {request_id[:60]!r}: they are seen a second after their answer, "
            f"and kept for {settings.REQUEST_LOG_DAYS} days."
        )
    return found


def page(
    actor: Actor, wanted: Wanted, *, after: str, limit: int
) -> tuple[list[ApiCall], str | None]:
    """Newest first, without bodies, and the cursor of the next page when there is one."""
    before = find(actor, after).pk if after else None
    with tenancy.scope(actor.organisation_id):
        rows = _matching(_mine(actor), wanted)
        if before:
            rows = rows.filter(pk__lt=before)
        bodies = ("request_headers", "request_body", "response_headers", "response_body")
        newest = rows.defer(*bodies).order_by("-pk")
        return pages.first(newest, limit, lambda call: str(call.request_id))


def _mine(actor: Actor) -> QuerySet[ApiCall]:
    rows: QuerySet[ApiCall] = ApiCall.objects.filter(
        organisation_id=actor.organisation_id, livemode=actor.livemode
    )
    return rows


def _matching(rows: QuerySet[ApiCall], wanted: Wanted) -> QuerySet[ApiCall]:
    if wanted.statuses:
        rows = rows.filter(status__range=wanted.statuses)
    if wanted.path:
        rows = rows.filter(path__startswith=wanted.path)
    for name in ("method", "credential", "end_user"):
        if asked := getattr(wanted, name):
            rows = rows.filter(**{name: asked})
    if wanted.since:
        rows = rows.filter(at__gte=wanted.since)
    if wanted.until:
        rows = rows.filter(at__lt=wanted.until)
    return rows
