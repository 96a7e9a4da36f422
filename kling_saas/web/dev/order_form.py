"""An order as a form: its fields are those of the model, its JSON what stands in them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generations.catalogue import documentation, registry
from generations.catalogue.newcomers import FIRST_MODEL, FIRST_PROMPT
from generations.catalogue.spec import Spec

_FIRST = ("prompt", "mode", "duration", "aspect_ratio", "image")
_LONG = ("prompt", "negative_prompt")
_FLAGS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Field:
    """A control: `sort` is choice, number, long, line or json; `first` is used by most orders."""

    name: str
    sort: str
    value: str
    words: str
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    first: bool = False


def spec_of(asked: Mapping[str, str]) -> Spec:
    """The model that is asked for, or a newcomer's."""
    return registry.resolve(asked.get("model", "")) or registry.get(FIRST_MODEL)


def fields(spec: Spec, asked: Mapping[str, str]) -> list[Field]:
    """The controls of the model with what stands in them, those that are used most first."""
    schema = documentation.json_schema(spec)["properties"]
    names = [*(n for n in _FIRST if n in schema), *(n for n in schema if n not in _FIRST)]
    return [_field(name, schema[name], asked) for name in names if name != "model"]


def _field(name: str, told: Mapping[str, Any], asked: Mapping[str, str]) -> Field:
    choices = tuple(map(str, told.get("enum", ())))
    if told.get("type") == "boolean":
        choices = tuple(_FLAGS)
    if choices:
        sort = "choice"
    elif told.get("type") in ("integer", "number"):
        sort = "number"
    elif told.get("type") == "string":
        sort = "long" if name in _LONG else "line"
    else:
        sort = "json"
    return Field(
        name=name,
        sort=sort,
        value=asked.get(name, ""),
        words=told.get("description", ""),
        choices=choices,
        least=told.get("minimum"),
        most=told.get("maximum"),
        first=name in _FIRST,
    )


def begun(asked: dict[str, str]) -> dict[str, str]:
    """What the form begins with: an example where nothing is asked for."""
    return asked or {"model": FIRST_MODEL, "prompt": FIRST_PROMPT}


def body(spec: Spec, asked: Mapping[str, str]) -> dict[str, Any]:
    """The native order: what was left empty is not in it. What cannot be read stays text, and is
    refused as such.
    """
    schema = documentation.json_schema(spec)["properties"]
    read = {
        name: _read(schema[name], text.strip())
        for name in schema
        if name != "model" and (text := asked.get(name, "")).strip()
    }
    return {"model": spec.name, **read}


def _read(told: Mapping[str, Any], text: str) -> Any:
    if told.get("type") == "boolean":
        return _FLAGS.get(text, text)
    if told.get("type") == "string" or (
        "enum" in told and all(isinstance(each, str) for each in told["enum"])
    ):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def texts(order: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The same order as the form's texts, those of its fields that the form has."""
    spec = spec_of({"model": str(order.get("model", ""))})
    known = documentation.json_schema(spec)["properties"]
    for name, value in order.items():
        if name in known:
            yield name, value if isinstance(value, str) else json.dumps(value)
