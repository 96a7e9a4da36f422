"""The campaigns' customers see when one is told what is another's."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.campaigns.doorstep import Doorstep

_RIGHT = [(1, 1, 10), (1, 2, 10), (2, 1, 20)]


@pytest.mark.parametrize(
    ("orders", "mixed"),
    [
        (_RIGHT, False),
        ([*_RIGHT, (1, 3, 20)], True),
        ([*_RIGHT, (1, 3, 30)], True),
        ([*_RIGHT, (3, 1, 20)], True),
        ([(1, 1, 10), (1, 2, 20), (2, 1, 20), (2, 2, 10)], True),
    ],
)
def test_customers_whose_orders_are_mixed_up_are_told(
    orders: list[tuple[int, int, int]], mixed: bool
) -> None:
    doorstep = Doorstep(random.Random(1))
    owed: list[list[Any]] = [
        [doorstep.address(customer, number), "gen", owner, "generation.failed", 0, False, True]
        for customer, number, owner in orders
    ]
    found = doorstep.wrong(owed)
    doorstep.close()
    assert any("mixed" in each for each in found) == mixed
