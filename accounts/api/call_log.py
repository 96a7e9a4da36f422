"""Hands each call that a credential opened to the log of calls (accounts.call_log)."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts import audit
from accounts.actors import Actor
from accounts.api.rates import known
from accounts.call_log import Answered, Call, writer
from accounts.requests import client_address
from kling_saas.api.requests import INNER, is_inner, request_id

_UNTOLD = {"Cookie", INNER, "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"}
_KEYS = {"Authorization", "X-Api-Key"}
_TEXT = ("application/json", "application/problem+json", "text/plain")
_ROOM = "asgi.scope"  # is there where the waiting room stands before Django
_HELD = ("x-kling-wait", "x-kling-stream")  # the waiting room tells of these calls' ends


class CallLogMiddleware:
    """Runs around whatever may refuse a call, so that refusals are logged as well."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        since, at = time.monotonic(), timezone.now()
        with audit.sent_from(client_address(request)):
            response = self.get_response(request)
        about = known(request)
        if about.actor and about.logged and settings.REQUEST_LOG_DAYS and not is_inner(request):
            held = _ROOM in request.META and any(name in response.headers for name in _HELD)
            ms = int((time.monotonic() - since) * 1000)
            answer = Answered(status=None, ms=None) if held else _answered(response, ms)
            if held:
                response["X-Kling-Call"] = request_id.get()
            writer.add(_call(request, about.actor, at, answer))
        return response


def _call(request: HttpRequest, actor: Actor, at: datetime, answer: Answered) -> Call:
    return Call(
        organisation_id=actor.organisation_id,
        livemode=actor.livemode,
        request_id=request_id.get(),
        at=at,
        method=str(request.method),
        path=request.path,
        query=request.META.get("QUERY_STRING", ""),
        credential=actor.key_name,
        end_user=actor.end_user,
        address=client_address(request),
        headers={
            name: "***" if name in _KEYS else value
            for name, value in request.headers.items()
            if name not in _UNTOLD
        },
        body=_body(request),
        answer=answer,
    )


def _body(request: HttpRequest) -> bytes:
    """What the view has read; Django says by these names alone whether it has.

    Reading what a refusal left unread would let strangers send more than they may.
    """
    read: bytes = getattr(request, "_body", b"")
    if not read and (form := getattr(request, "_post", None)):
        return bytes(form.urlencode(), "ascii")
    return read


def _answered(response: HttpResponse, ms: int) -> Answered:
    text = not response.streaming and response.get("Content-Type", "").startswith(_TEXT)
    return Answered(
        status=response.status_code,
        ms=ms,
        headers=dict(response.headers),
        body=response.content if text else b"",
    )
