"""What a product tells beside films and sounds: the members of a generation's `result`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from generations.catalogue.products.fields import Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One member: its JSON type, what it means, and an example.

    `inner` are the members of an object, or of the objects of a list. `nullable`: null where it
    cannot be had. Without `always` it is there only when `words` say so.
    """

    name: str
    type: Literal["string", "integer", "number", "array", "object"]
    words: str
    sample: Any = field(default=None, hash=False)
    inner: tuple[Fact, ...] = ()
    nullable: bool = False
    always: bool = True

    @property
    def example(self) -> Any:
        """What it may be, as JSON."""
        if not self.inner:
            return self.sample
        whole = {fact.name: fact.example for fact in self.inner if fact.always}
        return [whole] if self.type == "array" else whole

    def schema(self) -> Schema:
        """JSON Schema of the value."""
        inside = schema_of(self.inner) if self.inner else {}
        if inside and self.type == "array":
            inside = {"items": inside}
        return inside | {
            "type": [self.type, "null"] if self.nullable else self.type,
            "description": self.words,
            "examples": [self.example],
        }


def schema_of(facts: tuple[Fact, ...]) -> Schema:
    """JSON Schema of an object with these members; an upstream may tell others besides."""
    return {
        "type": "object",
        "properties": {fact.name: fact.schema() for fact in facts},
        "required": [fact.name for fact in facts if fact.always],
    }


def places(facts: tuple[Fact, ...], inside: str = "") -> Iterator[tuple[str, Fact]]:
    """Every member with its place, those inside others included: `face_data[].face_id`."""
    for fact in facts:
        place = inside + fact.name
        yield place, fact
        yield from places(fact.inner, f"{place}[]." if fact.type == "array" else f"{place}.")
