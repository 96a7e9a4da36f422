"""Host names of their own for dialects: a client whose host is all that can be changed."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse


class DialectHostMiddleware:
    """Puts a dialect's prefix before the path of a request to a host bound by DIALECT_HOSTS."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        host = request.META.get("HTTP_HOST", "").partition(":")[0].lower()
        dialect = settings.DIALECT_HOSTS.get(host)
        if dialect and not request.path_info.startswith(f"/{dialect}/"):
            request.path_info = request.path = f"/{dialect}{request.path_info}"
        return self.get_response(request)
