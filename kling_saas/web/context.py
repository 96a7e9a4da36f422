"""What every template may use besides what its view gives it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts import organisations
from accounts.actors import Actor
from accounts.organisations import Choice
from generations.views.tray import feed_name

THEMES = ("light", "dark")


def _organisations(request: HttpRequest, actor: Actor | None) -> list[Choice]:
    """What one may act for; asked only for who belongs to several."""
    if actor is None or actor.user_id is None or not getattr(request, "belongs_to_several", False):
        return []
    return organisations.choices_of(actor.user_id)


def site(request: HttpRequest) -> dict[str, Any]:
    """`demo`, `payments_simulated`, `actor`, `person` (who acts), `organisations`, `test_mode` and
    `here`; `theme`: light, dark, or "" for the device's; `feed`, which tells pages when to look
    again.
    """
    actor = getattr(request, "actor", None)
    theme = request.COOKIES.get("theme", "")
    match = request.resolver_match
    return {
        "demo": settings.DEMO,
        "payments_simulated": not settings.PAYMENTS_LIVE,
        "actor": actor,
        "person": request.user if actor else None,
        "feed": feed_name(actor) if actor else "",
        "organisations": _organisations(request, actor),
        "test_mode": actor is not None and not actor.livemode,
        "theme": theme if theme in THEMES else "",
        "here": match.view_name if match else "",
        "signup_grant": settings.SIGNUP_GRANT,
    }
