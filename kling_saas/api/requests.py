"""Every request gets an id: in the answer's header, in each log line, in each error."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

request_id: ContextVar[str] = ContextVar("request_id", default="")

# How the waiting room asks again for a request that it holds: the value names that request, and
# begins with what only this process knows.
INNER = "X-Kling-Inner"
_OURS = secrets.token_hex(16)


def inner(held: str) -> str:
    """The value of INNER for another look on behalf of the request with the id `held`."""
    return f"{_OURS};{held}"


def is_inner(request: HttpRequest) -> bool:
    """Whether it is a look on behalf of a request that came before, and was counted then."""
    return bool(_held(request))


def _held(request: HttpRequest) -> str:
    ours, _, held = request.headers.get(INNER, "").partition(";")
    return held if secrets.compare_digest(ours.encode(), _OURS.encode()) else ""


class RequestIdMiddleware:
    """Makes a UUID per request, never taking the client's word for it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = request_id.set(_held(request) or str(uuid.uuid4()))
        try:
            response = self.get_response(request)
            response.headers.setdefault("X-Request-Id", request_id.get())
        finally:
            request_id.reset(token)
        return response
