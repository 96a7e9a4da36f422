"""Who may call: every endpoint needs an organisation unless it says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from rest_framework.permissions import SAFE_METHODS, BasePermission

from accounts.actors import Actor
from accounts.api.authentication import SEND_A_KEY, count_stranger
from kling_saas.lib.refusals import Forbidden, Unauthenticated

if TYPE_CHECKING:  # DRF's views import this module while they are being imported
    from rest_framework.request import Request
    from rest_framework.views import APIView

    from accounts.api.endpoint import Endpoint


class HasOrganisation(BasePermission):
    """The request carries a good credential, and one that is for this address and method."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Raises Unauthenticated, which says how to send a key, or Forbidden."""
        if not isinstance(request.auth, Actor):
            count_stranger(request._request)  # noqa: SLF001 - DRF has no public name for it
            raise Unauthenticated(SEND_A_KEY)
        endpoint = cast("Endpoint", view)
        if request.auth.end_user and not endpoint.for_end_users:
            raise Forbidden("An end user's token does not open this: ask your own server.")
        reads = request.method in SAFE_METHODS
        request.auth.must_have(endpoint.reads if reads else endpoint.writes)
        return True
