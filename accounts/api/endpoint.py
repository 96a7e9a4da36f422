"""The base of every native endpoint: our authentication, JSON whatever `Accept` says."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar, cast

from django.http import HttpRequest
from django.utils.cache import patch_vary_headers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.actors import Actor
from accounts.api.authentication import count_stranger
from accounts.scopes import Scope
from kling_saas.api import conditional, queries
from kling_saas.api.errors import MethodNotAllowed
from kling_saas.api.requests import is_inner


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
    takes: ClassVar[Mapping[str, Collection[str]]] = {}  # by method, its address's parameters

    @property
    def actor(self) -> Actor:
        """Who calls; HasOrganisation has seen to it that there is one."""
        return cast("Actor", self.request.auth)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raises what is wrong with the credential, then with the address."""
        super().initial(request, *args, **kwargs)
        if not is_inner(request._request):  # noqa: SLF001 - DRF has no public name for it
            method = "GET" if request.method == "HEAD" else str(request.method)
            queries.must_be(request.GET, self.takes.get(method, ()))

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Raises MethodNotAllowed, which names those that are."""
        methods = [each for each in self.allowed_methods if each not in {"HEAD", "OPTIONS"}]
        raise MethodNotAllowed(f"{request.method} is not served here: use {' or '.join(methods)}.")

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Say how the answer may be kept, where the view did not."""
        told = super().finalize_response(request, response, *args, **kwargs)
        read = request.method in {"GET", "HEAD"} and told.status_code == 200
        read = read and not is_inner(request._request)  # noqa: SLF001 - that answers an order
        told.headers.setdefault("Cache-Control", self.kept() if read else conditional.NEVER_KEPT)
        return told

    def kept(self) -> str:
        """The Cache-Control of what was read here."""
        return conditional.REVALIDATED


class PublicEndpoint(Endpoint):
    """For everybody. Who sends a key is answered as its organisation, and a bad key is a 401."""

    permission_classes = ()

    def kept(self) -> str:
        """Shared by those without a key; with one, prices are its organisation's own."""
        return conditional.REVALIDATED if self.request.auth else conditional.public()

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """A cache must not give to who sends a key what it keeps for those without."""
        told = super().finalize_response(request, response, *args, **kwargs)
        patch_vary_headers(told, ("Authorization",))
        return told

    def check_throttles(self, request: Request) -> None:
        """Strangers are counted by their address. Raises RateLimited."""
        if not request.auth:
            count_stranger(request._request)  # noqa: SLF001 - DRF has no public name for it

    @property
    def organisation_id(self) -> int | None:
        """Of the key that was sent, None without one."""
        return self.actor.organisation_id if self.request.auth else None
