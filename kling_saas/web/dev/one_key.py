"""One API key or access-key pair: its terms changed, its secret replaced, what it did lately."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import call_figures, credentials, tenancy
from accounts.actors import Actor
from accounts.api import overlaps
from accounts.credentials import Kind, Row
from accounts.models import ApiKey
from accounts.requests import ActingRequest
from accounts.scopes import Scope
from billing import caps, key_terms, prices
from billing.models import CapPeriod
from kling_saas.api.fields import InvalidFields
from kling_saas.lib.refusals import Forbidden
from kling_saas.web.dev import key_form
from kling_saas.web.dev.frame import developer
from kling_saas.web.docs import reader

RECENT_HOURS = 24


@require_http_methods(["GET", "POST"])
@developer
def one(request: ActingRequest, actor: Actor, kind: Kind, name: str) -> HttpResponse:
    """Its terms, and what it did lately; a POST changes the terms."""
    row = credentials.find(actor, kind, name)
    standings = caps.of_credential(actor, credentials.spender(row))
    if request.method == "GET" or row.revoked_at:
        return _page(request, actor, row, {"given": key_form.stands(row, standings)})
    try:
        key_form.change(actor, kind, row, standings, request.POST)
    except (InvalidFields, Forbidden) as refusal:
        given = key_form.given(actor, request.POST)
        return _page(request, actor, row, {"given": given, "problems": key_form.told(refusal)})
    messages.success(request, _("The key has these terms now."))
    return redirect(request.path)


@require_POST
@developer
def roll(request: ActingRequest, actor: Actor, kind: Kind, name: str) -> HttpResponse:
    """A new secret, shown this once; the one before works on for as long as was chosen."""
    row = credentials.find(actor, kind, name)
    given: dict[str, Any] = {
        "given": key_form.stands(row, caps.of_credential(actor, credentials.spender(row)))
    }
    chosen = request.POST.get("overlap", "")
    try:
        overlap = overlaps.read({"overlap": int(chosen) if chosen.isdecimal() else chosen[:20]})
        with tenancy.scope(actor.organisation_id):
            row, secret = key_terms.rotate(actor, kind, name, overlap=overlap)
    except (InvalidFields, Forbidden) as refusal:
        return _page(request, actor, row, {**given, "problems": key_form.told(refusal)})
    if kind == "key":
        reader.remember(request, actor, secret)
    return _page(request, actor, row, {**given, "secret": secret, "overlaps": bool(overlap)})


def _page(request: ActingRequest, actor: Actor, row: Row, more: dict[str, Any]) -> HttpResponse:
    kind = "key" if isinstance(row, ApiKey) else "pair"
    spender, name = credentials.spender(row), credentials.id_of(row)
    context = {
        "row": row,
        "kind": kind,
        "name": name,
        "spender": spender,
        "terms": key_form.in_words(row, caps.of_credential(actor, spender)),
        "recent": call_figures.by_credential(actor, RECENT_HOURS).get(spender, 0),
        "scopes": [each for each in Scope.choices if each[0] in actor.scopes],
        "periods": CapPeriod.choices,
        "models": sorted(prices.active_book().by_sku()),
        "site": settings.SITE_URL,
        **more,
    }
    status = InvalidFields.status if "problems" in more else 200
    response = render(request, "dev/key.html", context, status=status)
    if "secret" in more:
        response["Cache-Control"] = "no-store"
    return response
