"""A person's own credentials: look, make, revoke. A secret is shown once, on the answer itself.

An API key is one text for the `Authorization` header; an access-key pair signs tokens, as Kling's
own clients do.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import call_figures, credentials
from accounts.actors import Actor
from accounts.models import AccessKey, ApiKey
from accounts.requests import ActingRequest
from accounts.scopes import Scope
from billing import caps, prices
from billing.models import CapPeriod
from generations.catalogue.newcomers import FIRST_MODEL, FIRST_PROMPT
from kling_saas.api.fields import InvalidFields
from kling_saas.lib.refusals import Forbidden, NotFound
from kling_saas.web.dev import key_form, one_key
from kling_saas.web.dev.frame import developer
from kling_saas.web.docs import reader

NAME_LENGTH = 60


@require_http_methods(["GET", "POST"])
@developer
def keys(request: ActingRequest, actor: Actor) -> HttpResponse:
    """The credentials of the mode one is in; a POST makes one and shows its secret this once."""
    made = _made(request, actor) if request.method == "POST" else {}
    newest_first = ("revoked_at", "-pk")
    shown = ApiKey.objects.filter(livemode=actor.livemode).order_by(*newest_first)
    capped = caps.of_credentials(actor)
    recent = call_figures.by_credential(actor, one_key.RECENT_HOURS)
    context = {
        "keys": [
            {
                "key": each,
                "recent": recent.get(credentials.spender(each), 0),
                "terms": key_form.in_words(each, capped.get(credentials.spender(each), ())),
            }
            for each in shown
        ],
        "scopes": [each for each in Scope.choices if each[0] in actor.scopes],
        "periods": CapPeriod.choices,
        "models": sorted(prices.active_book().by_sku()),
        "given": key_form.given(actor, request.POST),
        "pairs": [
            {"key": each, "recent": recent.get(credentials.spender(each), 0)}
            for each in AccessKey.objects.filter(livemode=actor.livemode).order_by(*newest_first)
        ],
        "site": settings.SITE_URL,
        "first_model": FIRST_MODEL,
        "first_prompt": FIRST_PROMPT,
        **made,
    }
    response = render(request, "dev/keys.html", context)
    if made:
        response["Cache-Control"] = "no-store"
    if "problems" in made:
        response.status_code = InvalidFields.status
    return response


def _made(request: ActingRequest, actor: Actor) -> dict[str, Any]:
    """The new credential's secret, under the name the page knows it by."""
    name = request.POST.get("name", "").strip()[:NAME_LENGTH] or _("My key")
    try:
        if request.POST.get("kind") == "pair":
            pair, secret = credentials.make(actor, "pair", {"name": name})
            return {"new_pair": pair, "new_secret": secret}
        plaintext = key_form.make(actor, name, request.POST)
    except (InvalidFields, Forbidden, credentials.TooManyKeys) as refusal:
        return {"problems": key_form.told(refusal)}
    reader.remember(request, actor, plaintext)
    return {"plaintext": plaintext}


@require_POST
@developer
def revoke(request: ActingRequest, actor: Actor, key_id: str) -> HttpResponse:
    """End an API key now."""
    return _end(request, actor, "key", key_id)


@require_POST
@developer
def revoke_pair(request: ActingRequest, actor: Actor, access_key: str) -> HttpResponse:
    """End an access-key pair now."""
    return _end(request, actor, "pair", access_key)


def _end(request: ActingRequest, actor: Actor, kind: credentials.Kind, name: str) -> HttpResponse:
    try:
        credentials.revoke(actor, kind, name)
    except NotFound:
        messages.error(request, _("There is no such key in this mode."))
    else:
        messages.success(request, _("The key was revoked. Work it began goes on."))
    return redirect("keys")
