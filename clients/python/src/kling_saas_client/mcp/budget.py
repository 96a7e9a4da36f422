"""The cap of one run of the server, and what of it is spoken for."""

from __future__ import annotations

from typing import Any

from kling_saas_client.generations import Generation


class Budget:
    """Counts what is offered, held and charged; what comes back is free again.

    Nothing here waits, so two calls at once never take the same credits.
    """

    def __init__(self, cap: int) -> None:
        self.cap = cap
        self._reserved: dict[str, int] = {}
        self._films: dict[str, int] = {}
        self._open: set[str] = set()

    @property
    def left(self) -> int:
        """Credits that may still be spent."""
        return self.cap - sum(self._reserved.values()) - sum(self._films.values())

    @property
    def under_way(self) -> list[str]:
        """The films whose credits may yet come back."""
        return sorted(self._open)

    def reserve(self, reference: str, price: int) -> bool:
        """Set aside for one order; False, and nothing is, where it is more than what is left."""
        if price > self.left:
            return False
        self._reserved[reference] = price
        return True

    def release(self, reference: str) -> None:
        """It was not ordered."""
        self._reserved.pop(reference, None)

    def ordered(self, reference: str, made: Generation[Any]) -> None:
        """What was set aside has become this film's."""
        self.release(reference)
        self._films[made.id] = 0
        self._open.add(made.id)
        self.note(made)

    def note(self, made: Generation[Any]) -> None:
        """How one of this run's films stands now; others cost this run nothing."""
        if made.id not in self._films:
            return
        charged, held = made.credits.charged, made.credits.held
        self._films[made.id] = held if charged is None else charged
        if made.ended:
            self._open.discard(made.id)

    def told(self) -> dict[str, int]:
        """For agents and for people."""
        return {"cap": self.cap, "spent": self.cap - self.left, "left": self.left}
