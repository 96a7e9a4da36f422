"""The page of an invitation's link, and the switch between the organisations one belongs to."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import invitations, organisations
from accounts.middleware import ORGANISATION, for_everybody
from accounts.models import Invitation, User
from kling_saas.lib.refusals import Forbidden, NotFound

# The address is the secret, and no other site is told it.
_HEADERS = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "same-origin",
    "X-Robots-Tag": "noindex",
}


@for_everybody
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Who invites, to what, as what; a POST of who is signed in with that address accepts."""
    try:
        found = invitations.by_token(token)
    except NotFound:
        return _page(request, {"status": "unknown"}, 404)
    if found.status != "open":
        return _page(request, {"invitation": found, "status": found.status}, 410)
    if request.method == "POST" and request.user.is_authenticated:
        return _accepted(request, found)
    mine = request.user.is_authenticated and request.user.email == found.email
    return _page(request, {"invitation": found, "status": "open", "mine": mine})


def _accepted(request: HttpRequest, found: Invitation) -> HttpResponse:
    try:
        invitations.accept(found, cast("User", request.user))
    except Forbidden:
        return _page(request, {"invitation": found, "status": "open", "mine": False}, 403)
    except invitations.InvitationEnded:
        return _page(request, {"invitation": found, "status": "ended"}, 410)
    request.session[ORGANISATION] = found.organisation_id
    welcome = _("You belong to %(organisation)s now") % {"organisation": found.organisation.name}
    messages.success(request, welcome)
    return redirect("studio")


def _page(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    response = render(request, "web/invitation.html", context, status=status)
    for name, value in _HEADERS.items():
        response[name] = value
    return response


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Act for another organisation of one's own from now on."""
    if request.user.is_authenticated:
        wanted = request.POST.get("organisation", "")
        for each in organisations.choices_of(request.user.pk):
            if each.public_id == wanted:
                request.session[ORGANISATION] = each.organisation_id
    return redirect("studio")
