"""Lines for people: tables, and one that moves while a film is made. Results go to stdout only."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any, Self

from kling_saas_client.following import News
from kling_saas_client.generations import Generation

_TURN = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_TICK = 0.2  # seconds
_WIDTH = 76


def as_json(told: Any) -> None:
    """One object on one line."""
    print(json.dumps(told, ensure_ascii=False), flush=True)


def table(rows: Iterable[Sequence[object]]) -> None:
    """Columns as wide as they need, numbers to the right."""
    lines = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = zip(line, widths, strict=True)
        print("  ".join(c.rjust(w) if c.isdecimal() else c.ljust(w) for c, w in cells).rstrip())


def is_agreed(question: str) -> bool:
    """What a person at the terminal says to it."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def summary(generation: Generation[Any]) -> None:
    """What there is to know of one."""
    film, error, cost = generation.video, generation.error, generation.credits
    paid = f"{cost.quoted} held" if cost.charged is None else f"{cost.charged} charged"
    rows = [
        ("id", generation.id),
        ("status", generation.status),
        ("model", generation.model),
        ("ordered", f"{generation.created_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("credits", paid),
    ]
    if film:
        rows.append(("film", f"{film.width}×{film.height}, {film.duration} s, {film.bytes} bytes"))
    if error:
        rows.append(("error", f"{error.message} ({error.code})"))
    if (back := generation.came_back) is not None:
        rows.append(("came back", f"{back} credits"))
    table(rows)


class Progress:
    """A line on stderr with the state, the time, and how long it usually takes; no percentage of
    what nobody knows. Where stderr is no terminal, a line for each new state.
    """

    def __init__(self, made: Generation[Any]) -> None:
        self._eta = made.eta.raw if made.eta else {}
        self._words, self._told = made.status, ""
        self._began, self._over = time.monotonic(), threading.Event()
        self._moves = sys.stderr.isatty()
        self._thread = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *ending: object) -> None:
        self._over.set()
        self._thread.join()
        if self._moves:
            print("\r" + " " * _WIDTH + "\r", end="", file=sys.stderr, flush=True)

    def news(self, news: News) -> None:
        """What the generation's stream tells."""
        place = news.data.get("position")
        self._words = f"{news.status}, place {place}" if place else news.status
        self._eta = news.data.get("eta") or (news.generation or {}).get("eta") or self._eta

    def bytes(self, done: int, whole: int) -> None:
        """How much of the file has come."""
        self._words, self._eta = f"saving {100 * done // whole} %", {}

    def _tick(self) -> None:
        turn = 0
        while not self._over.wait(_TICK):
            turn += 1
            self._draw(_TURN[turn % len(_TURN)])

    def _draw(self, mark: str) -> None:
        if not self._moves:
            if self._words.partition(" ")[0] != self._told.partition(" ")[0]:
                print(self._words, file=sys.stderr, flush=True)
            self._told = self._words
            return
        usual = ""
        if self._eta:
            usual = f"usually {self._eta['p50_seconds']:.0f}–{self._eta['p90_seconds']:.0f} s"
        line = f"{mark} {self._words}  {time.monotonic() - self._began:.0f} s  {usual}"
        print("\r" + line[:_WIDTH].ljust(_WIDTH), end="", file=sys.stderr, flush=True)
