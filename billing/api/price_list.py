"""The price list as programs read it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings

from billing import prices, unlocking
from billing.items import ListPrice


def rows(sku: str | None = None, organisation_id: int | None = None) -> list[dict[str, Any]]:
    """What one SKU or all cost an organisation, or at list price when none is named.

    Credits per clip or second, `usd` as a decimal; `plans` as `plans_for` tells them.
    """
    found = prices.book_of(organisation_id).rows.values()
    return [_row(row) for row in found if sku in (None, row.sku)]


def plans_for(sku: str) -> list[str]:
    """The slugs of the plans that alone may order it in live mode; none: everybody may."""
    return [plan.slug for plan in unlocking.plans_for(sku)]


def _row(row: ListPrice) -> dict[str, Any]:
    return {
        "sku": row.sku,
        **dict(pair.split("=", 1) for pair in row.key.split(",") if pair),
        "unit": row.unit,
        "credits": row.credits,
        "usd": f"{row.credits * Decimal(settings.USD_PER_CREDIT):f}",
        "description": row.description,
        "plans": plans_for(row.sku),
    }
