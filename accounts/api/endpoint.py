"""The base of every native endpoint: our authentication, JSON whatever `Accept` says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, cast

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.actors import Actor
from accounts.api.authentication import count_stranger
from accounts.scopes import Scope


class _Unasked(BaseContentNegotiation):
    """A 406 helps nobody: each address has one representation."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser:
        return next(iter(parsers))

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, str(first.media_type)


class Endpoint(APIView):
    """Views return Django responses they made themselves and let refusals rise.

    A key needs the scope `reads` for GET and `writes` for the rest. End users' tokens open only
    what is `for_end_users`, which must show them nothing of others.
    """

    content_negotiation_class = _Unasked
    reads: ClassVar[Scope] = Scope.READ
    writes: ClassVar[Scope] = Scope.GENERATE
    for_end_users: ClassVar[bool] = False

    @property
    def actor(self) -> Actor:
        """Who calls; HasOrganisation has seen to it that there is one."""
        return cast("Actor", self.request.auth)


class PublicEndpoint(Endpoint):
    """For everybody. Who sends a key is answered as its organisation, and a bad key is a 401."""

    permission_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Strangers are counted by their address. Raises RateLimited."""
        super().initial(request, *args, **kwargs)
        if not request.auth:
            count_stranger(request._request)  # noqa: SLF001 - DRF has no public name for it

    @property
    def organisation_id(self) -> int | None:
        """Of the key that was sent, None without one."""
        return self.actor.organisation_id if self.request.auth else None
