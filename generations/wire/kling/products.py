"""Orders of products on Kling's wire, both ways, by what each product's fields say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any

from generations.catalogue.params import Kind, Params
from generations.catalogue.products import registry
from generations.catalogue.products.checking import TASK
from generations.catalogue.products.fields import found_at
from generations.catalogue.products.product import Product

_BESIDES = {"external_task_id", "callback_url", "multi_shot"}  # read elsewhere


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


def fields_of(product: Product, body: Mapping[str, Any]) -> dict[str, Any]:
    """The order in our words, not yet checked."""
    taken = {field.name: field.take(body) for field in product.fields}
    fields = {name: value for name, value in taken.items() if value is not None}
    model = body.get("model_name", body.get("model"))
    if model and product.models:
        fields["model"] = model
    return {TASK: product.name, **fields}


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
