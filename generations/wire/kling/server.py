"""Answers as Kling's first API standard does: for our drop-in endpoints and for the sandbox."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from generations.catalogue.params import Kind
from generations.catalogue.products.product import Product
from generations.catalogue.products.registry import PRODUCTS
from generations.catalogue.violations import printable
from generations.wire.kling import codes, products, tasks
from generations.wire.kling.codes import encode_error
from generations.wire.task import BadRequest, Order, Task, WireReply

__all__ = [
    "DEFAULT_MODEL",
    "decode_order",
    "encode_at_once",
    "encode_callback",
    "encode_created",
    "encode_error",
    "encode_list",
    "encode_task",
    "read_label",
]

DEFAULT_MODEL = "kling-v1"
_LABEL_MAX = 512
_WARNINGS_MAX = 20
_SAME_NAME = (
    "prompt",
    "negative_prompt",
    "mode",
    "duration",
    "cfg_scale",
    "camera_control",
)
_SHOTS = ("multi_shot", "shot_type", "multi_prompt")
_PICTURES = ("image", "image_tail", "static_mask", "dynamic_masks")


def decode_order(kind: Kind, body: object) -> Order:
    """A create request in native words. Raises BadRequest when it is not of this dialect.

    Reads the official names and the aliases that clients send: `model`, `motion_has_audio`,
    booleans for on and off. Empty strings, lists and objects count as absent.
    """
    if not isinstance(body, Mapping):
        raise BadRequest("body", "must be a JSON object")
    sent = {name: value for name, value in body.items() if not _is_empty(value)}
    if kind in PRODUCTS:
        return _product_order(PRODUCTS[kind], sent)
    fields = {name: sent[name] for name in _SAME_NAME if name in sent}
    model = sent.get("model_name", sent.get("model"))
    if model is not None:
        fields["model"] = model
    if kind == "text2video":
        fields |= {name: sent[name] for name in ("aspect_ratio",) if name in sent}
    else:
        fields |= {name: sent[name] for name in _PICTURES if name in sent}
        if "image" not in fields and "image_tail" not in fields:
            raise BadRequest("image", "image or image_tail is required")
    sound = sent.get("sound", sent.get("motion_has_audio"))
    if sound is not None:
        fields["sound"] = sound
    fields |= _multi_shot(sent) | _references(sent)
    explicit = frozenset(fields)
    fields.setdefault("model", DEFAULT_MODEL)
    return _order(fields, sent, explicit)


def _product_order(product: Product, sent: Mapping[str, Any]) -> Order:
    if "multi_prompt" in product.by_name:
        others = {name: value for name, value in sent.items() if name not in _SHOTS}
        sent = others | _multi_shot(sent)
    order = _order(products.fields_of(product, sent), sent)
    dropped = products.unread(product, sent)[:_WARNINGS_MAX]
    without = f"was dropped: it has no meaning in this order of {product.name}."
    return replace(order, warnings=tuple(f"{printable(name)} {without}" for name in dropped))


def _order(
    fields: Mapping[str, Any], sent: Mapping[str, Any], explicit: frozenset[str] = frozenset()
) -> Order:
    return Order(
        fields=fields,
        explicit=explicit or frozenset(fields),
        external_id=read_label(sent, "external_task_id"),
        callback_url=read_label(sent, "callback_url"),
    )


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str | list | Mapping) and len(value) == 0)


def _multi_shot(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Shots count unless `multi_shot` is false; the switch without them needs a `shot_type`."""
    switch = sent.get("multi_shot")
    on = switch is True or str(switch).lower() == "true"
    shots = {name: sent[name] for name in _SHOTS[1:] if name in sent}
    if switch is not None and not on:
        return {}
    if on and not shots:
        raise BadRequest("shot_type", "is required with multi_shot: customize or intelligence")
    return shots


def _references(sent: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if "voice_list" in sent:
        fields["voices"] = _ids(sent["voice_list"], "voice_id")
    if "element_list" in sent:
        fields["elements"] = _ids(sent["element_list"], "element_id")
    mark = sent.get("watermark_info")
    # Kling's Chinese page calls it an array, its sample is an object.
    if isinstance(mark, list):
        mark = mark[0]
    if isinstance(mark, Mapping) and mark.get("enabled") is not None:
        fields["watermark"] = mark["enabled"]
    return fields


def _ids(listed: object, name: str) -> object:
    """Ids as strings; what has another shape goes on as it is, to be refused with its field."""
    if not isinstance(listed, list):
        return listed
    ids = [item.get(name) if isinstance(item, Mapping) else item for item in listed]
    return [str(found) if isinstance(found, int) and 0 <= found < 2**63 else found for found in ids]


def read_label(sent: Mapping[str, Any], name: str) -> str | None:
    """A short free string such as `external_task_id`. Raises BadRequest."""
    value = sent.get(name)
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63:
        return str(value)
    fits = isinstance(value, str) and len(value) <= _LABEL_MAX and value.isprintable()
    if not isinstance(value, str) or not fits:
        raise BadRequest(name, f"must be a string of at most {_LABEL_MAX} printable characters")
    return value


def encode_created(task: Task, request_id: str) -> WireReply:
    """The answer to a create."""
    return codes.envelope(tasks.created(task), request_id)


def encode_task(task: Task, request_id: str) -> WireReply:
    """The answer to a query for one task."""
    return codes.envelope(tasks.flat(task), request_id)


def encode_at_once(task: Task, request_id: str) -> WireReply:
    """The answer to a create of what is made at once: the result itself."""
    return codes.envelope(tasks.flat(task), request_id)


def encode_list(listed: Iterable[Task], request_id: str) -> WireReply:
    """The answer to a query for a page of tasks: a bare list, no total."""
    return codes.envelope([tasks.flat(task) for task in listed], request_id)


def encode_callback(task: Task) -> dict[str, Any]:
    """What is posted to `callback_url`: the flat task, no envelope."""
    return tasks.flat(task)
