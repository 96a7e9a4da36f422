"""Kling's products as the vendor sells them: with limits that the release may not know.

What an operator corrects is not known here, and whatever our own gate lets through by a correction
must be made. So limits are wide; what an order must have, and how its fields go together, stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from generations.catalogue.products.fields import Choice, Field, Length, Number, Text, Whole
from generations.catalogue.products.lists import Ids, Many
from generations.catalogue.products.product import Product
from generations.catalogue.products.registry import PRODUCTS
from generations.catalogue.products.sources import Medial
from generations.catalogue.reading import Reader

_LONGEST = 600  # seconds, of films and sounds
_WIDE: tuple[tuple[Any, Mapping[str, Any]], ...] = (
    (Text | Ids | Many, {"most": 10_000}),
    (Many, {"least": 0}),
    (Whole, {"low": 0, "high": 10**6}),
    (Number, {"low": "0", "high": str(_LONGEST)}),
    (Medial, {"low": 0, "high": _LONGEST}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _AnyWord(Choice):
    """A word that may be new."""

    def read(self, reader: Reader) -> str | None:
        word = reader.text(self.name, 100)
        return dict(self.aliases).get(word, word) if word else None


def _widened(field: Field) -> Field:
    if isinstance(field, Choice):
        return _AnyWord(**{each.name: getattr(field, each.name) for each in fields(field)})
    if isinstance(field, Length):
        return Whole(name=field.name, key=field.key, default=field.default, low=1, high=_LONGEST)
    if isinstance(field, Many):
        field = replace(field, inner=tuple(_widened(inner) for inner in field.inner))
    for kind, wide in _WIDE:
        if isinstance(field, kind):
            field = replace(field, **wide)
    return field


AS_SOLD: Mapping[str, Product] = {
    name: replace(product, fields=tuple(_widened(field) for field in product.fields))
    for name, product in PRODUCTS.items()
}
