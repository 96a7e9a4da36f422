"""Derives from a product what people and programs read: its JSON schema and what it needs."""

from __future__ import annotations

from typing import Any

from generations.catalogue.draft import SEED_MAX
from generations.catalogue.products.facts import schema_of
from generations.catalogue.products.lists import body_schema
from generations.catalogue.products.product import Product


def json_schema(product: Product) -> dict[str, Any]:
    """JSON Schema of a native create request for this product: its fields and their limits.

    Rules between fields are not in it; a refusal says them.
    """
    properties: dict[str, Any] = {
        "task": {"const": product.name, "description": "What is ordered."}
    }
    if product.chooses_model:
        properties["model"] = {
            "enum": list(product.models),
            "default": product.own_model,
            "description": "The model that makes it.",
        }
    properties |= {field.name: field.described() for field in product.fields}
    properties["seed"] = {
        "type": "integer",
        "minimum": 0,
        "maximum": SEED_MAX,
        "description": "Test mode only.",
    }
    return {
        "title": product.title,
        "description": product.description,
        "type": "object",
        "properties": properties,
        "required": ["task", *(field.name for field in product.fields if field.required)],
        "additionalProperties": False,
    }


def kling_schema(product: Product) -> dict[str, Any]:
    """JSON Schema of a create request for this product as Kling's own API takes it."""
    whole = body_schema(product.fields)
    if "multi_prompt" in whole["properties"]:
        whole["properties"]["multi_shot"] = {"type": "boolean"}
    if product.chooses_model:
        models = {"enum": list(product.models), "default": product.own_model}
        whole["properties"] = {"model_name": models, **whole["properties"]}
    return {"title": product.title, "description": product.description, **whole}


def result_schema(product: Product) -> dict[str, Any] | None:
    """JSON Schema of the `result` of a generation of it; None where there is none."""
    if not product.result:
        return None
    return {"title": f"Result: {product.title}", **schema_of(product.result)}
