"""What the person who starts the server allows the agent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ALWAYS, NEVER = -1, None  # above how many credits a person is asked


@dataclass(frozen=True, slots=True)
class Terms:
    """Credits are whole. Without `cap` nothing is made, without `folder` nothing is saved."""

    cap: int | None = None
    film_cap: int | None = None
    asks_above: int | None = ALWAYS
    folder: Path | None = None

    def asks(self, price: int) -> bool:
        """Whether a film of that price needs a person's word."""
        return self.asks_above is not None and price > self.asks_above
