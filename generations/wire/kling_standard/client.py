"""Calls Kling's 2026 standard: static API key, model in the path, tasks asked for in batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from generations.catalogue.params import Params
from generations.catalogue.registry import get
from generations.wire import loose
from generations.wire.kling import codes
from generations.wire.kling_standard import products
from generations.wire.kling_standard.models import (
    KINDS,
    MODELS,
    PRODUCTS,
    RESOLUTIONS,
    VOICED,
    write_marks,
    write_shots,
)
from generations.wire.task import Accepted, Outcome, Reason, Rejected, Task, Unknown, WireRequest


def can_serve(params: Params) -> bool:
    """Whether this standard sells the order: voices and elements only beside an image.

    Voices besides only with the models whose page lists them: 3.0's does not, 2.6's does. Of the
    other products it has omni films and motion control.
    """
    if params.task:
        return products.can_serve(params)
    pictured = params.kind == "image2video"
    referring = bool(params.voices or params.elements)
    masked = bool(params.static_mask or params.dynamic_masks)
    tail_alone = params.image_tail is not None and params.image is None
    return (
        params.kind in KINDS
        and params.model in MODELS
        and (pictured or not referring)
        and (params.model in VOICED or not params.voices)
        and not (masked or tail_alone or params.camera_control)
    )


def lost(params: Params) -> tuple[str, ...]:
    """The fields of this order that this standard has no word for."""
    if params.task:
        return products.lost(params)
    given = {
        "negative_prompt": bool(params.negative_prompt),
        "cfg_scale": params.cfg_scale is not None,
        "aspect_ratio": params.kind == "image2video" and params.aspect_ratio is not None,
        "seed": params.seed is not None,
    }
    return tuple(name for name, value in given.items() if value)


def encode_create(
    params: Params, *, external_id: str | None = None, callback_url: str | None = None
) -> WireRequest:
    """POST to the model's path."""
    options: dict[str, Any] = {}
    if callback_url:
        options["callback_url"] = callback_url
    if external_id:
        options["external_task_id"] = external_id
    if params.watermark:
        options["watermark_info"] = {"enabled": True}
    if params.task:
        body = products.body_of(params)
        path = f"/{params.task}/{PRODUCTS[params.task][params.model]}"
    else:
        body = _content(params) | {"settings": _settings(params)}
        path = f"/{KINDS[params.kind]}/{MODELS[params.model]}"
    if options:
        body["options"] = options
    return WireRequest(method="POST", path=path, json=body)


def _settings(params: Params) -> dict[str, Any]:
    spec = get(params.model)
    settings: dict[str, Any] = {
        "resolution": RESOLUTIONS[params.mode],
        "duration": params.duration,
    }
    if params.kind == "text2video":
        settings["aspect_ratio"] = params.aspect_ratio
    if spec.sound and not spec.sound.always:
        settings["audio"] = "native" if params.sound else "off"
    if spec.shots:
        # Left out it would be true, and the film be cut into shots unasked.
        settings["multi_shot"] = params.shot_type is not None
    return settings


def _content(params: Params) -> dict[str, Any]:
    words = write_marks(write_shots(params.multi_prompt) if params.multi_prompt else params.prompt)
    if params.kind == "text2video":
        return {"prompt": words}
    contents: list[dict[str, Any]] = [{"type": "prompt", "text": words}] if words else []
    for kind, image in (("first_frame", params.image), ("last_frame", params.image_tail)):
        if image:
            contents.append({"type": kind, "url": image})
    contents += [
        {"type": "element", "element_id": element, "id": f"element_{place}"}
        for place, element in enumerate(params.elements, 1)
    ]
    contents += [
        {"type": "voice", "voice_id": voice, "id": f"voice_{place}"}
        for place, voice in enumerate(params.voices, 1)
    ]
    return {"contents": contents}


def encode_get(task_ids: Sequence[str]) -> WireRequest:
    """GET several tasks at once by Kling's ids."""
    return WireRequest(method="GET", path=f"/tasks?task_ids={_joined(task_ids)}")


def encode_find(external_ids: Sequence[str]) -> WireRequest:
    """GET several tasks at once by our external ids."""
    return WireRequest(method="GET", path=f"/tasks?external_task_ids={_joined(external_ids)}")


def _joined(ids: Sequence[str]) -> str:
    return ",".join(quote(each, safe="") for each in ids)


def decode_created(status: int, headers: Mapping[str, str], body: bytes) -> Outcome:
    """The outcome of a create. Anything a task may hide behind is Unknown."""
    answer = loose.json_object(body)
    if told := codes.success(status, answer):
        task = read_task(loose.mapping(told.get("data")))
        return Accepted(task) if task else Unknown(str(status), "a success without a task")
    return codes.refusal(status, headers, answer)


def decode_tasks(
    status: int, headers: Mapping[str, str], body: bytes
) -> tuple[Task, ...] | Rejected:
    """The answer to `encode_get` or `encode_find`: unknown ids are simply not in it."""
    answer = loose.json_object(body)
    told = codes.success(status, answer)
    if told and isinstance(told.get("data"), list):
        read = (read_task(loose.mapping(item)) for item in told["data"])
        found = tuple(task for task in read if task is not None)
        if told["data"] and not found:  # there, and in words we do not know: not absent
            return Rejected(Reason.BROKEN, str(status), "the answer makes no sense")
        return found
    return codes.query_refusal(status, headers, answer)


def decode_task(status: int, headers: Mapping[str, str], body: bytes) -> Task | Rejected:
    """The answer to a query for a single task."""
    found = decode_tasks(status, headers, body)
    if isinstance(found, Rejected):
        return found
    if found:
        return found[0]
    return Rejected(Reason.NOT_FOUND, str(status), "no task of this id")


def read_task(fields: Mapping[str, Any]) -> Task | None:
    """A task from this standard's object; None without id or known status."""
    task_id, state = loose.text(fields.get("id")), loose.state(fields.get("status"))
    if not task_id or state is None:
        return None
    outputs = [loose.mapping(output) for output in loose.sequence(fields.get("outputs"))]
    films = (loose.video(output) for output in outputs if output.get("type", "video") == "video")
    message = loose.text(fields.get("message"))
    return Task(
        id=task_id,
        state=state,
        external_id=loose.text(fields.get("external_id")) or None,
        message=message,
        reason=codes.why_failed(message),
        videos=tuple(film for film in films if film is not None),
        created_ms=loose.milliseconds(fields.get("create_time")),
        updated_ms=loose.milliseconds(fields.get("update_time")),
        units=_units(fields.get("billing")),
    )


def _units(billing: object) -> Decimal | None:
    charges = (loose.mapping(charge) for charge in loose.sequence(billing))
    amounts = (
        loose.number(charge.get("amount"))
        for charge in charges
        if charge.get("charge_type") == "unit"
    )
    told = [amount for amount in amounts if amount is not None]
    return sum(told, Decimal(0)) if told else None
