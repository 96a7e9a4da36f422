"""What we know about a person, as a file; and the end of their account."""

from __future__ import annotations

from allauth.account.internal.flows import reauthentication
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import leaving
from accounts.middleware import outside_transactions
from accounts.models import User
from generations import leaving as closing
from kling_saas.lib.refusals import Refusal
from kling_saas.web.account import own_data
from kling_saas.web.account.doors import in_person


@require_safe
@in_person
def data(request: HttpRequest, user: User) -> HttpResponse:
    """The file, and what becomes of what when the account goes."""
    return _page(request, user)


@require_POST
@in_person
@outside_transactions
def export(request: HttpRequest, user: User) -> StreamingHttpResponse:
    """Everything of theirs in every organisation, as JSON; they say their password before."""
    _prove(request)
    return StreamingHttpResponse(
        own_data.written(user),
        content_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="my-data.json"'},
    )


@require_POST
@in_person
@outside_transactions
def delete(request: HttpRequest, user: User) -> HttpResponse:
    """It goes when the days of grace are over; the address must be typed, and the password."""
    typed = request.POST.get("typed", "").strip()
    if typed.lower() != user.email:
        return _page(request, user, _("Type your address as it stands here."), typed)
    _prove(request)
    try:
        closing.ask(user)
    except Refusal as refusal:
        return _page(request, user, refusal.detail, typed)
    messages.success(request, _("Your account will be deleted. You can call it off until then."))
    return redirect("data")


@require_POST
@in_person
def call_off(request: HttpRequest, user: User) -> HttpResponse:
    """It stays after all."""
    leaving.call_off(user)
    messages.success(request, _("Your account stays."))
    return redirect("data")


def _prove(request: HttpRequest) -> None:
    if not reauthentication.did_recently_reauthenticate(request):
        raise ReauthenticationRequired


def _page(request: HttpRequest, user: User, problem: str = "", typed: str = "") -> HttpResponse:
    context = {
        "mine": leaving.organisations(user),
        "days": settings.ACCOUNT_DELETION_DAYS,
        "problem": problem,
        "typed": typed,
    }
    return render(request, "settings/data.html", context, status=422 if problem else 200)
