"""Who may call: every endpoint needs an organisation unless it says otherwise."""

from __future__ import annotations

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.actors import Actor
from kling_saas.lib.refusals import Unauthenticated


class HasOrganisation(BasePermission):
    """The request carries a good credential."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Raises Unauthenticated, which says how to send a key."""
        if not isinstance(request.auth, Actor):
            raise Unauthenticated("Send your API key as `Authorization: Bearer ksk_…`.")
        return True
