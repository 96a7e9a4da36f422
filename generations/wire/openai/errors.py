"""OpenAI's shape of an error, which gateways for other vendors took over."""

from __future__ import annotations

from generations.wire.task import WireReply

NO_CREDITS = "insufficient_quota"


def encode_error(status: int, message: str, *, code: str, param: str | None = None) -> WireReply:
    """An error of OpenAI's; its `type` follows from status and code."""
    kind = "server_error" if status >= 500 else "invalid_request_error"
    if status == 429:
        kind = NO_CREDITS if code == NO_CREDITS else "rate_limit_error"
    return shaped(status, message, kind=kind, code=code, param=param)


def shaped(status: int, message: str, *, kind: str, code: str, param: str | None) -> WireReply:
    """Any error in this shape."""
    error = {"message": message, "type": kind, "param": param, "code": code}
    return WireReply(status=status, json={"error": error})
