"""Webhook endpoints: made, changed, paused, tried, given another secret, deleted.

A secret is shown once, on the answer itself.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import webhook_deliveries, webhook_terms, webhooks
from accounts.actors import Actor
from accounts.api import overlaps
from accounts.models import WebhookEndpoint
from accounts.requests import ActingRequest
from kling_saas.api.fields import InvalidFields
from kling_saas.lib.refusals import Conflict
from kling_saas.web.dev import deliveries, told_webhooks
from kling_saas.web.dev.frame import developer


@require_http_methods(["GET", "POST"])
@developer
def every(request: ActingRequest, actor: Actor) -> HttpResponse:
    """The endpoints of the mode one is in, with how they fare; a POST makes one and shows its
    secret this once.
    """
    context: dict[str, Any] = {"given": told_webhooks.given(request.POST)}
    if request.method == "POST":
        try:
            row = webhooks.create(actor, webhook_terms.read(_body(request.POST), new=True))
        except (InvalidFields, webhooks.TooManyEndpoints) as refusal:
            context |= told_webhooks.problems(refusal)
        else:
            context |= {"made": row, "secret": webhooks.secret(row), "given": {}}
    found, _after = webhooks.page(actor, after="", limit=settings.WEBHOOK_ENDPOINTS_MAX)
    context |= {"endpoints": [told_webhooks.told(row) for row in found]}
    context |= {"kinds": told_webhooks.kinds(), "programs": told_webhooks.programs()}
    return _answer(request, "dev/webhooks.html", context)


@require_http_methods(["GET", "POST"])
@developer
def one(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """An endpoint and what was sent to it; a POST changes it."""
    row = webhooks.find(actor, public_id)
    if request.method == "POST":
        try:
            webhooks.change(actor, public_id, webhook_terms.read(_body(request.POST), new=False))
        except InvalidFields as refusal:
            given = told_webhooks.given(request.POST)
            return _page(request, actor, row, {"given": given, **told_webhooks.problems(refusal)})
        messages.success(request, _("The endpoint was changed."))
        return redirect("dev-webhook", public_id=public_id)
    if request.headers.get("HX-Request"):
        listed = deliveries.listed(request, actor, row)
        return render(request, "dev/parts/deliveries.html", {"row": row, **listed})
    return _page(request, actor, row, {"given": told_webhooks.stands(row)})


@require_POST
@developer
def switch(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """Pause it, or set it to work again."""
    enabled = request.POST.get("enabled") == "1"
    webhooks.change(actor, public_id, webhooks.Wanted(enabled=enabled))
    told = _("Events are sent there again.") if enabled else _("Nothing is sent there any more.")
    messages.success(request, told)
    return redirect("dev-webhook", public_id=public_id)


@require_POST
@developer
def try_it(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """Send a `webhook.test` event now."""
    try:
        webhook_deliveries.test(actor, public_id)
    except Conflict as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, _("A test event is on its way: it is the first of the list."))
    return redirect("dev-webhook", public_id=public_id)


@require_POST
@developer
def roll(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """A new secret, shown this once; the one before signs too for as long as was chosen."""
    row = webhooks.find(actor, public_id)
    chosen = request.POST.get("overlap", "")
    try:
        overlap = overlaps.read({"overlap": int(chosen) if chosen.isdecimal() else chosen[:20]})
    except InvalidFields as refusal:
        return _page(
            request,
            actor,
            row,
            {"given": told_webhooks.stands(row), **told_webhooks.problems(refusal)},
        )
    row = webhooks.rotate(row, overlap)
    given = {"given": told_webhooks.stands(row), "secret": webhooks.secret(row)}
    return _page(request, actor, row, {**given, "overlaps": overlap > timedelta(0)})


@require_POST
@developer
def delete(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """Nothing is sent there any more, and its secret is gone."""
    webhooks.delete(actor, public_id)
    messages.success(request, _("The endpoint was deleted."))
    return redirect("dev-webhooks")


def _page(
    request: ActingRequest, actor: Actor, row: WebhookEndpoint, more: dict[str, Any]
) -> HttpResponse:
    context = {
        "row": row,
        "told": told_webhooks.told(row),
        "kinds": told_webhooks.kinds(),
        "programs": told_webhooks.programs(),
        **deliveries.listed(request, actor, row),
        **more,
    }
    return _answer(request, "dev/webhook.html", context)


def _answer(request: ActingRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    status = InvalidFields.status if "problems" in context else 200
    response = render(request, template, context, status=status)
    if "secret" in context:
        response["Cache-Control"] = "no-store"
    return response


def _body(form: QueryDict) -> dict[str, Any]:
    """The form as the API's body; without a chosen event it asks for all."""
    body: dict[str, Any] = {"url": form.get("url", "").strip()}
    body["events"] = form.getlist("events") or ["*"]
    body["description"] = form.get("description", "").strip()
    return body
