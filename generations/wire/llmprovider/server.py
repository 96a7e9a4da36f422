"""Answers as llmprovider does: a flat task object, and errors in OpenAI's shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generations.wire.kling import server as kling
from generations.wire.kling import tasks
from generations.wire.llmprovider.client import NAMES
from generations.wire.openai.errors import shaped
from generations.wire.task import Order, Task, WireReply

MODELS = tuple(NAMES.values())
"""What its page calls the models that it sells."""
_ERROR_TYPES = {
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    429: "rate_limit_error",
}


def decode_order(body: object) -> Order:
    """A create request in native words. Raises BadRequest when it is not of this dialect."""
    return kling.decode_order("text2video", body)


def place_of(body: Mapping[str, Any], place: str) -> str:
    """A place in an order in native words as the body that ordered it calls it."""
    return kling.place_of("text2video", body, place)


def encode_created(task: Task) -> WireReply:
    """The answer to a create."""
    return WireReply(status=200, json=tasks.created(task))


def encode_task(task: Task) -> WireReply:
    """The answer to a query."""
    return WireReply(status=200, json=tasks.flat(task))


def encode_error(status: int, message: str, *, code: str, param: str | None = None) -> WireReply:
    """An error in OpenAI's shape; its `type` follows from the status."""
    usual = "invalid_request_error" if status < 500 else "server_error"
    kind = _ERROR_TYPES.get(status, usual)
    return shaped(status, message, kind=kind, code=code, param=param)
