"""What a page needs to price and limit an order by itself: the catalogue and the price book."""

from __future__ import annotations

from typing import Any

from billing import prices
from generations import uploads
from generations.catalogue.documentation import studio_form
from generations.catalogue.registry import SPECS
from generations.views.words import plain_form


def price_matrix(organisation_id: int | None = None) -> dict[str, dict[str, int]]:
    """An organisation's prices as {model: {"audio=none,mode=std,seconds=5": credits}}.

    None: everybody's. A key without `seconds` is per second. Raises UnknownPrice when nothing is
    published.
    """
    matrix: dict[str, dict[str, int]] = {}
    for row in prices.book_of(organisation_id).rows.values():
        matrix.setdefault(row.sku, {})[row.key] = row.credits
    return matrix


def studio_data(organisation_id: int | None = None) -> dict[str, Any]:
    """The catalogue's forms and the prices, JSON-ready, as the page's scripts read them."""
    return {
        "models": {spec.name: plain_form(studio_form(spec)) for spec in SPECS},
        "prices": price_matrix(organisation_id),
        "images": {
            "types": ["image/jpeg", "image/png", "image/webp"],
            "max_bytes": uploads.MAX_BYTES,
            "max_pixels": uploads.MAX_PIXELS,
            "least_side": uploads.LEAST_SIDE,
            "widest": uploads.WIDEST,
        },
    }


def credits_of(
    matrix: dict[str, dict[str, int]], model: str, mode: str, seconds: int, audio: str = "none"
) -> int | None:
    """The price of one variant, or None when it is not sold."""
    rows = matrix.get(model, {})
    key = f"audio={audio},mode={mode}"
    if (clip := rows.get(f"{key},seconds={seconds}")) is not None:
        return clip
    rate = rows.get(key)
    return None if rate is None else rate * seconds
