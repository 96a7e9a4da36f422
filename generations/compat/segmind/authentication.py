"""How Segmind's clients prove who they are: `x-api-key`, and nothing else."""

from __future__ import annotations

from django.http import HttpRequest

from accounts import api_keys
from accounts.actors import Actor
from accounts.api.authentication import admitted, count_stranger
from kling_saas.lib.refusals import Unauthenticated


def actor_of(request: HttpRequest) -> Actor:
    """Who calls. Raises Unauthenticated, in Segmind's words."""
    key = request.headers.get("x-api-key", "").strip()
    if not key:
        count_stranger(request)
        raise Unauthenticated("Missing Authorization or x-api-key in header")
    try:
        return admitted(request, lambda: api_keys.verify(key))
    except Unauthenticated:
        raise Unauthenticated(
            "Unauthorized. API key is invalid or may have expired: send ksk_… as x-api-key"
        ) from None
