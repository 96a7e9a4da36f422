"""How Kling's clients prove who they are: a JWT of an access-key pair, or a static key."""

from __future__ import annotations

from django.http import HttpRequest

from accounts.access_keys import TokenRefused
from accounts.actors import Actor
from accounts.api.authentication import actor_of_bearer, count_stranger
from kling_saas.lib.refusals import Unauthenticated

EMPTY, INVALID = 1001, 1002


def actor_of(request: HttpRequest) -> Actor:
    """Who calls. Raises TokenRefused, which knows Kling's code for the cause."""
    if not request.headers.get("Authorization", "").strip():
        count_stranger(request)
        raise TokenRefused("Authorization is empty: send `Bearer <JWT or key>`.", EMPTY)
    try:
        return actor_of_bearer(request)
    except TokenRefused:
        raise
    except Unauthenticated as refusal:
        raise TokenRefused(refusal.detail, INVALID) from None
