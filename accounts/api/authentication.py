"""How the native API reads credentials: a bearer key, or a bearer JWT of an access-key pair."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts import access_keys, api_keys
from accounts.actors import Actor
from kling_saas.lib.refusals import Unauthenticated


def actor_of_bearer(header: str) -> Actor:
    """The actor of an `Authorization` header. Raises Unauthenticated."""
    scheme, _, token = header.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("Send your API key as `Authorization: Bearer ksk_…`.")
    if access_keys.looks_like_token(token):
        return access_keys.verify(token)
    return api_keys.verify(token)


class BearerKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer ksk_…` or a JWT; `request.auth` is the Actor."""

    def authenticate(self, request: Request) -> tuple[None, Actor] | None:
        """No header means nobody; a bad one raises Unauthenticated."""
        header = request.headers.get("Authorization")
        return (None, actor_of_bearer(header)) if header else None

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return 'Bearer realm="api"'
