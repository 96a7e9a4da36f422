"""Limits: requests a minute, films at once and credits, and how much of each is used."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts import credentials, limits, tenancy
from accounts.actors import Actor
from accounts.limits import Left
from accounts.models import Organisation
from accounts.requests import ActingRequest
from billing import caps
from generations import access
from kling_saas.web.dev.frame import developer

_KEYS = 50


@require_GET
@developer
def page(request: ActingRequest, actor: Actor) -> HttpResponse:
    """All of the mode one is in, as meters."""
    with tenancy.scope(actor.organisation_id):
        mine = Organisation.objects.get(pk=actor.organisation_id)
    making, waiting = access.under_way(actor)
    context = {
        "rates": _rates(actor, mine),
        "concurrency": mine.concurrency,
        "making": making,
        "waiting": waiting,
        "standings": caps.standings(actor),
        "me": str(actor.user_id),
    }
    return render(request, "dev/limits.html", context)


def _rates(actor: Actor, mine: Organisation) -> list[dict[str, Any]]:
    """Of the organisation, and of each working key and pair."""
    found = [limits.of_organisation(mine.pk, actor.livemode, mine.requests_per_minute)]
    names = {found[0].subject: ""}
    for kind in ("key", "pair"):
        rows, _after = credentials.page(actor, kind, after="", limit=_KEYS)
        for row in rows:
            if not row.revoked_at:
                one = limits.of_key(credentials.spender(row), row.requests_per_minute)
                names[one.subject] = f"{row.name} ({row})"
                found.append(one)
    held = [one for one in found if one.rate > 0]
    left = limits.peek(held)
    return [_meter(names[one.subject], state) for one, state in zip(held, left, strict=True)]


def _meter(name: str, state: Left) -> dict[str, Any]:
    return {"name": name, "rate": state.rate, "used": state.rate - state.left, "left": state.left}
