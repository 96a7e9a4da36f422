"""How programs' doors read credentials: a bearer key, a JWT of an access-key pair, a token.

Whoever comes in by one is held to its addresses and to the limits of requests a minute.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from django.conf import settings
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts import access_keys, api_keys, end_users, limits
from accounts.actors import Actor
from accounts.api.rates import note
from accounts.limits import Limit
from accounts.requests import client_address, counted_place
from accounts.scopes import Scope
from kling_saas.api.requests import is_inner
from kling_saas.lib.refusals import Forbidden, Unauthenticated

SEND_A_KEY = "Send your API key as `Authorization: Bearer ksk_…`."


def actor_of_bearer(request: HttpRequest, *, end_users_too: bool = False) -> Actor:
    """Who sent the `Authorization` header. Raises Unauthenticated, Forbidden, RateLimited.

    End users' tokens are for the native API.
    """
    actor = admitted(request, lambda: _proven(request.headers.get("Authorization", "")))
    if actor.end_user and not end_users_too:
        raise Forbidden("An end user's token opens /api/v1 alone: send an API key here.")
    return actor


def _proven(header: str) -> Actor:
    scheme, _, token = header.strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated(SEND_A_KEY)
    if access_keys.looks_like_token(token):
        return access_keys.verify(token)
    if token.startswith(end_users.PREFIX):
        return end_users.verify(token)
    return api_keys.verify(token)


def admitted(request: HttpRequest, prove: Callable[[], Actor]) -> Actor:
    """The actor that `prove` finds, if it may be used from here and now.

    Raises what `prove` does, Forbidden and RateLimited.
    """
    address = client_address(request)
    try:
        actor = prove()
        note(request, actor)
        actor.must_be_at(address)
    except (Unauthenticated, Forbidden):
        place = counted_place(address)
        _count(request, [Limit("address", f"bad:{place}", settings.RATE_LIMIT_REFUSED)])
        raise
    if is_inner(request):  # what one has ordered is one's answer, whatever else one may read
        actor = replace(actor, scopes=actor.scopes | {Scope.READ})
    _count(
        request,
        [
            _of_credential(actor),
            limits.of_organisation(actor.organisation_id, actor.livemode, actor.organisation_rate),
            _of_address(address),
        ],
    )
    return actor


def _of_credential(actor: Actor) -> Limit:
    """One end user's browser does not use up what the key that minted its token may send."""
    if actor.end_user:
        whose = f"user:{actor.organisation_id}:{actor.end_user}"
        return Limit("end user", whose, settings.RATE_LIMIT_END_USER)
    return limits.of_key(actor.key_name, actor.key_rate)


def count_stranger(request: HttpRequest) -> None:
    """Hold whoever shows no key to the limit of their address. Raises RateLimited."""
    _count(request, [_of_address(client_address(request))])


def _of_address(address: str) -> Limit:
    return Limit("address", f"from:{counted_place(address)}", settings.RATE_LIMIT_ADDRESS)


def _count(request: HttpRequest, wanted: list[Limit]) -> None:
    if is_inner(request):  # counted when it came, before it was held
        return
    left, refusal = limits.take(wanted)
    note(request, left=left)
    if refusal:
        raise refusal


class BearerKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer …`; `request.auth` is the Actor."""

    def authenticate(self, request: Request) -> tuple[None, Actor] | None:
        """No header means nobody; a bad one raises Unauthenticated."""
        if not request.headers.get("Authorization"):
            return None
        # DRF has no public name for the request that it wraps.
        return (None, actor_of_bearer(request._request, end_users_too=True))  # noqa: SLF001

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return 'Bearer realm="api"'
