"""Turns an order into what billing prices, and Kling's official units into our list prices.

One unit of Kling's is ten credits; a credit lists at $0.028. Billing sees SKUs and dimensions only.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_CEILING, Decimal
from itertools import product

from billing.items import BillableItem, ListPrice, Unit
from generations.catalogue import registry
from generations.catalogue.params import Params
from generations.catalogue.products import registry as products
from generations.catalogue.products.product import CHUNK, Product, Row
from generations.catalogue.spec import Audio, Spec, UnitPrice
from generations.catalogue.validation import InvalidRequest, check

LIST_NAME = "Kling's official units × 10"
CREDITS_PER_UNIT = 10
CREDIT_USD = Decimal("0.028")

_AUDIO_WORDS: dict[Audio, str] = {
    "none": "silent",
    "native": "with sound",
    "voice": "with sound and voices",
}
# Any valid address will do: prices depend on whether there is an image, not on which.
_PICTURE = "https://example.com/first-frame.png"


class Unpriced(LookupError):
    """Kling's price list has no row for this variant: a fault of the catalogue."""


def audio(params: Params) -> Audio:
    """The sound tier that is billed: voices cost more than native sound."""
    if params.voices:
        return "voice"
    return "native" if params.sound else "none"


def item(params: Params) -> BillableItem:
    """The one line this order is billed as. Raises Unpriced when the catalogue has no row."""
    if params.task:
        return _product_item(products.get(params.task), params)
    spec = registry.get(params.model)
    row = _row(spec, params)
    return BillableItem(
        sku=spec.name,
        dimensions=_dimensions(row),
        quantity=params.duration if row.seconds is None else 1,
        unit=_unit(row),
        description=f"{spec.title} {row.mode}, {params.duration} s, {_AUDIO_WORDS[row.audio]}",
    )


def official_units(params: Params) -> Decimal:
    """What Kling's own price list asks for this order, in video units."""
    if params.task:
        priced = _product_row(products.get(params.task), params)
        return priced.amount * priced.quantity(params.duration)
    row = _row(registry.get(params.model), params)
    return row.units * (params.duration if row.seconds is None else 1)


def units_of(credits_charged: int) -> Decimal:
    """Credits in Kling's units, as its dialect reports them."""
    return Decimal(credits_charged) / CREDITS_PER_UNIT


def usd_of(credits_charged: int) -> Decimal:
    """Credits in dollars at list price, as Segmind's dialect reports them."""
    return credits_charged * CREDIT_USD


def list_prices() -> tuple[ListPrice, ...]:
    """A row for every priced variant of everything, ready to be published as a price book."""
    return (*_film_prices(), *_product_prices())


def _film_prices() -> tuple[ListPrice, ...]:
    return tuple(
        ListPrice(
            sku=spec.name,
            key=",".join(f"{name}={value}" for name, value in _dimensions(row)),
            unit=_unit(row),
            credits=_credits(row.units),
            description=_row_words(spec, row),
        )
        for spec in registry.SPECS
        for row in spec.prices
    )


def _product_prices() -> tuple[ListPrice, ...]:
    return tuple(
        ListPrice(
            sku=product.name,
            key=",".join(f"{name}={value}" for name, value in _facts(row)),
            unit="second" if row.per == "second" else "clip",
            credits=_credits(row.amount),
            description=_product_words(product, row),
        )
        for product in products.PRODUCTS.values()
        for row in product.prices
    )


def _credits(units: Decimal) -> int:
    return int((units * CREDITS_PER_UNIT).to_integral_value(rounding=ROUND_CEILING))


def every_sellable() -> Iterator[Params]:
    """One order for every combination of kind, mode, duration, sound, voice and multi-shot.

    What is sellable is whatever `check` lets through, so nothing can be sold that is not here.
    """
    for spec in registry.SPECS:
        for fields in _candidates(spec):
            try:
                yield check(fields).params
            except InvalidRequest:
                continue


def _candidates(spec: Spec) -> Iterator[dict[str, object]]:
    tiers: dict[Audio, dict[str, object]] = {
        "none": {},
        "native": {"sound": True},
        "voice": {"sound": True, "voices": ["voice_1"]},
    }
    for kind, mode, seconds, tier, shots in product(
        spec.kinds, spec.mode_names, spec.durations, tiers.values(), (False, True)
    ):
        fields: dict[str, object] = {
            "model": spec.name,
            "prompt": "A paper boat on a rainy street",
            "mode": mode,
            "duration": seconds,
            **tier,
        }
        if kind == "image2video":
            fields["image"] = _PICTURE
        if shots:
            lengths = (1, seconds - 1)
            fields["multi_prompt"] = [{"prompt": "A shot", "duration": part} for part in lengths]
        yield fields


def _row(spec: Spec, params: Params) -> UnitPrice:
    tier = audio(params)
    for row in spec.prices:
        if (row.mode, row.audio) == (params.mode, tier) and row.seconds in (None, params.duration):
            return row
    raise Unpriced(f"{spec.name} {params.mode} {params.duration} s {tier}")


def _product_item(product: Product, params: Params) -> BillableItem:
    row = _product_row(product, params)
    return BillableItem(
        sku=product.name,
        dimensions=_facts(row),
        quantity=row.quantity(params.duration),
        unit="second" if row.per == "second" else "clip",
        description=_product_words(product, row),
    )


def _product_row(product: Product, params: Params) -> Row:
    row = product.row(params)
    if row is None:
        raise Unpriced(f"{product.name} {params.model} {params.mode} {params.duration} s")
    return row


def _facts(row: Row) -> tuple[tuple[str, str], ...]:
    chunk = (("seconds", str(CHUNK)),) if row.per == "chunk" else ()
    return tuple(sorted((*row.where, *chunk)))


def _product_words(product: Product, row: Row) -> str:
    per = {"call": "each", "second": "per second", "chunk": f"per {CHUNK} s begun"}[row.per]
    return ", ".join([product.title, *(_worded(name, value) for name, value in row.where), per])


def _worded(name: str, value: str) -> str:
    words = {
        ("audio", "none"): "silent",
        ("audio", "native"): "with sound",
        ("input", "none"): "from words and pictures",
        ("input", "video"): "with a film",
    }
    return words.get((name, value)) or (f"{value} s" if name == "seconds" else value)


def _dimensions(row: UnitPrice) -> tuple[tuple[str, str], ...]:
    pairs = [("audio", str(row.audio)), ("mode", row.mode)]
    if row.seconds is not None:
        pairs.append(("seconds", str(row.seconds)))
    return tuple(pairs)


def _unit(row: UnitPrice) -> Unit:
    return "second" if row.seconds is None else "clip"


def _row_words(spec: Spec, row: UnitPrice) -> str:
    length = "per second" if row.seconds is None else f"{row.seconds} s"
    return f"{spec.title} {row.mode}, {length}, {_AUDIO_WORDS[row.audio]}"
