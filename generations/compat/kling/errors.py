"""Every refusal as Kling says it: a code of its table, and the HTTP status that its pages promise.

KLING_DIALECT_STATUS chooses between the published skill page (402, 400) and Kling's own table.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse

from accounts.access_keys import TokenRefused
from generations.compat import doors
from generations.errors import FAILURES, InvalidRequest, QueueFull
from generations.wire.kling import codes
from generations.wire.kling.server import SPELLINGS
from generations.wire.task import BadRequest
from kling_saas.api.errors import MethodNotAllowed
from kling_saas.api.requests import request_id
from kling_saas.lib.refusals import NotFound, Refusal

PARAMETERS, FORBIDDEN = 1200, 1103
_MODEL = SPELLINGS["model"]
_BY_STATUS = {
    401: 1002,
    402: codes.BALANCE_EMPTY,
    403: FORBIDDEN,
    404: codes.NO_SUCH_RESOURCE,
    409: codes.INVALID_VALUE,
    422: codes.INVALID_VALUE,
    429: codes.RATE_LIMIT,
    503: codes.UNAVAILABLE,
}
_FAILED = {
    "moderation": codes.RISK_CONTROL,
    "deadline": codes.TIMEOUT,
    "internal": codes.INTERNAL,
    "no_provider": codes.NO_SUCH_RESOURCE,
}


class NoSuchMethod(NotFound):
    """A product of Kling's that is not served here."""

    title = "No such method"


def refuse(error: Exception) -> HttpResponse:
    """`{code, message, request_id}`."""
    if isinstance(error, BadRequest):
        return say(codes.INVALID_VALUE, str(error))
    if not isinstance(error, Refusal):
        raise error
    # Kling's table says 400 for a bad model; a task that nobody knows is a 404 in either style.
    unknown_task = error.status == 404 and not isinstance(error, NoSuchMethod)
    retry = error.facts.get("retry_after")
    response = say(_code(error), error.detail, status=404 if unknown_task else None)
    if retry:
        response["Retry-After"] = str(retry)
    return response


def _code(error: Refusal) -> int:
    if isinstance(error, TokenRefused):
        return error.kling_code
    if isinstance(error, NoSuchMethod | MethodNotAllowed):
        return codes.NO_SUCH_METHOD
    if isinstance(error, QueueFull):
        return codes.CONCURRENCY
    if isinstance(error, InvalidRequest) and error.violations[0]["field"] in _MODEL:
        return codes.NO_SUCH_RESOURCE
    return _BY_STATUS.get(error.status, codes.INTERNAL if error.status >= 500 else PARAMETERS)


def failed(error_code: str, message: str) -> HttpResponse:
    """Why what is made at once was not made, so that a client knows "again" from "never"."""
    known = FAILURES.get(error_code)
    usual = codes.UNAVAILABLE if known and known.retryable else codes.INVALID_VALUE
    return say(_FAILED.get(error_code, usual), message)


def say(code: int, message: str, status: int | None = None) -> HttpResponse:
    """An error in the style that the setting wants; `status` overrides Kling's table."""
    official = settings.KLING_DIALECT_STATUS == "official"
    style: codes.StatusStyle = "official" if official else "seed"
    return doors.answer(
        codes.encode_error(code, message, request_id.get(), status_style=style, status=status)
    )
