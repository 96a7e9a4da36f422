"""What the Python client reads of an answer is what the API's document says that it has."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import fields, is_dataclass
from typing import Any

import requests

from kling_saas_client import generations, objects
from kling_saas_client.decoding import Told
from kling_saas_client.orders import Order

# Objects whose names in the document are others, and those that are described in place there.
NAMED = {
    "Cap": "KeyCap",
    "Delivery": "WebhookDeliveryWithLog",
    "Resent": "Resend",
    "UsedInAll": "Credits",
    "Key": "NewKey",
    "WebhookEndpoint": "WebhookEndpointWithSecret",
}
INLINE = {
    "Credits": ("Generation", "credits"),
    "Eta": ("Generation", "eta"),
    "Failure": ("Generation", "error"),
    "Retention": ("Generation", "retention"),
    "Paid": ("LibraryVideo", "credits"),
    "Price": ("PriceBook", "data"),
}


def test_each_answer_is_read_with_every_member_that_the_document_gives_it(site: str) -> None:
    schemas = requests.get(f"{site}/api/v1/schema", timeout=60).json()["components"]["schemas"]
    kinds = _kinds()
    assert len(kinds) > 25
    for kind in kinds:
        read = {each.name for each in fields(kind)} - {"raw", "bound_to"}
        assert read == _members(schemas, kind.__name__) - {"object"}, kind


def test_every_word_about_an_order_can_be_said(site: str) -> None:
    schemas = requests.get(f"{site}/api/v1/schema", timeout=60).json()["components"]["schemas"]
    film, order = (set(schemas[f"{name}-kling-v1"]["properties"]) for name in ("Film", "Order"))
    assert order - film - {"dry_run"} <= Order.__annotations__.keys()


def _kinds() -> list[type[Told]]:
    subjects = pkgutil.iter_modules(objects.__path__, f"{objects.__name__}.")
    modules = [generations, *(importlib.import_module(each.name) for each in subjects)]
    return [
        kind
        for module in modules
        for kind in vars(module).values()
        if is_dataclass(kind) and isinstance(kind, type) and kind.__module__ == module.__name__
    ]


def _members(schemas: dict[str, Any], name: str) -> set[str]:
    schema: Any = schemas.get(NAMED.get(name, name))
    if name in INLINE:
        of, member = INLINE[name]
        schema = schemas[of]["properties"][member]
        schema = schema.get("anyOf", [schema])[0]
        schema = schema.get("items", schema)
    variants = schema.get("oneOf", [schema])
    return {member for each in variants for member in each["properties"]}
