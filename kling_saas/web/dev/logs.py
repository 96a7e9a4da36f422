"""The log of API calls: filtered, followed live, and one call in full."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.conf import settings
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts import call_filters, calls
from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing import naming
from kling_saas.api.errors import InvalidQuery
from kling_saas.web.dev import told_calls
from kling_saas.web.dev.frame import developer
from kling_saas.web.docs import reader

_PAGE = 50
_FIELDS = ("q", "method", "path", "status", "credential", "end_user", "from", "to")
_STATUSES = ("2xx", "3xx", "4xx", "5xx")


@require_GET
@developer
def logs(request: ActingRequest, actor: Actor) -> HttpResponse:
    """Calls of the mode one is in, newest first; the filters stand in the address.

    htmx asks for the rows alone while the log is followed.
    """
    asked = {name: request.GET.get(name, "") for name in _FIELDS}
    context: dict[str, Any] = {"asked": asked, "kept": _query(asked)}
    try:
        wanted = replace(call_filters.read(asked), words=call_filters.text(asked, "q").strip())
    except InvalidQuery as refusal:
        context |= {"wrong": str(refusal.facts["violations"][0]["field"]), "sentence": _sentence()}
        return render(request, "dev/logs.html", context | _choices(actor, asked), status=422)
    after = request.GET.get("after", "")
    found, following = calls.page(actor, wanted, after=after, limit=_PAGE)
    context |= {
        "rows": told_calls.lines(actor, found),
        "after": following,
        "first": not after,
        "live": "live" in request.GET and not after,
        "narrow": any(asked.values()),
    }
    if request.headers.get("HX-Request"):
        return render(request, "dev/parts/calls.html", context)
    return render(request, "dev/logs.html", context | _choices(actor, asked))


@require_GET
@developer
def call(request: ActingRequest, actor: Actor, request_id: str) -> HttpResponse:
    """One call: what was asked and answered, without secrets, and what came of it."""
    row = calls.find(actor, request_id)
    told = told_calls.whole(actor, row, key=reader.key_of(request))
    return render(request, "dev/call.html", {"told": told, "days": settings.REQUEST_LOG_DAYS})


def _choices(actor: Actor, asked: dict[str, str]) -> dict[str, Any]:
    status = asked["status"]
    statuses = _STATUSES if status in ("", *_STATUSES) else (*_STATUSES, status)
    return {
        "methods": call_filters.METHODS[:5],
        "statuses": statuses,
        "keys": naming.credentials(actor.organisation_id, actor.livemode),
        "days": settings.REQUEST_LOG_DAYS,
        "searched": calls.SEARCHED,
    }


def _query(asked: dict[str, str]) -> str:
    query = QueryDict(mutable=True)
    query.update({name: value for name, value in asked.items() if value})
    return query.urlencode()


def _sentence() -> str:
    return _("This filter cannot be read. A day is written like 2026-11-23, a status like 422.")
