"""Every request gets an id: in the answer's header, in each log line, in each error."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

request_id: ContextVar[str] = ContextVar("request_id", default="")


class RequestIdMiddleware:
    """Makes a UUID per request, never taking the client's word for it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = request_id.set(str(uuid.uuid4()))
        try:
            response = self.get_response(request)
            response.headers.setdefault("X-Request-Id", request_id.get())
        finally:
            request_id.reset(token)
        return response
