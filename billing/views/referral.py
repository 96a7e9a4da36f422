"""Inviting others: the link, what it brought, and what it leaves with whoever follows it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_safe

from accounts.actors import Actor
from accounts.models import User
from accounts.requests import ActingRequest
from billing import referrals
from billing.pages import signed_in
from kling_saas.lib.refusals import NotFound
from kling_saas.templatetags.screen import credits_words, money

_COOKIE, _SALT = "referral", "billing.referral"
_SECONDS = 90 * 24 * 3600


@require_GET
@signed_in
def referral(request: ActingRequest, actor: Actor) -> HttpResponse:
    """Nothing of this is there while invitations are not rewarded."""
    if not referrals.is_on():
        raise NotFound("Invitations are not rewarded here.")
    mine = referrals.of(actor.organisation_id)
    context = {
        "mine": mine,
        "link": settings.SITE_URL + reverse("invited", args=[mine.code]),
        "reward": settings.REFERRAL_CREDITS,
        "gift": settings.REFERRED_CREDITS,
        "valid_days": settings.REFERRAL_DAYS,
        "wait_days": referrals.wait_days(),
        "least_cents": settings.REFERRAL_LEAST_CENTS,
        "most": settings.REFERRALS_A_MONTH,
        "currency": settings.CURRENCY,
    }
    return render(request, "billing/referral.html", context)


@require_safe
def invited(request: HttpRequest, code: str) -> HttpResponse:
    """On to the sign-up, which remembers a code that is somebody's; of others not a word.

    Who is signed in has an organisation, and is none that is new.
    """
    response = redirect("account_signup")
    if not request.user.is_authenticated and referrals.known(code):
        response.set_signed_cookie(
            _COOKIE, code, salt=_SALT, max_age=_SECONDS, httponly=True, samesite="Lax",
            secure=settings.SECURE,
        )  # fmt: skip
        if settings.REFERRED_CREDITS:
            messages.info(request, _promise())
    return response


def _promise() -> str:
    words = _(
        "You are invited: your first purchase of at least %(least)s brings you %(gift)s on top"
    ) % {
        "least": money(settings.REFERRAL_LEAST_CENTS, settings.CURRENCY),
        "gift": credits_words(settings.REFERRED_CREDITS),
    }
    days = referrals.wait_days()
    later = ngettext(", %(days)s day later.", ", %(days)s days later.", days) % {"days": days}
    return words + (later if days else ".")


def newcomer(sender: object, request: HttpRequest, user: User, **_more: Any) -> None:
    """Hears of each sign-up (`user_signed_up`), when the newcomer's organisation is there."""
    code = request.get_signed_cookie(_COOKIE, default="", salt=_SALT, max_age=_SECONDS)
    if code:
        referrals.signed_up(user.pk, code)
