"""Answers as Segmind does, v1 and v2: for our drop-in endpoints and for the sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from generations.catalogue.params import FILMS
from generations.catalogue.violations import printable
from generations.wire.segmind import products
from generations.wire.segmind.page import Parameter, Slug
from generations.wire.segmind.slugs import VERSIONS
from generations.wire.task import BadRequest, Order, Task, TaskState, WireReply

STATUS_WORDS = {
    TaskState.QUEUED: "QUEUED",
    TaskState.RUNNING: "PROCESSING",
    TaskState.SUCCEEDED: "COMPLETED",
    TaskState.FAILED: "FAILED",
}
_MOST = 20  # warnings
_CAMERA = ("camera_control", "camera_axis", "camera_value")
_NOT_NATIVE = (*_CAMERA, "version")


def decode_order(slug: Slug, body: object) -> Order:
    """A create request in native words with the page's defaults. Raises BadRequest."""
    if not isinstance(body, Mapping):
        raise BadRequest("body", "must be a JSON object")
    sent = {
        parameter.native: value
        for parameter in slug.parameters
        if (value := _value(parameter, body)) is not None
    }
    _camera_is_whole(slug, sent)
    values = {p.native: p.default for p in slug.parameters if p.default is not None} | sent
    fields = {name: value for name, value in values.items() if name not in _NOT_NATIVE}
    fields["model"], fields["mode"] = _variant(slug, values)
    if "image_tail" in sent and _selected(slug, values) not in slug.tail_variants:
        raise BadRequest("image_tail", "needs mode pro")
    if "camera_control" in sent:
        fields["camera_control"] = _camera(sent)
    if "image" in sent and "aspect_ratio" not in sent:
        # An image brings its own ratio: only a ratio that was asked for makes us crop.
        fields.pop("aspect_ratio", None)
    if "multi_prompt" in sent:
        # The shots' lengths replace `duration` here, where Kling wants them equal.
        fields.pop("duration", None)
    warnings = _passed_over(slug, body)
    if slug.kinds[0] not in FILMS:
        fields, more = products.fields_of(slug, fields, sent)
        warnings += more
    explicit = frozenset(sent) - set(_NOT_NATIVE[1:])
    return Order(fields=fields, explicit=explicit, warnings=warnings)


def place_of(slug: Slug, body: Mapping[str, Any], place: str) -> str:
    """A place in an order in native words as the client calls the page's parameter for it."""
    native = products.native_of(slug, place)
    name = native.partition("[")[0]
    if place.startswith("camera_control."):
        native = name = _CAMERA[2] if place.startswith("camera_control.config") else _CAMERA[0]
    parameter = slug.by_native.get(name)
    if parameter is None:
        return place
    spellings = (parameter.name, *parameter.also)
    told = next((each for each in spellings if body.get(each) is not None), parameter.name)
    return told + native.removeprefix(name)


def _passed_over(slug: Slug, body: Mapping[str, Any]) -> tuple[str, ...]:
    """What was sent and is no parameter of the page, such as a word that is misspelt."""
    known = {name for parameter in slug.parameters for name in (parameter.name, *parameter.also)}
    unread = [printable(name) for name, value in body.items() if name not in known and value]
    return tuple(f"{name} was dropped: this page has no such parameter." for name in unread[:_MOST])


def _value(parameter: Parameter, body: Mapping[str, Any]) -> Any:
    """What the client sent for a parameter, under any of its names; None when absent."""
    names = (parameter.name, *parameter.also)
    value = next((body[name] for name in names if body.get(name) is not None), None)
    # An empty negative prompt is meant: it keeps the page's default out.
    if value in ("", []) and parameter.native != "negative_prompt":
        value = None
    if value is None:
        if parameter.required:
            raise BadRequest(parameter.name, "is required")
        return None
    if parameter.allowed and _word(value) not in parameter.allowed:
        raise BadRequest(parameter.name, f"must be one of {', '.join(parameter.allowed)}")
    return value


