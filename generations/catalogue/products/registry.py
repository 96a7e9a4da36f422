"""The list of every product, and how one is found."""

from __future__ import annotations

from collections.abc import Mapping

from generations.catalogue.products import editing, moving, omni, own, speaking
from generations.catalogue.products.product import Product
from generations.catalogue.registry import ALIASES

PRODUCTS: Mapping[str, Product] = {
    product.name: product
    for product in (
        moving.EXTEND,
        moving.MULTI_IMAGE,
        omni.OMNI,
        moving.MOTION_CONTROL,
        moving.EFFECTS,
        editing.BEGIN,
        editing.ADD,
        editing.DELETE,
        editing.CLEAR,
        editing.PREVIEW,
        editing.EDIT,
        speaking.LIP_SYNC,
        speaking.IDENTIFY_FACE,
        speaking.ADVANCED_LIP_SYNC,
        speaking.AVATAR,
        speaking.SOUND_FOR_FILM,
        speaking.SOUNDS,
        speaking.SPEECH,
        own.VOICE,
        own.ELEMENT,
        own.ADVANCED_ELEMENT,
    )
}


def get(name: str) -> Product:
    """The product of exactly this name, as released. Raises KeyError."""
    return PRODUCTS[name]


def running_on(model: str) -> tuple[Product, ...]:
    """The products that run on a model, by its official name or an alias."""
    name = ALIASES.get(model, model)
    return tuple(p for p in PRODUCTS.values() if name in (*p.models, p.own_model))
