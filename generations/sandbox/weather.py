"""Bad weather: faults that strike any call by chance, for campaigns. Calm unless SANDBOX_WEATHER.

`SANDBOX_WEATHER=lost-reply=0.05,429=0.1` gives chances between 0 and 1 by kind; what struck is
counted in the store and told by `/_audit`, so that a campaign can see that each kind was tried.
`POST /_calm` ends it, until another weather is set.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping

from generations.sandbox.store import Store

KINDS: Mapping[str, str] = {
    "lost-request": "The connection drops before the create is read; no task is made.",
    "lost-reply": "The task is made, then the connection drops without an answer.",
    "stall": "The task is made, and the answer comes after the caller has given up.",
    "429": "The create is answered 429 and makes no task.",
    "5xx": "The create is answered 503 and makes no task.",
    "poll-lost": "A question about a task is not answered: the connection drops.",
    "callback-dup": "A callback is sent twice.",
    "callback-none": "A callback is not sent.",
    "callback-early": "A callback arrives before the create is answered.",
    "corrupt": "A download brings bytes that no player reads.",
    "truncated": "A download ends at half of its length.",
    "expired-link": "A link is refused as expired; asking for the task again gives a good one.",
}
CALM: Mapping[str, float] = {}


class Unclear(ValueError):
    """SANDBOX_WEATHER cannot be read; the text says what it must be."""


def read(text: str) -> Mapping[str, float]:
    """The chances by kind. Raises Unclear."""
    chances: dict[str, float] = {}
    for part in text.replace(",", " ").split():
        kind, _, chance = part.partition("=")
        try:
            chances[kind] = float(chance)
        except ValueError:
            chances[kind] = -1.0
        if kind not in KINDS or not 0 <= chances[kind] <= 1:
            raise Unclear(
                f"SANDBOX_WEATHER has {part!r}: write kind=chance with a chance from 0 to 1 and a "
                f"kind of {', '.join(KINDS)}"
            )
    return chances


class Weather:
    """Decides, call by call, whether a fault strikes."""

    def __init__(self, chances: Mapping[str, float], store: Store) -> None:
        self._name, self._store = json.dumps(chances, sort_keys=True), store
        self._chances = CALM if store.has_ended(self._name) else chances
        self._dice = random.Random()  # noqa: S311 - no secrecy

    def end(self) -> None:
        """No fault strikes any more."""
        self._store.end(self._name)
        self._chances = CALM

    def strikes(self, kind: str) -> bool:
        """Whether this call is hit; counted when it is."""
        chance = self._chances.get(kind, 0.0)
        if not chance or self._dice.random() >= chance:
            return False
        self._store.struck(kind)
        return True
