"""How llmprovider's clients prove who they are: `Authorization: Bearer ksk_…`."""

from __future__ import annotations

from django.http import HttpRequest

from accounts.actors import Actor
from accounts.api.authentication import actor_of_bearer


def actor_of(request: HttpRequest) -> Actor:
    """Who calls. Raises Unauthenticated."""
    return actor_of_bearer(request)
