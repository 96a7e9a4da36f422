"""Answers as Kling's 2026 standard does, so that the sandbox can stand in for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from generations.catalogue.params import Kind
from generations.wire import loose, plain
from generations.wire.kling import codes
from generations.wire.kling.server import read_label
from generations.wire.kling_standard import products
from generations.wire.kling_standard.models import (
    KINDS,
    MODELS,
    PRODUCTS,
    RESOLUTIONS,
    STATUS_WORDS,
    read_marks,
)
from generations.wire.task import BadRequest, Order, Task, TaskState, WireReply

_ROUTES = {
    (KINDS.get(kind, kind), official): (kind, native)
    for kind, models in {**dict.fromkeys(KINDS, MODELS), **PRODUCTS}.items()
    for native, official in models.items()
}
_NATIVE_MODES = {resolution: mode for mode, resolution in RESOLUTIONS.items()}


def route(path: str) -> tuple[Kind, str] | None:
    """Kind and native model of a create path; None when this standard has no such path."""
    head, _, model = path.strip("/").partition("/")
    return _ROUTES.get((head, model))


def decode_order(kind: Kind, model: str, body: object) -> Order:
    """A create request in native words; `model` is native. Raises BadRequest."""
    if not isinstance(body, Mapping):
        raise BadRequest("body", "must be a JSON object")
    read = products.fields_of if kind in PRODUCTS else _film
    fields = read(kind, model, body)
    options = loose.mapping(body.get("options"))
    if loose.mapping(options.get("watermark_info")).get("enabled") is True:
        fields["watermark"] = True
    explicit = frozenset(fields)
    fields["model"] = model
    return Order(
        fields=fields,
        explicit=explicit,
        external_id=read_label(options, "external_task_id"),
        callback_url=read_label(options, "callback_url"),
    )


def _film(kind: Kind, model: str, body: Mapping[str, Any]) -> dict[str, Any]:
    settings = loose.mapping(body.get("settings"))
    fields = _content(kind, body) | _settings(settings)
    if settings.get("multi_shot", model == "kling-v3") is True:
        products.split(fields)
    return fields


def _settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        name: settings[name]
        for name in ("duration", "aspect_ratio")
        if settings.get(name) is not None
    }
    resolution, audio = settings.get("resolution"), settings.get("audio")
    if resolution is not None:
        if not isinstance(resolution, str) or resolution not in _NATIVE_MODES:
            raise BadRequest("settings.resolution", f"must be one of {', '.join(_NATIVE_MODES)}")
        fields["mode"] = _NATIVE_MODES[resolution]
    if audio is not None:
        if audio not in ("native", "off"):
            raise BadRequest("settings.audio", "must be native or off")
        fields["sound"] = audio == "native"
    return fields


def _content(kind: Kind, body: Mapping[str, Any]) -> dict[str, Any]:
    if kind == "text2video":
        prompt = body.get("prompt")
        return {"prompt": read_marks(prompt) if isinstance(prompt, str) else prompt}
    fields: dict[str, Any] = {}
    for item in map(loose.mapping, loose.sequence(body.get("contents"))):
        match item.get("type"):
            case "prompt":
                fields["prompt"] = read_marks(loose.text(item.get("text")))
            case "first_frame":
                fields["image"] = item.get("url")
            case "last_frame":
                fields["image_tail"] = item.get("url")
            case "element":
                fields.setdefault("elements", []).append(loose.text(item.get("element_id")))
            case "voice":
                fields.setdefault("voices", []).append(loose.text(item.get("voice_id")))
            case _:
                raise BadRequest("contents", "has an entry of a type this path does not take")
    if not fields.get("image"):
        raise BadRequest("contents", "must have a first_frame")
    return fields


def encode_created(task: Task, request_id: str) -> WireReply:
    """The answer to a create."""
    return codes.envelope(_short(task), request_id)


def encode_tasks(tasks: Iterable[Task], request_id: str) -> WireReply:
    """The answer to `GET /tasks`: those that exist."""
    return codes.envelope([flat(task) for task in tasks], request_id)


def encode_error(code: int, message: str, request_id: str) -> WireReply:
    """An error answer, by the same table as the first standard."""
    return codes.encode_error(code, message, request_id, status_style="official")


def encode_callback(task: Task) -> dict[str, Any]:
    """What is posted to `options.callback_url`: the task, no envelope."""
    return flat(task)


def _short(task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "status": STATUS_WORDS[task.state],
        "create_time": task.created_ms,
        "update_time": task.updated_ms,
        "external_id": task.external_id or "",
    }


def flat(task: Task) -> dict[str, Any]:
    """The whole task object of this standard."""
    outputs = []
    for film in task.videos if task.state is TaskState.SUCCEEDED else ():
        output = {"type": "video", "id": film.id, "url": film.url}
        if film.duration_ms is not None:
            output["duration"] = plain.seconds(film.duration_ms)
        if film.watermark_url:
            output["watermark_url"] = film.watermark_url
        outputs.append(output)
    billing = []
    if task.units is not None:
        billing.append({"charge_type": "unit", "amount": plain.decimal(task.units)})
    return _short(task) | {"message": task.message, "outputs": outputs, "billing": billing}
