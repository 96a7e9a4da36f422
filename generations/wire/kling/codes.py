"""Kling's table of error codes: HTTP status, standard words, and what each means for us.

Both of Kling's API standards use it (Kling's error pages, 21 codes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from generations.wire import loose
from generations.wire.task import Reason, Rejected, Unknown, WireReply

StatusStyle = Literal["seed", "official"]
OK = 0
BALANCE_EMPTY = 1102
INVALID_VALUE = 1201
NO_SUCH_METHOD = 1202
NO_SUCH_RESOURCE = 1203
RISK_CONTROL = 1301
RATE_LIMIT = 1302
CONCURRENCY = 1303
INTERNAL = 5000
UNAVAILABLE = 5001
TIMEOUT = 5002


@dataclass(frozen=True, slots=True)
class Code:
    """One row. `reason` is what a client should make of it; None: perhaps accepted."""

    status: int
    words: str
    reason: Reason | None


CODES: Mapping[int, Code] = {
    1000: Code(401, "Authorization signature is invalid", Reason.AUTH),
    1001: Code(401, "Authorization is empty", Reason.AUTH),
    1002: Code(401, "Authorization is invalid", Reason.AUTH),
    1003: Code(401, "Authorization is not yet valid", Reason.AUTH),
    1004: Code(401, "Authorization has expired", Reason.AUTH),
    1100: Code(429, "Account exception", Reason.AUTH),
    1101: Code(429, "Account in arrears", Reason.BALANCE),
    BALANCE_EMPTY: Code(429, "Account balance not enough", Reason.BALANCE),
    1103: Code(403, "No permission for this API or model", Reason.DISCONTINUED),
    1200: Code(400, "Invalid request parameters", Reason.INVALID),
    INVALID_VALUE: Code(400, "Invalid parameter value", Reason.INVALID),
    NO_SUCH_METHOD: Code(404, "The requested method is invalid", Reason.BROKEN),
    NO_SUCH_RESOURCE: Code(404, "The requested resource does not exist", Reason.DISCONTINUED),
    1300: Code(400, "Platform policy triggered", Reason.MODERATION),
    RISK_CONTROL: Code(400, "Content safety policy triggered", Reason.MODERATION),
    RATE_LIMIT: Code(429, "Too many requests", Reason.RATE),
    CONCURRENCY: Code(429, "parallel task over resource pack limit", Reason.CONCURRENCY),
    1304: Code(429, "IP address is not allowed", Reason.AUTH),
    INTERNAL: Code(500, "Internal server error", None),
    UNAVAILABLE: Code(503, "Service temporarily unavailable", None),
    TIMEOUT: Code(504, "Internal timeout", None),
}

# What the published skill page promises: 402 no credits, 400 bad model.
_SEED_STATUS = {1101: 402, BALANCE_EMPTY: 402, NO_SUCH_RESOURCE: 400}

_MODERATION = ("policy", "sensitive", "risk control", "moderation")
_BY_STATUS = {
    400: Reason.INVALID,
    401: Reason.AUTH,
    402: Reason.BALANCE,
    403: Reason.AUTH,
    404: Reason.BROKEN,
    413: Reason.INVALID,
    422: Reason.INVALID,
    429: Reason.RATE,
}


def encode_error(
    code: int,
    message: str,
    request_id: str,
    *,
    status_style: StatusStyle = "seed",
    status: int | None = None,
) -> WireReply:
    """An error answer: no `data` key. `status` overrides the table (an unknown task is 404)."""
    row = CODES[code]
    by_style = _SEED_STATUS.get(code, row.status) if status_style == "seed" else row.status
    body = {"code": code, "message": message or row.words, "request_id": request_id}
    return WireReply(status=status or by_style, json=body)


def envelope(data: Any, request_id: str) -> WireReply:
    """A success answer around `data`."""
    body = {"code": OK, "message": "SUCCEED", "request_id": request_id, "data": data}
    return WireReply(status=200, json=body)


def success(status: int, answer: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The answer if it is a success, by its status and by its code; never empty."""
    fine = answer is not None and 200 <= status < 300 and is_ok(answer.get("code"))
    return answer if fine else None


def is_ok(code: object) -> bool:
    """Whether a code is that of success, as a number or as text."""
    return code in (OK, str(OK)) and code is not False


def why_failed(message: str) -> Reason:
    """Of a task that was taken and failed: what its words mean."""
    words = message.lower()
    return Reason.MODERATION if any(sign in words for sign in _MODERATION) else Reason.FAILED


def refusal(
    status: int, headers: Mapping[str, str], body: Mapping[str, Any] | None
) -> Rejected | Unknown:
    """What an answer to a create that is not a success means."""
    fields = body or {}
    number = loose.number(fields.get("code"))
    code = int(number) if number is not None else 0
    message = loose.text(fields.get("message")) or f"HTTP {status}"
    row = CODES.get(code)
    reason = row.reason if row else _BY_STATUS.get(status)
    if row is None and 300 <= status < 400:
        reason = Reason.BROKEN
    if reason is None:
        return Unknown(str(code or status), message)
    if is_gone(message) and reason in (Reason.INVALID, Reason.AUTH):
        reason = Reason.DISCONTINUED
    if code == NO_SUCH_RESOURCE and "model" not in message.lower():
        reason = Reason.INVALID  # a voice or an element of the order, not what is sold
    return Rejected(reason, str(code or status), message, loose.retry_after(headers))


def query_refusal(
    status: int, headers: Mapping[str, str], body: Mapping[str, Any] | None
) -> Rejected:
    """What an answer to a query that is not a success means; nothing is at stake in asking.

    That a task is not there must be said by who would have it, in its own code or words: a 404 of
    something in between says nothing of the task.
    """
    if status < 300 and (body is None or body.get("code") is None or is_ok(body.get("code"))):
        return Rejected(Reason.BROKEN, str(status), "the answer makes no sense")
    found = refusal(status, headers, body)
    if isinstance(found, Unknown):
        return Rejected(Reason.UNAVAILABLE, found.code, found.message, loose.retry_after(headers))
    missing = found.code == str(NO_SUCH_RESOURCE) or is_missing(found.message)
    if missing and found.reason is not Reason.AUTH:
        return Rejected(Reason.NOT_FOUND, found.code, found.message)
    if found.code == "404":
        return Rejected(Reason.UNAVAILABLE, found.code, found.message)
    return found


def is_gone(message: str) -> bool:
    """Whether the vendor says that a model will not come back."""
    words = message.lower()
    return "discontinued" in words or "no longer available" in words


def is_missing(message: str) -> bool:
    """Whether it says that there is no such task."""
    words = message.lower()
    return "task" in words and ("not found" in words or "not exist" in words)
