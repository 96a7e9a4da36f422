"""What every template may use besides what its view gives it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

THEMES = ("light", "dark")


def site(request: HttpRequest) -> dict[str, Any]:
    """`demo`, `payments_simulated`, `actor`, `test_mode`, `here`, and `theme`: light, dark, or ""
    for the device's.
    """
    actor = getattr(request, "actor", None)
    theme = request.COOKIES.get("theme", "")
    match = request.resolver_match
    return {
        "demo": settings.DEMO,
        "payments_simulated": not settings.PAYMENTS_LIVE,
        "actor": actor,
        "test_mode": actor is not None and not actor.livemode,
        "theme": theme if theme in THEMES else "",
        "here": match.view_name if match else "",
        "signup_grant": settings.SIGNUP_GRANT,
    }
