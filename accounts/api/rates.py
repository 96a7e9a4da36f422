"""Tells on every answer what is left of the limits: the RateLimit headers of the IETF's draft.

draft-ietf-httpapi-ratelimit-headers: `q` requests in `w` seconds, `r` left, whole again in `t`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from django.http import HttpRequest, HttpResponse

from accounts.actors import Actor
from accounts.limits import WINDOW, Left


class Known:
    """What is known of a request after its credential was read."""

    actor: Actor | None = None
    left: Sequence[Left] = ()
    logged: bool = True


def known(request: HttpRequest) -> Known:
    """What was noted of it so far."""
    if not hasattr(request, "known"):
        cast("Any", request).known = Known()
    return cast("Known", cast("Any", request).known)


def note(
    request: HttpRequest, actor: Actor | None = None, left: Sequence[Left] | None = None
) -> None:
    """Remember who sent it, and what they have left."""
    about = known(request)
    about.actor = actor or about.actor
    about.left = about.left if left is None else left


class RateLimitMiddleware:
    """Writes the headers where a limit was counted."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if left := known(request).left:
            response["RateLimit-Policy"] = ", ".join(
                f'"{one.name}";q={one.rate};w={WINDOW}' for one in left
            )
            response["RateLimit"] = ", ".join(
                f'"{one.name}";r={one.left};t={one.whole_in}' for one in left
            )
        return response
