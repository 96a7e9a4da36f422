"""JSON Schemas as rows of a table: name, type with limits and default, what it means."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kling_saas.api.openapi import Schema

_LIMITS = {
    "minimum": "≥ {}",
    "maximum": "≤ {}",
    "minLength": "≥ {} characters",
    "maxLength": "≤ {} characters",
    "minItems": "≥ {} entries",
    "maxItems": "≤ {} entries",
    "default": "default {}",
}
_FEW = 9  # alternatives or numbers that are told one by one
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
    if len(alternatives) > _FEW:  # each model, then each other product, which needs more
        needed = {*alternatives[0].get("required", ())}
        alternatives = [one for one in alternatives if needed >= {*one.get("required", ())}]
    if alternatives:
        whole = _together(alternatives)
    required = whole.get("required", ())
    for name, told in whole.get("properties", {}).items():
        yield Row(name, name in required, told, told.get("description", ""))


def _together(alternatives: list[Schema]) -> Schema:
    """Every member of any of them; where they allow different values, all of these."""
    found: dict[str, Schema] = {}
    for one in alternatives:
        for name, told in one.get("properties", {}).items():
            before = found.get(name, told)
            values = [each.get("enum", [each.get("const")]) for each in (before, told)]
            if None in (*values[0], *values[1]):
                found[name] = before
            else:
                every = dict.fromkeys([*values[0], *values[1]])
                rest = {k: v for k, v in before.items() if k not in ("const", "enum")}
                numbers = all(isinstance(each, int) for each in every)
                found[name] = {**rest, "enum": sorted(every) if numbers else list(every)}
    needed = [{*one.get("required", ())} for one in alternatives]
    return {"properties": found, "required": set.intersection(*needed)}


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
