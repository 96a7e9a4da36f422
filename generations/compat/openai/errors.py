"""Every refusal in OpenAI's shape, with a status that its clients have an exception for.

They try 409, 429 and 5xx again by themselves, and send no Idempotency-Key: `x-should-retry` tells
them where that could not help, or could order twice.
"""

from __future__ import annotations

from django.http import HttpResponse

from generations.compat import doors
from generations.wire.openai.errors import NO_CREDITS, encode_error
from generations.wire.task import BadRequest
from kling_saas.lib.refusals import Broken, IdempotencyKeyReused, Refusal, Unavailable

_STATUS = {402: 429, 410: 404, 413: 400, 415: 400, 422: 400}
_CODES = {401: "invalid_api_key", 402: NO_CREDITS}
_OPEN = (Broken, Unavailable)  # after which an order may stand


def refuse(error: Exception) -> HttpResponse:
    """`{"error": {message, type, param, code}}`."""
    return _refused(error, again=isinstance(error, Refusal) and error.retryable)


def refuse_order(error: Exception) -> HttpResponse:
    """The same of what makes an order; our own trouble is not tried again without being asked."""
    again = isinstance(error, Refusal) and error.retryable and not isinstance(error, _OPEN)
    return _refused(error, again=again)


def _refused(error: Exception, *, again: bool) -> HttpResponse:
    headers = {} if again else {"x-should-retry": "false"}
    if isinstance(error, BadRequest):
        told = encode_error(400, str(error), code="invalid_request", param=error.field)
        return doors.answer(told, headers)
    if not isinstance(error, Refusal):
        raise error
    violations = error.facts.get("violations")
    param = violations[0]["field"] if violations else None
    code = "model_not_found" if param == "model" else _CODES.get(error.status, error.code)
    kept = isinstance(error, IdempotencyKeyReused)
    status = error.status if kept else _STATUS.get(error.status, error.status)
    if retry := error.facts.get("retry_after"):
        headers["Retry-After"] = str(retry)
    return doors.answer(encode_error(status, error.detail, code=code, param=param), headers)
