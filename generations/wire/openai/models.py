"""What OpenAI's model names stand for: `sora-2=kling-v3:std:sound`, as a setting has it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from generations.catalogue import registry


@dataclass(frozen=True, slots=True)
class Sold:
    """What is made of a name of OpenAI's."""

    model: str
    mode: str
    sound: bool


def read(words: Iterable[str]) -> dict[str, Sold]:
    """The table by OpenAI's names. Raises ValueError, naming what cannot be made."""
    found = {}
    for word in words:
        name, _, ours = word.partition("=")
        model, _, rest = ours.partition(":")
        mode, *more = rest.split(":")
        spec = registry.resolve(model)
        fits = spec is not None and mode in spec.mode_names and more in ([], ["sound"])
        if not name.strip() or not fits:
            raise ValueError(f"{word!r} must look like sora-2=kling-v3:std or …:std:sound")
        found[name.strip()] = Sold(model, mode, bool(more))
    return found
