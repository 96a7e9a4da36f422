"""What can be ordered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kling_saas_client.decoding import Told
from kling_saas_client.objects.prices import Price


@dataclass(frozen=True, kw_only=True)
class Model(Told):
    """A model of films: what it can, what it costs, and the JSON Schema of its orders."""

    name: str
    title: str
    description: str
    discontinued: bool
    kinds: list[str]
    modes: list[dict[str, Any]]
    durations: list[int]
    aspect_ratios: list[str]
    eta_seconds: dict[str, float]
    plans: list[str]
    prices: list[Price]
    capabilities: dict[str, str]
    schema: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Task(Told):
    """A product beside films from words and pictures."""

    name: str
    title: str
    description: str
    models: list[str]
    modes: list[str]
    makes: list[str]
    at_once: bool
    eta_seconds: float
    plans: list[str]
    prices: list[Price]
    schema: dict[str, Any] = field(repr=False)
    result: dict[str, Any] | None = field(repr=False)
