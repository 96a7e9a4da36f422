"""The test key that fills a reader's examples: remembered, sealed, in the session that made it.

A live key never is, and one that was revoked is forgotten.
"""

from __future__ import annotations

from django.http import HttpRequest

from accounts import api_keys, tenancy
from accounts.actors import Actor
from kling_saas.lib import sealing

NOBODYS = "ksk_test_…"
_PLACE = "docs_key"


def remember(request: HttpRequest, actor: Actor, plaintext: str) -> None:
    """From now on the examples have this key, if it is a test key."""
    if not actor.livemode:
        request.session[_PLACE] = sealing.seal(plaintext, bound_to=_bound(actor))


def key_of(request: HttpRequest) -> str:
    """The reader's test key, or NOBODYS."""
    actor: Actor | None = getattr(request, "actor", None)
    sealed = request.session.get(_PLACE) if actor else None
    if actor is None or not sealed:
        return NOBODYS
    try:
        plaintext = sealing.unseal(sealed, bound_to=_bound(actor))
    except sealing.SealBroken:  # made for another organisation, or sealed with a key that is gone
        return NOBODYS
    with tenancy.scope(actor.organisation_id):
        return plaintext if api_keys.known(plaintext) else NOBODYS


def _bound(actor: Actor) -> str:
    return f"docs_key:{actor.organisation_id}"
