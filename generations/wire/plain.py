"""Writes numbers the way vendors do: whole where whole, decimals without exponent."""

from __future__ import annotations

from decimal import Decimal


def number(value: float) -> int | float:
    """3.0 as 3, 0.5 as 0.5."""
    return int(value) if float(value).is_integer() else value


def decimal(value: Decimal) -> str:
    """A decimal as Kling writes units: `1.5`, `10`."""
    return f"{value.normalize():f}"


def seconds(milliseconds: int) -> str:
    """A length in seconds as Kling writes it: `5.041`."""
    return decimal(Decimal(milliseconds) / 1000)
