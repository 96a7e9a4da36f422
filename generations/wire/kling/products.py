"""Orders of products on Kling's wire, both ways, by what each product's fields say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generations.catalogue.params import Kind, Params
from generations.catalogue.products import registry
from generations.catalogue.products.checking import TASK
from generations.catalogue.products.product import Product


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
        if value is not None and (not field.models or params.model in field.models):
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
