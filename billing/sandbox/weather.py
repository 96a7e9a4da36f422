"""What goes wrong on purpose, for campaigns: `POST /_sandbox/weather`. The same seed, the same bad
luck, also after a restart.
"""

from __future__ import annotations

import random
from typing import Any

from billing.sandbox.errors import invalid
from billing.sandbox.store import Store

# duplicate, drop: the chance that an event is told twice, or never; shuffle: by how many places it
# may come late; busy, lost: the chance of a 429, or of an answer that gets lost; hold: whether
# requests with an idempotency key wait, begun, until this is false again.
CALM: dict[str, Any] = {
    "duplicate": 0.0, "drop": 0.0, "shuffle": 0, "seed": 1, "busy": 0.0, "lost": 0.0, "hold": False,
}  # fmt: skip
_PLACE_SECONDS = 0.05


class Weather:
    """The weather as last set; all of it is in the file."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def now(self) -> dict[str, Any]:
        """What is set."""
        return {**CALM, **self._store.fact("weather", {})}

    def set(self, given: Any) -> dict[str, Any]:
        """Other weather, calm where nothing is said. Raises Refused."""
        if not isinstance(given, dict):
            raise invalid("Weather must be an object")
        for name, value in given.items():
            if name not in CALM:
                raise invalid(f"Received unknown parameter: {name}", name, "parameter_unknown")
            if not isinstance(value, (int, float)) or not 0 <= value <= _most(name):
                raise invalid(f"Invalid {name}: must be within 0 and {_most(name):g}", name)
        self._store.note("weather", given)
        self._store.note("rolls", 0)
        return self.now()

    def strikes(self, kind: str) -> bool:
        """Whether this kind of fault happens now."""
        chance = self.now()[kind]
        if not chance or self._roll() >= chance:
            return False
        struck = self._store.fact("struck", {})
        self._store.note("struck", {**struck, kind: struck.get(kind, 0) + 1})
        return True

    def struck(self) -> dict[str, int]:
        """How often each kind of fault happened."""
        return dict(self._store.fact("struck", {}))

    def delay(self) -> float:
        """By how many seconds the next delivery comes late."""
        places = self.now()["shuffle"]
        return int(self._roll() * (places + 1)) * _PLACE_SECONDS if places else 0.0

    def _roll(self) -> float:
        number = self._store.fact("rolls", 0)
        self._store.note("rolls", number + 1)
        return random.Random(f"{self.now()['seed']}/{number}").random()  # noqa: S311


def _most(name: str) -> float:
    return {"shuffle": 1000, "seed": 2**31}.get(name, 1)
