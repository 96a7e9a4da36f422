"""The vocabulary in which one product of Kling's is described completely: a frozen `Product`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

from generations.catalogue.params import Params
from generations.catalogue.products import corrections
from generations.catalogue.products.facts import Fact
from generations.catalogue.products.fields import Body, Field, Thing
from generations.catalogue.products.lists import Ids, Many
from generations.catalogue.products.sources import Medial, Picture, Source
from generations.catalogue.violations import Findings

Output = Literal["video", "audio", "facts"]
Given = dict[str, Any]
Rule = Callable[[Given, Findings], None]
Measured = Callable[[Params, Mapping[str, Source], Findings], None]
Path = tuple[str | int, ...]
CHUNK = 5  # seconds, where Kling sells by every five that are begun


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Kling's official price of one variant in units: per call, per second, or per begun CHUNK.

    `where` are the dimensions of the variant, by name: see `Product.dimension`.
    """

    units: str
    per: Literal["call", "second", "chunk"] = "call"
    where: tuple[tuple[str, str], ...] = ()

    def quantity(self, seconds: int) -> int:
        """How many times it is charged for a result of that length."""
        if self.per == "call":
            return 1
        return max(1, seconds if self.per == "second" else math.ceil(seconds / CHUNK))

    @property
    def amount(self) -> Decimal:
        """The units as a number."""
        return Decimal(self.units)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One thing that Kling's video API makes, beside films from words or a picture.

    `path` is the official endpoint. Without `models` it runs on one of its own. `at_once`: the
    create's answer is the result. `follows` names the field whose length the result has, plus
    `adds` seconds; `inherits` the field whose film decides model and mode. `gives` is the fact by
    which the result is referred to later; `facts_at` the list of `task_result` that holds the
    facts, empty for the answer itself; `result` what they are, as customers are told them.
    `wav`: its sound is given as WAV beside MP3. `eta` is seconds, a prior. `rules` know the order
    alone, `measured` the films that it names as well, by place. `mends` adds what Kling's body has
    beside the fields. `spans`: an order keeps how long the film is that it names, because upstreams
    take films of different lengths.
    """

    name: str
    title: str
    description: str
    path: str
    fields: tuple[Field, ...]
    outputs: tuple[Output, ...]
    prices: tuple[Row, ...]
    eta: int
    models: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    needs_mode: bool = False
    at_once: bool = False
    wav: bool = False
    follows: str = ""
    adds: int = 0
    inherits: str = ""
    gives: str = ""
    facts_at: str = ""
    result: tuple[Fact, ...] = ()
    rules: tuple[Rule, ...] = ()
    measured: tuple[Measured, ...] = ()
    mends: Callable[[Params, Body], None] | None = None
    length: Callable[[Params, Mapping[str, Source]], int | None] | None = None
    spans: bool = False

    @property
    def own_model(self) -> str:
        """The name it is routed and sold by where it runs on none of Kling's named models."""
        return self.models[0] if self.models else f"kling-{self.name}"

    @property
    def chooses_model(self) -> bool:
        """Whether an order names the model, rather than a film that has one, or none at all."""
        return bool(self.models) and not self.inherits

    @property
    def by_name(self) -> dict[str, Field]:
        """The fields by our words."""
        return {field.name: field for field in self.fields}

    def dimension(self, params: Params, name: str) -> str:
        """One dimension of the price, as its rows write it."""
        if name == "audio":
            return "native" if params.sound else "none"
        if name == "seconds":
            return str(params.duration)
        if name == "input":
            return (
                "video" if any(f.medium == "video" for _, f, _ in films(self, params)) else "none"
            )
        return str(getattr(params, name, None) or params.inputs.get(name))

    def row(self, params: Params) -> Row | None:
        """The price row of an order; None when Kling's list has none."""
        for row in self.prices:
            if all(self.dimension(params, name) == value for name, value in row.where):
                return row
        return None

    def corrected(self, limits: Mapping[str, Mapping[str, Any]]) -> Product:
        """The product with an operator's corrections: by field, what differs from the release.

        Raises ValueError for what the field does not have or cannot be.
        """
        if not isinstance(limits, Mapping):
            raise ValueError("must be an object: limits by field")
        if unknown := set(limits) - set(self.by_name):
            raise ValueError(f"{self.name} has no field {', '.join(sorted(unknown))}")
        fields = (
            corrections.corrected(field, limits[field.name]) if field.name in limits else field
            for field in self.fields
        )
        return replace(self, fields=tuple(fields))


def values(product: Product, params: Params) -> Iterator[tuple[Path, Field, Any]]:
    """Every value of an order with its place and field, those inside lists included."""
    for field in product.fields:
        value = field.of(params)
        if isinstance(field, Many):
            yield from _inside(field, value or ())
        elif value is not None:
            yield (field.name,), field, value


def _inside(field: Many, items: Any) -> Iterator[tuple[Path, Field, Any]]:
    for position, item in enumerate(items):
        if field.bare:
            if item is not None:  # it was refused
                yield (field.name, position), field.inner[0], item
            continue
        for inner in field.inner:
            if item.get(inner.name) is not None:
                yield (field.name, position, inner.name), inner, item[inner.name]


def films(product: Product, params: Params) -> Iterator[tuple[Path, Medial, str]]:
    """The films and sounds that an order names."""
    for path, field, value in values(product, params):
        if isinstance(field, Medial):
            yield path, field, value


def pictures(product: Product, params: Params) -> Iterator[tuple[Path, Picture, str]]:
    """The pictures that an order names."""
    for path, field, value in values(product, params):
        if isinstance(field, Picture):
            yield path, field, value


def things(product: Product, params: Params) -> Iterator[tuple[Path, Field, str]]:
    """The voices, elements and sessions that an order names."""
    for path, field, value in values(product, params):
        if isinstance(field, Thing):
            yield path, field, value
        elif isinstance(field, Ids):
            yield from (((*path, place), field, each) for place, each in enumerate(value))


def written(path: Path) -> str:
    """A place as refusals write it: `faces[0].audio`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def replaced(params: Params, changes: Mapping[Path, Any]) -> Params:
    """The order with other values at these places."""
    flat: dict[str, Any] = {}
    inputs = dict(params.inputs)
    for (name, *way), value in changes.items():
        own = str(name) in Params.__dataclass_fields__
        before = flat.get(str(name), getattr(params, str(name))) if own else inputs.get(str(name))
        (flat if own else inputs)[str(name)] = _changed(before, tuple(way), value)
    return replace(params, inputs=inputs, **flat)


def _changed(before: Any, way: Path, value: Any) -> Any:
    if not way:
        return value
    step, *rest = way
    if isinstance(before, Mapping):
        return {**before, str(step): _changed(before.get(str(step)), tuple(rest), value)}
    listed = list(before)
    listed[int(step)] = _changed(listed[int(step)], tuple(rest), value)
    return tuple(listed) if isinstance(before, tuple) else listed
