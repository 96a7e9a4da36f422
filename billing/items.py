"""What can be sold, in billing's words: a SKU with dimensions. Billing never learns Kling.

Pure Python, so that the catalogue may build items without Django.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal["clip", "second"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BillableItem:
    """One line to be priced: `quantity` units of `sku` in one exact variant.

    `dimensions` is sorted pairs, e.g. (("audio", "none"), ("mode", "std"), ("seconds", "5")).
    `unit` says what the price row counts: whole clips, or seconds.
    """

    sku: str
    dimensions: tuple[tuple[str, str], ...]
    quantity: int
    unit: Unit
    description: str

    @property
    def key(self) -> str:
        """The price row's key: `audio=none,mode=std,seconds=5`."""
        return ",".join(f"{name}={value}" for name, value in self.dimensions)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPrice:
    """A row of a price book before it is stored: credits per `unit`, a whole number > 0."""

    sku: str
    key: str
    unit: Unit
    credits: int
    description: str
