"""Stacked bars, drawn on the server: where everything stands in an SVG of WIDTH by HEIGHT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from billing.views.charts import quarter

WIDTH, HEIGHT = 720, 200
_LEFT, _TOP, _RIGHT, _BOTTOM = 56, 12, 8, 24  # room for the scale and for the labels
_LABELS = 8
MOST_PARTS = 5  # that differ in colour


@dataclass(frozen=True, slots=True)
class Column:
    """A bar: what it stands for, a short label, and how much of each part from the ground up."""

    words: str
    label: str
    parts: Sequence[int]


@dataclass(frozen=True, slots=True)
class Box:
    """A piece of a bar; `part` is the number of its colour, from 1."""

    part: int
    x: float
    y: float
    width: float
    height: float
    words: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A line of the scale, or a label under a bar."""

    words: str
    at: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything that is drawn."""

    boxes: list[Box]
    steps: list[Mark]
    labels: list[Mark]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    ground: int = HEIGHT - _BOTTOM


def drawing(columns: Sequence[Column], names: Sequence[str]) -> Drawing:
    """Bars in their order; `names` are those of the parts."""
    step = quarter(max((sum(column.parts) for column in columns), default=0))
    high, ground = HEIGHT - _TOP - _BOTTOM, HEIGHT - _BOTTOM
    wide = (WIDTH - _LEFT - _RIGHT) / max(1, len(columns))
    boxes, labels = [], []
    every = max(1, len(columns) // _LABELS)
    for number, column in enumerate(columns):
        x, y = _LEFT + number * wide, float(ground)
        if number % every == 0:
            labels.append(Mark(column.label, round(x + wide / 2, 2)))
        for part, amount in enumerate(column.parts, start=1):
            height = amount / (step * 4) * high
            y -= height
            words = f"{column.words}: {amount:,} {names[part - 1]}"
            if amount:
                at, width = round(x + wide * 0.15, 2), round(wide * 0.7, 2)
                boxes.append(Box(part, at, round(y, 2), width, round(height, 2), words))
    steps = [Mark(f"{step * n:,}", round(ground - high * n / 4, 2)) for n in range(5)]
    return Drawing(boxes, steps, labels)
