"""A person's own API keys: look, make, revoke. A key's text is shown once, on the answer itself."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import api_keys
from accounts.actors import Actor
from accounts.models import ApiKey
from accounts.requests import ActingRequest
from billing.pages import signed_in

NAME_LENGTH = 60


@require_http_methods(["GET", "POST"])
@signed_in
def keys(request: ActingRequest, actor: Actor) -> HttpResponse:
    """The keys of the mode one is in; a POST makes one and shows its text this once."""
    plaintext = ""
    if request.method == "POST":
        name = request.POST.get("name", "").strip()[:NAME_LENGTH] or _("My key")
        _key, plaintext = api_keys.issue(
            actor.organisation_id, livemode=actor.livemode, name=name, user_id=actor.user_id
        )
    own = ApiKey.objects.filter(livemode=actor.livemode).order_by("revoked_at", "-pk")
    context = {"keys": own, "plaintext": plaintext, "site": settings.SITE_URL}
    response = render(request, "web/keys.html", context)
    if plaintext:
        response["Cache-Control"] = "no-store"
    return response


@require_POST
@signed_in
def revoke(request: ActingRequest, actor: Actor, key_id: str) -> HttpResponse:
    """End a key now."""
    if api_keys.revoke(actor.organisation_id, key_id):
        messages.success(request, _("The key was revoked. Work it began goes on."))
    else:
        messages.error(request, _("There is no such key, or it was revoked before."))
    return redirect("keys")
