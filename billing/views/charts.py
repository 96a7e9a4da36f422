"""Bars for days, drawn on the server: where everything stands in an SVG of WIDTH by HEIGHT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from billing.usage import Row

WIDTH, HEIGHT = 720, 220
_LEFT, _TOP, _RIGHT, _BOTTOM = 56, 12, 8, 24  # room for the scale and for the days
_DAYS = 31  # a month's bars are as wide as the next month's


@dataclass(frozen=True, slots=True)
class Bar:
    """A day: spent from the ground up, what is under way on top of it."""

    row: Row
    x: float
    width: float
    spent_y: float
    spent_height: float
    held_y: float
    held_height: float
    labelled: bool

    @property
    def middle(self) -> float:
        """Where its label is centred."""
        return self.x + self.width / 2

    @property
    def day(self) -> str:
        """Its day of the month."""
        return self.row.name[-2:].lstrip("0")


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the scale."""

    credits: int
    y: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that is drawn."""

    bars: list[Bar]
    steps: list[Step]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    ground: int = HEIGHT - _BOTTOM


def chart(rows: Sequence[Row]) -> Chart:
    """Bars of days in their order."""
    step = quarter(max((row.captured + row.reserved for row in rows), default=0))
    top = step * 4
    high = HEIGHT - _TOP - _BOTTOM
    wide = (WIDTH - _LEFT - _RIGHT) / max(_DAYS, len(rows))
    every = max(5, len(rows) // 8)  # labels have room
    bars = []
    for number, row in enumerate(rows):
        spent, held = row.captured / top * high, row.reserved / top * high
        ground = HEIGHT - _BOTTOM
        bars.append(
            Bar(
                row=row,
                x=round(_LEFT + number * wide + wide * 0.15, 2),
                width=round(wide * 0.7, 2),
                spent_y=round(ground - spent, 2),
                spent_height=round(spent, 2),
                held_y=round(ground - spent - held, 2),
                held_height=round(held, 2),
                labelled=number % every == 0,
            )
        )
    steps = [Step(step * n, round(HEIGHT - _BOTTOM - high * n / 4, 2)) for n in range(5)]
    return Chart(bars, steps)


def quarter(most: int) -> int:
    """A quarter of the scale: the smallest 1, 2, 5, 10, 20, … with which `most` fits."""
    step = 1
    while step * 4 < most:
        step = step * 5 // 2 if str(step)[0] == "2" else step * 2
    return step
