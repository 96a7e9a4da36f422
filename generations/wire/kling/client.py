"""Calls Kling's first API standard: official names only, strings where Kling wants strings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from generations.catalogue.params import CameraControl, Kind, Params
from generations.catalogue.products.registry import PRODUCTS
from generations.catalogue.registry import get
from generations.wire import loose, plain
from generations.wire.kling import codes, products, tasks
from generations.wire.task import Accepted, Outcome, Rejected, Task, Unknown, WireRequest

LIST_MAX = 500  # tasks in one page of a list
MODELS = frozenset(
    {
        "kling-v1",
        "kling-v1-5",
        "kling-v1-6",
        "kling-v2-master",
        "kling-v2-1",
        "kling-v2-1-master",
        "kling-v2-5-turbo",
        "kling-v2-6",
        "kling-v3",
    }
)


def can_serve(params: Params) -> bool:
    """Whether this API sells the product or the model at all."""
    if params.task:
        return params.task in PRODUCTS and products.beyond(params) is None
    return params.model in MODELS


def lost(params: Params) -> tuple[str, ...]:
    """The fields of this order that this API cannot carry."""
    gone = []
    if params.task:
        return ("seed",) if params.seed is not None else ()
    if params.cfg_scale is not None and get(params.model).cfg_scale != "yes":
        gone.append("cfg_scale")
    if params.kind == "image2video" and params.aspect_ratio:
        gone.append("aspect_ratio")
    if params.seed is not None:
        gone.append("seed")
    return tuple(gone)


def encode_create(
    params: Params, *, external_id: str | None = None, callback_url: str | None = None
) -> WireRequest:
    """POST to the order's endpoint."""
    product = PRODUCTS.get(params.task)
    if product:
        body = products.body_of(product, params)
    else:
        body = body_of(params)
        if get(params.model).sound:
            body["sound"] = "on" if params.sound else "off"
    if not (product and product.at_once):
        body |= {"external_task_id": external_id} if external_id else {}
        body |= {"callback_url": callback_url} if callback_url else {}
    return WireRequest(method="POST", path=products.path(params.kind), json=body)


def body_of(params: Params) -> dict[str, Any]:
    """The fields every model knows, and those this order uses."""
    body: dict[str, Any] = {
        "model_name": params.model,
        "prompt": params.prompt,
        "mode": params.mode,
        "duration": str(params.duration),
    }
    if params.negative_prompt:
        body["negative_prompt"] = params.negative_prompt
    if params.kind == "text2video":
        body["aspect_ratio"] = params.aspect_ratio
    if params.cfg_scale is not None and get(params.model).cfg_scale == "yes":
        body["cfg_scale"] = plain.number(params.cfg_scale)
    if params.camera_control:
        body["camera_control"] = camera(params.camera_control)
    if params.watermark:
        body["watermark_info"] = {"enabled": True}
    return body | _pictures(params) | _shots(params) | _references(params)


def camera(move: CameraControl) -> dict[str, Any]:
    """`{type}` or, for simple, `{type, config: {axis: value}}`."""
    if move.axis is None or move.value is None:
        return {"type": move.type}
    return {"type": move.type, "config": {move.axis: plain.number(move.value)}}


def _pictures(params: Params) -> dict[str, Any]:
    pictures: dict[str, Any] = {
        "image": params.image,
        "image_tail": params.image_tail,
        "static_mask": params.static_mask,
        "dynamic_masks": [
            {"mask": mask.mask, "trajectories": [{"x": x, "y": y} for x, y in mask.trajectories]}
            for mask in params.dynamic_masks
        ],
    }
    return {name: value for name, value in pictures.items() if value}


def _shots(params: Params) -> dict[str, Any]:
    if params.shot_type is None:
        return {}
    body: dict[str, Any] = {"multi_shot": True, "shot_type": params.shot_type}
    if params.multi_prompt:
        body["multi_prompt"] = [
            {"index": index, "prompt": shot.prompt, "duration": str(shot.duration)}
            for index, shot in enumerate(params.multi_prompt, 1)
        ]
    return body


def _references(params: Params) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if params.voices:
        body["voice_list"] = [{"voice_id": voice} for voice in params.voices]
    if params.elements:
        # Kling's element ids are longs; ids of another shape go as they are.
        body["element_list"] = [
            {"element_id": int(element) if element.isdecimal() else element}
            for element in params.elements
        ]
    return body


def encode_get(kind: Kind, task_id: str) -> WireRequest:
    """GET one task, by Kling's id or by our external id."""
    return WireRequest(method="GET", path=f"{products.path(kind)}/{quote(task_id, safe='')}")


def encode_list(kind: Kind, page: int = 1, size: int = LIST_MAX) -> WireRequest:
    """GET a page of tasks: `page` 1 to 1000, `size` 1 to LIST_MAX."""
    return WireRequest(method="GET", path=f"{products.path(kind)}?pageNum={page}&pageSize={size}")


def decode_created(status: int, headers: Mapping[str, str], body: bytes) -> Outcome:
    """The outcome of a create. Anything a task may hide behind is Unknown, never Rejected."""
    answer = loose.json_object(body)
    if told := codes.success(status, answer):
        data = loose.mapping(told.get("data"))
        task = tasks.read(data) or tasks.read_at_once(data)
        if task is not None:
            return Accepted(task)
        return Unknown(str(status), "a success without a task")
    return codes.refusal(status, headers, answer)


def decode_task(status: int, headers: Mapping[str, str], body: bytes) -> Task | Rejected:
    """The answer to `encode_get`."""
    answer = loose.json_object(body)
    if told := codes.success(status, answer):
        task = tasks.read(loose.mapping(told.get("data")))
        if task is not None:
            return task
    return codes.query_refusal(status, headers, answer)


def decode_list(
    status: int, headers: Mapping[str, str], body: bytes
) -> tuple[Task, ...] | Rejected:
    """The answer to `encode_list`; entries that make no sense are left out."""
    answer = loose.json_object(body)
    told = codes.success(status, answer)
    if told and isinstance(told.get("data"), list):
        read = (tasks.read(loose.mapping(item)) for item in told["data"])
        return tuple(task for task in read if task is not None)
    return codes.query_refusal(status, headers, answer)
