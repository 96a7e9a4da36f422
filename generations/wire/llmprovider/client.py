"""Calls llmprovider, and gateways like it: Kling's body with `model`, a flat task in return.

Its one published page has no query, no error body and no callback; what those look like is our
decision, and the reading side takes Kling's envelope and other gateways' shapes as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from generations.catalogue.params import Params
from generations.wire import loose
from generations.wire.kling import client as kling
from generations.wire.kling import codes, tasks
from generations.wire.task import Accepted, Outcome, Reason, Rejected, Task, Unknown, WireRequest

PATH = "/v1/videos/text2video"
NAMES = {"kling-v1": "kling-video-v1", "kling-v1-6": "kling-video-v1-6"}

_TYPES = {
    "insufficient_quota": Reason.BALANCE,
    "content_policy_violation": Reason.MODERATION,
    "model_not_found": Reason.DISCONTINUED,
    "rate_limit_exceeded": Reason.RATE,
}

_MISSING = ("task_not_found", "not_found")


def can_serve(params: Params) -> bool:
    """Whether the page sells this order: two models, text-to-video, without a watermark."""
    return params.model in NAMES and params.kind == "text2video" and not params.watermark


def lost(params: Params) -> tuple[str, ...]:
    """The fields of this order that this API cannot carry."""
    return ("seed",) if params.seed is not None else ()


def encode_create(params: Params, *, external_id: str | None = None) -> WireRequest:
    """POST; there is no callback."""
    body: dict[str, Any] = kling.body_of(params)
    body = {"model": NAMES[body.pop("model_name")], **body}
    if external_id:
        body["external_task_id"] = external_id
    return WireRequest(method="POST", path=PATH, json=body)


def encode_get(task_id: str) -> WireRequest:
    """GET one task."""
    return WireRequest(method="GET", path=f"{PATH}/{quote(task_id, safe='')}")


def decode_created(status: int, headers: Mapping[str, str], body: bytes) -> Outcome:
    """The outcome of a create. Anything a task may hide behind is Unknown."""
    answer = loose.json_object(body)
    if answer is not None and 200 <= status < 300 and not _is_error(answer):
        task = _task(answer)
        return Accepted(task) if task else Unknown(str(status), "a success without a task")
    return _refusal(status, headers, answer)


def decode_task(status: int, headers: Mapping[str, str], body: bytes) -> Task | Rejected:
    """The answer to `encode_get`."""
    answer = loose.json_object(body)
    if answer is not None and 200 <= status < 300 and not _is_error(answer):
        task = _task(answer)
        if task is not None:
            return task
        return Rejected(Reason.BROKEN, str(status), "the answer makes no sense")
    if answer is not None and "code" in answer:
        return codes.query_refusal(status, headers, answer)
    found = _refusal(status, headers, answer)
    if status == 404 and _is_missing(answer, found.message):
        return Rejected(Reason.NOT_FOUND, found.code, found.message)
    if isinstance(found, Unknown) or status == 404:
        reason = Reason.BROKEN if status < 300 else Reason.UNAVAILABLE
        return Rejected(reason, found.code, found.message, loose.retry_after(headers))
    return found


def _is_missing(answer: Mapping[str, Any] | None, message: str) -> bool:
    code = loose.text(loose.mapping((answer or {}).get("error")).get("code"))
    return code in _MISSING or codes.is_missing(message)


def _task(answer: Mapping[str, Any]) -> Task | None:
    return tasks.read(loose.mapping(answer.get("data")) or answer)


def _is_error(answer: Mapping[str, Any]) -> bool:
    """An error in spite of a 2xx status: a Kling code, or an error object without a task."""
    code = answer.get("code")
    refused = isinstance(code, int) and code != codes.OK
    return refused or ("error" in answer and "task_id" not in answer and "data" not in answer)


def _refusal(
    status: int, headers: Mapping[str, str], answer: Mapping[str, Any] | None
) -> Rejected | Unknown:
    error = loose.mapping((answer or {}).get("error"))
    plain = {
        "code": (answer or {}).get("code"),
        "message": loose.text(error.get("message")) or (answer or {}).get("message"),
    }
    found = codes.refusal(status, headers, plain)
    reason = _TYPES.get(loose.text(error.get("code"))) or _TYPES.get(loose.text(error.get("type")))
    if reason is None or isinstance(found, Unknown):
        return found
    return Rejected(reason, found.code, found.message, found.retry_after)
