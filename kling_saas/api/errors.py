"""The native API's one error shape: RFC 9457 problem+json with stable codes."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions as drf

from kling_saas.api.requests import request_id
from kling_saas.lib.database import DATABASE_GONE
from kling_saas.lib.refusals import (
    Broken,
    Forbidden,
    InvalidBody,
    NotFound,
    Refusal,
    Unauthenticated,
    Unavailable,
)

log = logging.getLogger(__name__)


class MethodNotAllowed(Refusal):
    """The address exists and takes other methods."""

    code, status, title = "method_not_allowed", 405, "Method not allowed"


class UnsupportedMediaType(Refusal):
    """The body is not JSON by its Content-Type."""

    code, status, title = "unsupported_media_type", 415, "Unsupported media type"


class BodyTooLarge(Refusal):
    """More bytes than any order needs."""

    code, status, title = "body_too_large", 413, "Body too large"


class Retired(Refusal):
    """This address was announced to go away, and its day has come."""

    code, status, title = "retired", 410, "No longer served"


class InvalidQuery(Refusal):
    """A parameter of the address is out of its limits; told like a violation of the body's."""

    code, status, title = "invalid_request", 422, "Invalid request"

    def __init__(self, field: str, message: str) -> None:
        violation = {"field": field, "code": "out_of_range", "message": message}
        super().__init__(message, violations=[violation])


@csrf_exempt
def unknown_address(request: HttpRequest) -> JsonResponse:
    """The answer below /api/ where nothing is."""
    return problem(NotFound("There is nothing at this address: see /api/v1/openapi.json."))


def problem(refusal: Refusal) -> JsonResponse:
    """The answer for a refusal."""
    body = problem_json(refusal)
    response = JsonResponse(body, status=refusal.status, content_type="application/problem+json")
    if refusal.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="api"'
    if "retry_after" in refusal.facts:
        response["Retry-After"] = str(refusal.facts["retry_after"])
    return response


def problem_json(refusal: Refusal) -> dict[str, Any]:
    """A refusal as RFC 9457 writes it, with the members of our own."""
    return {
        "type": f"{settings.SITE_URL}/docs/errors#{refusal.code}",
        "title": refusal.title,
        "status": refusal.status,
        "code": refusal.code,
        "detail": refusal.detail,
        "retryable": refusal.retryable,
        "request_id": request_id.get(),
        **refusal.facts,
    }


_AGAIN = 2  # seconds until a database that was away is worth another try


def told(error: BaseException | None) -> Refusal:
    """How a fault of ours is told."""
    if isinstance(error, DATABASE_GONE):
        return Unavailable(
            "The database did not answer: send the request again, with the same Idempotency-Key "
            "if it has one, and it is carried out once.",
            retry_after=_AGAIN,
        )
    return Broken("Something went wrong on our side, and it has been written down.")


def fault(error: BaseException | None) -> Refusal:
    """The same, and the log keeps the cause."""
    log.error("a request failed: %s", error, exc_info=error)
    return told(error)


_FROM_DRF: list[tuple[type[drf.APIException], type[Refusal]]] = [
    (drf.NotAuthenticated, Unauthenticated),
    (drf.AuthenticationFailed, Unauthenticated),
    (drf.PermissionDenied, Forbidden),
    (drf.NotFound, NotFound),
    (drf.MethodNotAllowed, MethodNotAllowed),
    (drf.UnsupportedMediaType, UnsupportedMediaType),
    (drf.ParseError, InvalidBody),
]


def handle(error: Exception, context: dict[str, Any]) -> JsonResponse | None:
    """DRF's exception handler: refusals become problems, the unexpected stays a 500."""
    if isinstance(error, Refusal):
        return problem(error)
    if isinstance(error, DATABASE_GONE):
        return problem(fault(error))
    for theirs, ours in _FROM_DRF:
        if isinstance(error, theirs):
            return problem(ours(str(error.detail)))
    return None
