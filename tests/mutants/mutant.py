"""One small change to one function, under a name that stays the same while the function does."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

Edit = tuple[str, str]  # what is changed, in a few words, and the whole text after it


@dataclass(frozen=True, slots=True)
class Mutant:
    """`text` is `function` with the change, of a file that is mutated; `original` without it."""

    target: str
    function: str
    change: str
    occurrence: int
    original: str
    text: str

    @property
    def id(self) -> str:
        """How `survivors.toml` names it."""
        return f"{self.target} | {self.function} | {self.change} | {self.occurrence}"

    @property
    def diff(self) -> str:
        """The lines that differ."""
        before, after = self.original.splitlines(), self.text.splitlines()
        lines = difflib.unified_diff(before, after, self.id, "", n=1, lineterm="")
        return "\n".join(lines)


def numbered(target: str, function: str, original: str, edits: Iterable[Edit]) -> list[Mutant]:
    """The edits as mutants; equal changes in one function are told apart by their order."""
    seen: Counter[str] = Counter()
    found = []
    for change, text in edits:
        seen[change] += 1
        found.append(Mutant(target, function, change, seen[change], original, text))
    return found
