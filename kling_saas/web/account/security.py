"""How one signs in: password, second step, passkeys, and where one is signed in."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import sessions
from accounts.models import User
from kling_saas.web.account import browsers
from kling_saas.web.account.doors import in_person


@require_safe
@in_person
def security(request: HttpRequest, user: User) -> HttpResponse:
    """All of it on one page; allauth's own pages change each thing."""
    opened = [
        {
            "session": each,
            "browser": browsers.in_words(each.user_agent),
            "here": each.session_key == request.session.session_key,
        }
        for each in sessions.of(user)
    ]
    addresses = EmailAddress.objects.filter(user=user)
    context = {
        "sessions": opened,
        "others": sum(not each["here"] for each in opened),
        "addresses": addresses,
        "confirmed": not addresses.filter(verified=False).exists(),
        **_second_steps(user),
    }
    return render(request, "settings/security.html", context)


def _second_steps(user: User) -> dict[str, Any]:
    """The authenticator app, passkeys, and how many recovery codes are left."""
    mine = list(Authenticator.objects.filter(user=user).order_by("created_at"))
    codes = [each.wrap() for each in mine if each.type == Authenticator.Type.RECOVERY_CODES]
    return {
        "app": next((each for each in mine if each.type == Authenticator.Type.TOTP), None),
        "passkeys": [each for each in mine if each.type == Authenticator.Type.WEBAUTHN],
        "codes_left": len(codes[0].get_unused_codes()) if codes else 0,
        "protected": bool(mine),
    }


@require_POST
@in_person
def end(request: HttpRequest, user: User, session_id: int) -> HttpResponse:
    """Sign out one browser."""
    sessions.end(user, session_id)
    messages.success(request, _("That browser is signed out."))
    return redirect("security")


@require_POST
@in_person
def end_others(request: HttpRequest, user: User) -> HttpResponse:
    """Sign out every other browser."""
    sessions.end_others(user, request.session.session_key)
    messages.success(request, _("You are signed in here alone now."))
    return redirect("security")
