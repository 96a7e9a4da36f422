"""Every refusal in OpenAI's shape: message, type, param, code."""

from __future__ import annotations

from django.http import HttpResponse

from generations.compat import doors
from generations.errors import InvalidRequest
from generations.wire.kling.server import SPELLINGS
from generations.wire.llmprovider import server as wire
from generations.wire.task import BadRequest
from kling_saas.lib.refusals import Refusal


def refuse(error: Exception) -> HttpResponse:
    """`{"error": {…}}`; what is wrong with the request is a 400."""
    if isinstance(error, BadRequest):
        return doors.answer(
            wire.encode_error(400, str(error), code="invalid_request", param=error.field)
        )
    if not isinstance(error, Refusal):
        raise error
    param = error.violations[0]["field"] if isinstance(error, InvalidRequest) else None
    code = "model_not_found" if param in SPELLINGS["model"] else error.code
    status = 400 if error.status in (413, 415, 422) else error.status
    retry = error.facts.get("retry_after")
    return doors.answer(
        wire.encode_error(status, error.detail, code=code, param=param),
        {"Retry-After": str(retry)} if retry else None,
    )
