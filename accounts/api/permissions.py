"""Who may call: every endpoint needs an organisation unless it says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission

from accounts.actors import Actor
from kling_saas.lib.refusals import Unauthenticated

if TYPE_CHECKING:  # DRF's views import this module while they are being imported
    from rest_framework.request import Request
    from rest_framework.views import APIView


class HasOrganisation(BasePermission):
    """The request carries a good credential."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Raises Unauthenticated, which says how to send a key."""
        if not isinstance(request.auth, Actor):
            raise Unauthenticated("Send your API key as `Authorization: Bearer ksk_…`.")
        return True