def _word(value: object) -> str:
    """A value as the page's table of allowed values writes it: 5, "5" and 5.0 are one."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    if isinstance(value, str):
        return value.strip()
    return format(value, "g") if abs(value) < 10**6 else ""


def _camera_is_whole(slug: Slug, sent: Mapping[str, Any]) -> None:
    if "camera_control" not in slug.by_native:
        return
    names = {native: slug.by_native[native].name for native in _CAMERA}
    simple = _word(sent.get("camera_control")) == "simple"
    for native in _CAMERA[1:]:
        if simple and native not in sent:
            raise BadRequest(names[native], "is required when camera_control_type is simple")
        if "camera_control" not in sent and native in sent:
            raise BadRequest("camera_control_type", f"is required with {names[native]}")


def _camera(sent: Mapping[str, Any]) -> dict[str, Any]:
    move = _word(sent["camera_control"])
    if move != "simple":
        return {"type": move}
    return {"type": move, "config": {_word(sent["camera_axis"]): sent["camera_value"]}}


def _selected(slug: Slug, values: Mapping[str, Any]) -> str:
    return _word(values[slug.selector]) if slug.selector else ""


def _variant(slug: Slug, values: Mapping[str, Any]) -> tuple[str, str]:
    model, mode = slug.variants[_selected(slug, values)]
    return VERSIONS[_word(values["version"])] if "version" in values else model, mode


def encode_queued(task: Task, base_url: str) -> WireReply:
    """The answer to a v2 create: where to ask. `base_url` is scheme, host and prefix."""
    request_url = f"{base_url.rstrip('/')}/v2/requests/{task.id}"
    body = {
        "request_id": task.id,
        "status": STATUS_WORDS[task.state],
        "poll_url": request_url,
        "status_url": f"{request_url}/status",
        "response_url": request_url,
    }
    return WireReply(status=200, json=body, headers=accounting_headers(task))


def encode_status(task: Task) -> WireReply:
    """The answer to `/v2/requests/{id}/status`: no output; a failed task is a 422."""
    body: dict[str, Any] = {"request_id": task.id, "status": STATUS_WORDS[task.state]}
    if task.state in (TaskState.SUCCEEDED, TaskState.FAILED):
        body["metrics"] = _metrics(task)
    return _settled(task, body)


def encode_result(task: Task) -> WireReply:
    """The answer to `/v2/requests/{id}`; v1 gives the same body to clients that want JSON.

    A film that is not kept any more is null, with a message.
    """
    body: dict[str, Any] = {"request_id": task.id, "status": STATUS_WORDS[task.state]}
    if task.state is TaskState.SUCCEEDED and task.videos:
        film = task.videos[0]
        body["output"] = film.url
        body["video"] = {
            "url": film.url,
            "content_type": "video/mp4",
            "file_name": f"{task.id}.mp4",
            **({"file_size": film.bytes} if film.bytes is not None else {}),
        }
    if task.gone:
        body |= {"output": None, "video": None, "message": task.message}
    if task.state is TaskState.SUCCEEDED and task.facts:
        body |= {"output": dict(task.facts), **task.facts}
    if task.prompt:
        body["prompt"] = task.prompt
    if task.seed is not None:
        body["seed"] = task.seed
    if task.state in (TaskState.SUCCEEDED, TaskState.FAILED):
        body["metrics"] = _metrics(task)
    return _settled(task, body)


def _settled(task: Task, body: dict[str, Any]) -> WireReply:
    if task.state is TaskState.FAILED:
        body["error"] = task.message or "Generation failed"
        return WireReply(status=422, json=body, headers=accounting_headers(task))
    return WireReply(status=200, json=body, headers=accounting_headers(task))


def _metrics(task: Task) -> dict[str, float]:
    total = max(0, task.updated_ms - task.created_ms) / 1000
    metrics = {"inference_time": total, "queue_time": 0.0, "total_time": total}
    # A failed film costs nothing, and Segmind leaves the figures out.
    if task.state is TaskState.SUCCEEDED:
        if task.cost_usd is not None:
            metrics["cost"] = float(task.cost_usd)
        if task.remaining_usd is not None:
            metrics["remaining_credits"] = float(task.remaining_usd)
    return metrics


def accounting_headers(task: Task) -> dict[str, str]:
    """The `x-…` headers that v1 sends beside raw bytes, and beside JSON as well."""
    headers = {"x-request-id": task.id}
    if task.cost_usd is not None and task.state is TaskState.SUCCEEDED:
        headers["x-cost"] = f"{task.cost_usd:f}"
    if task.remaining_usd is not None:
        headers["x-remaining-credits"] = f"{task.remaining_usd:f}"
    if task.state in (TaskState.SUCCEEDED, TaskState.FAILED):
        headers["x-generation-time"] = f"{max(0, task.updated_ms - task.created_ms) / 1000:.3f}"
    if task.seed is not None:
        headers["x-seed-value"] = str(task.seed)
    return headers


def encode_credits(remaining: Decimal) -> WireReply:
    """The answer to `/v1/get-user-credits`, in dollars."""
    return WireReply(status=200, json={"credits": float(remaining), "free-credits": 0})


def encode_error(status: int, message: str, *, request_id: str = "") -> WireReply:
    """An error; `request_id` goes along where the job still runs (504)."""
    body = {"error": message, **({"request_id": request_id} if request_id else {})}
    headers = {"x-request-id": request_id} if request_id else {}
    return WireReply(status=status, json=body, headers=headers)
