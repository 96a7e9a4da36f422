"""Answers as Kling's first API standard does: for our drop-in endpoints and for the sandbox."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from generations.catalogue.params import Kind
from generations.catalogue.products import usual
from generations.catalogue.products.fields import Field
from generations.catalogue.products.lists import Ids
from generations.catalogue.products.product import Product
from generations.catalogue.products.registry import PRODUCTS
from generations.catalogue.violations import printable
from generations.wire.kling import codes, products, tasks
from generations.wire.kling.codes import encode_error
from generations.wire.task import BadRequest, Order, Task, WireReply

__all__ = [
    "DEFAULT_MODEL",
    "PICTURES",
    "REFERENCES",
    "SPELLINGS",
    "decode_order",
    "encode_at_once",
    "encode_callback",
    "encode_created",
    "encode_error",
    "encode_list",
    "encode_task",
    "place_of",
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
SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "model": ("model_name", "model"),
    "sound": ("sound", "motion_has_audio"),
}
"""What clients call some of our words, the official name first."""
REFERENCES: Mapping[str, Field] = {
    field.name: field
    for field in (
        Ids(name="voices", key="voice_list", inner="voice_id", most=2),
        Ids(name="elements", key="element_list", inner="element_id", most=3),
        usual.WATERMARK,
    )
}
"""The fields of a film that lie otherwise in Kling's body, by our words."""
_SHOTS = ("multi_shot", "shot_type", "multi_prompt")
PICTURES = ("image", "image_tail", "static_mask", "dynamic_masks")


def decode_order(kind: Kind, body: object) -> Order:
    """A create request in native words. Raises BadRequest when it is not of this dialect.

    Reads the official names and the aliases that clients send: `model`, `motion_has_audio`,
    booleans for on and off. Empty strings, lists and objects count as absent.
    """
    if not isinstance(body, Mapping):
        raise BadRequest("body", "must be a JSON object")
    sent = _given(body)
    if kind in PRODUCTS:
        return _product_order(PRODUCTS[kind], sent)
    fields = {name: sent[name] for name in _SAME_NAME if name in sent}
    if kind == "text2video":
        fields |= {name: sent[name] for name in ("aspect_ratio",) if name in sent}
    else:
        fields |= {name: sent[name] for name in PICTURES if name in sent}
        if "image" not in fields and "image_tail" not in fields:
            raise BadRequest("image", "image or image_tail is required")
    told = {name: sent.get(_spelt(sent, name)) for name in SPELLINGS}
    told |= {name: field.take(sent) for name, field in REFERENCES.items()}
    fields |= {name: value for name, value in told.items() if value is not None}
    fields |= _multi_shot(sent)
    explicit = frozenset(fields)
    fields.setdefault("model", DEFAULT_MODEL)
    return replace(_order(fields, sent, explicit), warnings=_passed_over(fields, sent))


def place_of(kind: Kind, body: Mapping[str, Any], place: str) -> str:
    """A place in an order in native words (`voices[0]`) as the body that ordered it calls it."""
    sent = _given(body)
    if place in SPELLINGS:
        return _spelt(sent, place)
    product = PRODUCTS.get(kind)
    return products.place_of(product.by_name if product else REFERENCES, sent, place)


def _passed_over(fields: Mapping[str, Any], sent: Mapping[str, Any]) -> tuple[str, ...]:
    """Of a film: what was sent and is nothing in it, such as a word that is misspelt."""
    keys = {key for field in REFERENCES.values() for key in field.keys}
    spelt = {name for names in SPELLINGS.values() for name in names}
    read = {*fields, *spelt, *keys, *_SHOTS, "external_task_id", "callback_url"}
    roots = {key.partition(".")[0] for key in read}
    unread = [printable(name) for name in sent if name not in roots]
    return tuple(
        f"{name} was dropped: it is no field of this order." for name in unread[:_WARNINGS_MAX]
    )


def _given(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if not _is_empty(value)}


def _spelt(sent: Mapping[str, Any], name: str) -> str:
    known = SPELLINGS[name]
    return next((spelling for spelling in known if spelling in sent), known[0])


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
