"""Orders of products on Kling's wire, both ways, by what each product's fields say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from typing import Any

from generations.catalogue.params import Kind, Params
from generations.catalogue.products import omni, registry
from generations.catalogue.products.checking import TASK
from generations.catalogue.products.fields import Field, found_at
from generations.catalogue.products.product import Product
from generations.catalogue.products.sources import SLACK
from generations.catalogue.violations import Findings, Violation

_BESIDES = {"external_task_id", "callback_url", "multi_shot"}  # read elsewhere

_NAME = re.compile("[a-z_]+")
_REFERENCE_MAX = 10  # s; the film of an omni order
_O1_LENGTHS = (5, 10)  # s, from words or a first frame alone


def path(kind: Kind) -> str:
    """The official endpoint of a kind of order."""
    product = registry.PRODUCTS.get(kind)
    return product.path if product else f"/v1/videos/{kind}"


def body_of(product: Product, params: Params) -> dict[str, Any]:
    """The order as Kling takes it, without ids and addresses of ours."""
    body: dict[str, Any] = {}
    if product.models and not product.inherits:
        body["model_name"] = params.model
    for field in product.fields:
        value = field.of(params)
        # Whether the model has it was for the gate to say, which knows corrections; only the plain
        # "off" of what nobody ordered is left out where the model has no word for it.
        lacks = field.models and params.model not in field.models
        if value is not None and (value or not lacks):
            field.put(body, value)
    if product.mends:
        product.mends(params, body)
    return body


def beyond(params: Params) -> Violation | None:
    """What of an order this standard does not take, though another upstream may."""
    if params.task != omni.OMNI.name:
        return None
    findings = Findings(lenient=False)
    if params.source_seconds > _REFERENCE_MAX + SLACK:
        limit = f"3 to {_REFERENCE_MAX} s"
        findings.refuse(
            "videos[0].video",
            "out_of_range",
            f"is {params.source_seconds:.1f} s long",
            limit=limit,
            way_out=f"send one of {limit}",
        )
    if params.model == omni.O1 and not _refers(params) and params.duration not in _O1_LENGTHS:
        findings.refuse(
            "duration",
            "out_of_range",
            f"of {omni.O1} must be 5 or 10 seconds without references",
            limit="5 or 10",
            way_out=f"send 5 or 10, or take {omni.V3}",
        )
    return next(iter(findings.violations), None)


def _refers(params: Params) -> bool:
    """Whether an omni film has more to begin with than words and frames."""
    images = params.inputs.get("images", ())
    pictured = any(not image.get("use") for image in images)
    return bool(pictured or params.elements or params.inputs.get("videos"))


def fields_of(product: Product, body: Mapping[str, Any]) -> dict[str, Any]:
    """The order in our words, not yet checked."""
    taken = {field.name: field.take(body) for field in product.fields}
    fields = {name: value for name, value in taken.items() if value is not None}
    model = body.get("model_name", body.get("model"))
    if model and product.models:
        fields["model"] = model
    return {TASK: product.name, **fields}


def place_of(fields: Mapping[str, Field], body: Mapping[str, Any], place: str) -> str:
    """A place in an order (`voice`, `images[0]`) as the body that ordered it calls it."""
    name = _NAME.match(place)
    field = fields.get(name.group()) if name else None
    return field.place_in(body, place[len(field.name) :]) if field else place


def unread(product: Product, body: Mapping[str, Any]) -> tuple[str, ...]:
    """The places in a body that `fields_of` makes nothing of, for the customer to know."""
    taken = [field for field in product.fields if field.take(body) is not None]
    read = {key for field in taken for key in field.keys} | _BESIDES
    if product.models:
        read |= {"model_name", "model"}
    inside = {key.partition(".")[0] for field in product.fields for key in field.keys if "." in key}
    return tuple(place for place in _places(body, inside) if place not in read)


def _places(body: Mapping[str, Any], inside: Set[str]) -> Iterator[str]:
    """Every key that holds something, those of the objects `inside` with their object's."""
    for key, value in body.items():
        if key in inside and isinstance(value, Mapping):
            yield from (f"{key}.{name}" for name in value if found_at(value, name) is not None)
        else:
            yield key
