"""Prices: what an order would cost, offers that bind, the list of all."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kling_saas_client.decoding import Told


@dataclass(frozen=True, kw_only=True)
class LineItem(Told):
    """One line of a price."""

    sku: str
    key: str
    description: str
    unit: str
    quantity: int
    unit_credits: int
    credits: int


@dataclass(frozen=True, kw_only=True)
class DryRun(Told):
    """What an order would cost and be, with everything filled in."""

    livemode: bool
    credits: int
    line_items: list[LineItem]
    input: dict[str, Any]
    warnings: list[str]


@dataclass(frozen=True, kw_only=True)
class Quote(Told):
    """A price that binds until `expires_at`: order with `quote_id` and be charged exactly that."""

    id: str
    livemode: bool
    credits: int
    usd: str
    line_items: list[LineItem]
    expires_at: datetime
    input: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Price(Told):
    """One row of the price list. What it does not depend on is None: `model` (of a task), `mode`,
    `seconds` (of a clip), `audio` and `input` (whether it begins with a film).
    """

    sku: str
    unit: str
    credits: int
    usd: str
    description: str
    plans: list[str]
    model: str | None = None
    mode: str | None = None
    seconds: str | None = None
    audio: str | None = None
    input: str | None = None


@dataclass(frozen=True, kw_only=True)
class PriceBook(Told):
    """Every price in force."""

    version: int
    data: list[Price]
