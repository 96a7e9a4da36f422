"""JSON Schemas as rows of a table: name, type with limits and default, what it means."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kling_saas.api.openapi import Schema
from kling_saas.web.docs import merging

_LIMITS = {
    "minimum": "≥ {}",
    "maximum": "≤ {}",
    "minLength": "≥ {} characters",
    "maxLength": "≤ {} characters",
    "minItems": "≥ {} entries",
    "maxItems": "≤ {} entries",
    "default": "default {}",
}
_FEW = 9  # numbers that are told one by one
_MANY = 12  # words of an enumeration that fit a cell


@dataclass(frozen=True, slots=True)
class Row:
    """One parameter, field or member."""

    name: str
    required: bool
    schema: Schema
    words: str


def of_parameter(told: Schema) -> Row:
    """A parameter of the address, its query or the headers."""
    name = told["name"]
    return Row(name, bool(told.get("required")), told["schema"], told.get("description", ""))


def members(schema: Schema, components: Schema) -> Iterator[Row]:
    """What an object may hold; of alternatives, what any of them does."""
    whole = _resolved(schema, components)
    alternatives = [_resolved(one, components) for one in whole.get("oneOf", ())]
    if alternatives:
        whole = merging.together(merging.of_models(alternatives))
    required = whole.get("required", ())
    for name, told in whole.get("properties", {}).items():
        yield Row(name, name in required, told, told.get("description", ""))


def deep(rows: Iterable[Row]) -> Iterator[Row]:
    """Each row, and after a list's what its entries have."""
    for row in rows:
        yield row
        entry = row.schema.get("items", {})
        for name, told in entry.get("properties", {}).items():
            needed = name in entry.get("required", ())
            yield Row(f"{row.name}[].{name}", needed, told, told.get("description", ""))


def several(schema: Schema, components: Schema, member: str) -> bool:
    """Whether some of its alternatives have this member."""
    whole = _resolved(schema, components)
    alternatives = [_resolved(one, components) for one in whole.get("oneOf", ())]
    return any(member in one.get("properties", {}) for one in alternatives)


def table(first: str, rows: Iterable[Row]) -> str:
    """Markdown."""
    lines = [f"| {first} | Type | Meaning |", "|---|---|---|"]
    for row in rows:
        needed = " **required**" if row.required and first != "Member" else ""
        lines.append(f"| `{row.name}`{needed} | {cell(in_words(row.schema))} | {cell(row.words)} |")
    return "\n".join(lines)


def cell(words: str) -> str:
    """Text that does not end its cell."""
    return words.replace("|", "\\|").replace("\n", " ")


def in_words(schema: Schema) -> str:
    """The type, its limits and its default."""
    limits = [
        words.format(_plain(schema[name])) for name, words in _LIMITS.items() if name in schema
    ]
    return ", ".join([_type(schema), *limits])


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        return f"{schema['$ref'].rpartition('/')[2]}"
    for several in ("anyOf", "oneOf"):
        if several in schema:
            words = dict.fromkeys(in_words(one) for one in schema[several])
            return " or ".join(words) if len(words) <= _MANY else "object"
    if "const" in schema:
        return f"`{_plain(schema['const'])}`"
    if "enum" in schema:
        return _listed(schema["enum"])
    found = schema.get("type", "any")
    kind = " or ".join(found) if isinstance(found, list) else str(found)
    if kind == "array" and "items" in schema:
        return f"array of {_type(schema['items'])}"
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def _listed(values: list[object]) -> str:
    words = [f"`{_plain(one)}`" for one in values]
    numbers = [each for each in values if isinstance(each, int)]
    if len(numbers) > _FEW and numbers == [*range(numbers[0], numbers[0] + len(words))]:
        return f"{words[0]} to {words[-1]}"
    return ", ".join(words[:_MANY]) + (" …" if len(words) > _MANY else "")


def _plain(value: object) -> str:
    return value if value and isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _resolved(schema: Schema, components: Schema) -> Schema:
    while "$ref" in schema:
        schema = components[schema["$ref"].rpartition("/")[2]]
    return schema
