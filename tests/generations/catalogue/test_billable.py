"""Every sellable film has exactly one list price, and the published figures come out by name."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from generations.catalogue.billable import (
    CREDIT_USD,
    every_sellable,
    item,
    list_prices,
    official_units,
)
from generations.catalogue.registry import SPECS
from generations.catalogue.validation import check

MODELS = {spec.name for spec in SPECS}
PICTURE = "https://example.com/a.png"


def credits_for(max_seconds: int = 15, **fields: Any) -> int:
    params = check({"prompt": "x", **fields}, max_seconds=max_seconds).params
    line = item(params)
    (price,) = [
        p for p in list_prices() if (p.sku, p.key, p.unit) == (line.sku, line.key, line.unit)
    ]
    return price.credits * line.quantity


def test_every_sellable_film_has_exactly_one_list_price() -> None:
    rows: dict[tuple[str, str], list[int]] = {}
    for price in (p for p in list_prices() if p.sku in MODELS):
        rows.setdefault((price.sku, price.key), []).append(price.credits)
    sold = set()
    for params in every_sellable():
        line = item(params)
        (each,) = rows[line.sku, line.key]
        assert each * line.quantity == official_units(params) * 10
        sold.add((line.sku, line.key))
    assert sold == set(rows)


@pytest.mark.parametrize(
    ("mode", "duration", "wanted", "usd"),
    [
        ("std", 5, 10, "0.28"),
        ("pro", 5, 35, "0.98"),
        ("std", 10, 20, "0.56"),
        ("pro", 10, 70, "1.96"),
    ],
)
def test_kling_v1_costs_what_the_published_table_says(
    mode: str, duration: int, wanted: int, usd: str
) -> None:
    assert credits_for(model="kling-v1", mode=mode, duration=duration) == wanted
    assert wanted * CREDIT_USD == Decimal(usd)


def test_kling_v2_6_pro_of_five_seconds_costs_25_credits() -> None:
    assert credits_for(model="kling-v2-6", mode="pro") == 25
    assert credits_for(model="kling-v2-6", mode="pro", sound=True) == 50
    assert (
        credits_for(model="kling-v2-6", mode="pro", sound=True, voices=["a"], image=PICTURE) == 60
    )


def test_kling_3_standard_is_priced_by_the_second() -> None:
    assert credits_for(model="kling-v3", duration=3) == 18
    assert Decimal("0.504") == 18 * CREDIT_USD
    assert credits_for(model="kling-v3", duration=3, sound=True) == 27
    assert credits_for(model="kling-v3", duration=15) == 90
    assert credits_for(model="kling-v3", duration=15, mode="4k") == 450
    assert credits_for(model="kling-3.0-turbo", duration=5) == 40


def test_five_shots_of_ten_seconds_cost_300_credits() -> None:
    shots = [{"prompt": "s", "duration": 10}] * 5
    assert credits_for(50, model="kling-v3", multi_prompt=shots) == 300
    assert Decimal("8.40") == 300 * CREDIT_USD


def test_an_item_says_what_it_is() -> None:
    line = item(check({"model": "kling-v1", "prompt": "x"}).params)
    assert (line.sku, line.key, line.unit) == ("kling-v1", "audio=none,mode=std,seconds=5", "clip")
    assert line.description == "Kling 1.0 std, 5 s, silent"
