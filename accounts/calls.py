"""The log of API calls as its customer reads it (accounts.call_log writes it), and its end."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from accounts import tenancy
from accounts.actors import Actor
from accounts.models import ApiCall
from kling_saas.lib import pages
from kling_saas.lib.forgetting import forget
from kling_saas.lib.refusals import NotFound

SEARCHED = 5_000  # calls at most in which words are looked for
_TEXTS = ("path", "query", "request_body", "response_body")


def forget_old() -> int:
    """Delete a batch of the calls that are older than REQUEST_LOG_DAYS; how many."""
    with tenancy.system("calls of every tenant are forgotten"):
        old = ApiCall.objects.filter(at__lt=Now() - timedelta(days=settings.REQUEST_LOG_DAYS))
        return forget(old, by="at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which calls; what is empty, or None, does not matter. `statuses` are the first and last.

    `words` stand anywhere in the address, a body or the request's id, large or small; they are
    looked for in the newest SEARCHED of the calls that the rest lets through.
    """

    statuses: tuple[int, int] | None = None
    method: str = ""
    path: str = ""
    credential: str = ""
    end_user: str = ""
    since: datetime | None = None
    until: datetime | None = None
    words: str = ""


def find(actor: Actor, request_id: str) -> ApiCall:
    """One of the actor's organisation and mode. Raises NotFound."""
    known = is_request_id(request_id)
    with tenancy.scope(actor.organisation_id):
        found = _mine(actor).filter(request_id=request_id).first() if known else None
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
        if wanted.words:
            rows = _saying(rows, wanted.words)
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


def _saying(rows: QuerySet[ApiCall], words: str) -> QuerySet[ApiCall]:
    said = Q()
    for text in _TEXTS:
        said |= Q(**{f"{text}__icontains": words})
    if is_request_id(words):
        said |= Q(request_id=words)
    newest = rows.order_by("-pk").values("pk")[:SEARCHED]
    found: QuerySet[ApiCall] = ApiCall.objects.filter(said, pk__in=newest)
    return found


def is_request_id(text: str) -> bool:
    """Whether it has the form of one."""
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
