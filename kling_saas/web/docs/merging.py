"""Several JSON Schemas of one object as a single one, which says of what each part is true.

Written for orders: each model takes its own fields, values and lengths of the same request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from kling_saas.api.openapi import Schema

_MODEL = "model"
_SENTENCE = re.compile(r"(?<=\.) ")
_Said = TypeVar("_Said", bound=Hashable)


def of_models(alternatives: Sequence[Schema]) -> list[Schema]:
    """Those that are orders of one model; all, where none is."""
    found = [one for one in alternatives if "const" in one.get("properties", {}).get(_MODEL, {})]
    return found or [*alternatives]


def together(alternatives: Sequence[Schema]) -> Schema:
    """Every member of any of them; where they allow different values, all of these.

    What is not so with every model says with which it is.
    """
    needed = [{*one.get("required", ())} for one in alternatives]
    names = dict.fromkeys(name for one in alternatives for name in one.get("properties", {}))
    return {
        "properties": {name: _member(name, alternatives) for name in names},
        "required": set.intersection(*needed),
    }


def _member(name: str, alternatives: Sequence[Schema]) -> Schema:
    having = [one for one in alternatives if name in one.get("properties", {})]
    schemas = {_model(one): one["properties"][name] for one in having}
    found: Schema = dict(having[0]["properties"][name])
    if all(_values(one["properties"][name]) for one in having):
        every = [each for one in having for each in _values(one["properties"][name])]
        numbers = all(isinstance(each, int) for each in every)
        found.pop("const", None)
        found["enum"] = sorted({*every}) if numbers else [*dict.fromkeys(every)]
    if _model(having[0]):
        if len({repr(schema.get("default")) for schema in schemas.values()}) > 1:
            found.pop("default", None)
        models = [_model(one) for one in alternatives]
        needing = [_model(one) for one in alternatives if name in one.get("required", ())]
        found["description"] = " ".join(_words(name, schemas, needing, models))
    return found


def _words(
    name: str, schemas: Mapping[str, Schema], needing: Sequence[str], every: Sequence[str]
) -> Iterator[str]:
    """What all say of it, and then what only some do."""
    if len(schemas) < len(every):
        yield f"{_with([*schemas], every)}."
    by_models: dict[tuple[str, ...], list[str]] = {}
    said = _shared(schemas, _sentences)
    for words, models in said.items():
        if len(models) == len(schemas) or any(words.startswith(f"{one} ") for one in models):
            yield words
        else:
            by_models.setdefault(tuple(models), []).append(words)
    for default, models in _shared(schemas, lambda told: [told.get("default")]).items():
        if len(models) < len(schemas) and default is not None:
            by_models.setdefault(tuple(models), []).append(f"`{default}` unless given.")
    if needing and len(needing) < len(every):
        by_models.setdefault(tuple(needing), []).append("Required.")
    if name != _MODEL:
        for some, values in _values_of_some(schemas, " ".join(said)):
            by_models.setdefault(some, []).append(f"{', '.join(values)}.")
    for some, several in by_models.items():
        yield f"{_with(some, every)}: {' '.join(several)}"


def _values_of_some(
    schemas: Mapping[str, Schema], said: str
) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Which values only some models take, where nothing is said of them."""
    by_models: dict[tuple[str, ...], list[str]] = {}
    for value, models in _shared(schemas, _values).items():
        if len(models) < len(schemas) and f"{value} has" not in said:
            by_models.setdefault(tuple(models), []).append(f"`{value}`")
    yield from by_models.items()


def _shared(
    schemas: Mapping[str, Schema], said: Callable[[Schema], Iterable[_Said]]
) -> dict[_Said, list[str]]:
    """Each thing that any of them says, with the models that say it."""
    found: dict[_Said, list[str]] = {}
    for model, told in schemas.items():
        for each in said(told):
            found.setdefault(each, []).append(model)
    return found


def _with(some: Sequence[str], every: Sequence[str]) -> str:
    """With which models something is so, in the fewer words."""
    others = [model for model in every if model not in some]
    if others and len(others) < len(some):
        return f"With all but {_listed(others)}"
    return f"Only with {_listed(some)}"


def _listed(models: Sequence[str]) -> str:
    *first, last = models
    return f"{', '.join(first)} and {last}" if first else last


def _model(one: Schema) -> str:
    return str(one.get("properties", {}).get(_MODEL, {}).get("const", ""))


def _values(told: Schema) -> list[Any]:
    return told["enum"] if "enum" in told else [told["const"]] if "const" in told else []


def _sentences(told: Schema) -> list[str]:
    words = told.get("description", "")
    return _SENTENCE.split(words) if words else []
