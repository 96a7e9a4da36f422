"""Every refusal with the status that Segmind's pages list for it."""

from __future__ import annotations

from django.http import HttpResponse

from billing.errors import InsufficientCredits
from generations.compat import doors
from generations.errors import CapExceeded, NoProvider
from generations.wire.segmind import server as wire
from generations.wire.task import BadRequest
from kling_saas.lib.refusals import Refusal

_STATUS = {402: 406, 409: 400, 413: 400, 415: 400, 422: 400, 503: 500}
# 502 says that every upstream failed and nothing is charged; our own trouble, after which an order
# may stand, is a 500.
_BY_KIND: dict[type[Refusal], int] = {CapExceeded: 406, NoProvider: 502}


def refuse(error: Exception) -> HttpResponse:
    """`{"error": …}`."""
    if isinstance(error, BadRequest):
        return doors.answer(wire.encode_error(400, str(error)))
    if not isinstance(error, Refusal):
        raise error
    message = error.detail
    if isinstance(error, InsufficientCredits):
        message = f"Insufficient credits. {message}"
    status = _BY_KIND.get(type(error)) or _STATUS.get(error.status, error.status)
    retry = error.facts.get("retry_after")
    return doors.answer(
        wire.encode_error(status, message), {"Retry-After": str(retry)} if retry else None
    )
