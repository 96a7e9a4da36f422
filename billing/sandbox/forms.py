"""Form bodies with brackets, as the SDK sends them, read by the shapes that endpoints declare."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from billing.sandbox.errors import Refused, invalid, required

MAP = "map"  # metadata: any names, texts as values, an empty text unsets
ANY = "any"  # taken as it is: nothing here looks at it
SPAN = "span"  # a number, or an object of gt, gte, lt, lte
_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_DEEPER = re.compile(r"\[([^\[\]]*)\]")
_MOST_METADATA = 50
_MOST_FIELDS = 1000


@dataclass(frozen=True, slots=True)
class Shape:
    """The parameters of an object: a type by name (int, str, bool, float, a tuple of choices, a
    Shape, a list of one of these, MAP, ANY or SPAN), and which of them there must be.
    """

    fields: dict[str, Any]
    required: tuple[str, ...] = ()


def shape(*must: str, **fields: Any) -> Shape:
    """A Shape, in few words."""
    return Shape(fields, must)


def listing(*must: str, **fields: Any) -> Shape:
    """The parameters of a list: its own filters, and those of every list."""
    paging = {"limit": int, "starting_after": str, "ending_before": str, "created": SPAN}
    return Shape({**paging, **fields}, must)


def pairs(body: bytes) -> list[tuple[str, str]]:
    """The names and values of a form as sent. Raises Refused."""
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise invalid("The body is no form.") from None


def decode(given: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Nested objects of names like `a[b][0][c]`; lists are objects with numbers as names."""
    found: dict[str, Any] = {}
    for name, value in given:
        match = _NAME.fullmatch(name)
        if match is None:
            raise invalid(f"Invalid request parameter name: {name}", name)
        keys = [match[1], *_DEEPER.findall(match[2])]
        place = found
        for key in keys[:-1]:
            place = place.setdefault(key or str(len(place)), {})
            if not isinstance(place, dict):
                raise invalid(f"Invalid object: {name} is both a value and an object", name)
        place[keys[-1] or str(len(place))] = value
    return found


def check(form: Shape, given: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """The parameters with their types. Raises Refused as Stripe does."""
    for name in given:
        if name not in form.fields:
            raise _unknown(_path(prefix, name))
    for name in form.required:
        if name not in given:
            raise required(_path(prefix, name))
        if given[name] == "":
            raise _empty(_path(prefix, name))
    return {
        name: _value(form.fields[name], value, _path(prefix, name)) for name, value in given.items()
    }


def _unknown(param: str) -> Refused:
    return invalid(f"Received unknown parameter: {param}", param, "parameter_unknown")


def _empty(param: str) -> Refused:
    message = (
        f"You passed an empty string for '{param}'. We assume empty values are an attempt to unset "
        f"a parameter; however '{param}' cannot be unset. You should remove '{param}' from your "
        "request or supply a non-empty value."
    )
    return invalid(message, param, "parameter_invalid_empty")


def _path(prefix: str, name: str) -> str:
    return f"{prefix}[{name}]" if prefix else name


def _value(kind: Any, value: Any, param: str) -> Any:
    if isinstance(kind, Shape):
        return check(kind, _object(value, param), param) if value != "" else None
    if isinstance(kind, list):
        return [_value(kind[0], item, f"{param}[{at}]") for at, item in _items(value, param)]
    if kind == MAP:
        return _metadata(value, param)
    if kind == SPAN:
        return _span(value, param)
    if kind == ANY:
        return value
    return _plain(kind, value, param)


def _plain(kind: Any, value: Any, param: str) -> Any:
    if not isinstance(value, str):
        raise invalid("Invalid string: an object was given", param)
    if value == "":
        if kind is str:
            return None
        raise _empty(param)
    if isinstance(kind, tuple):
        if value not in kind:
            raise invalid(f"Invalid {param}: must be one of {_or(kind)}", param)
        return value
    return _READ[kind](value, param)


def _or(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])}, or {words[-1]}"


def _text(value: str, param: str) -> str:
    if len(value) > 5000:
        raise invalid("Invalid string: must be at most 5000 characters", param)
    return value


def _integer(value: str, param: str) -> int:
    if not re.fullmatch(r"-?\d{1,18}", value):
        raise invalid(f"Invalid integer: {value}", param, "parameter_invalid_integer")
    return int(value)


def _decimal(value: str, param: str) -> float:
    if not re.fullmatch(r"-?\d{1,12}(\.\d{1,12})?", value):
        raise invalid(f"Invalid decimal: {value}", param)
    return float(value)


def _truth(value: str, param: str) -> bool:
    if value not in ("true", "false"):
        raise invalid(f"Invalid boolean: {value}", param)
    return value == "true"


_READ: dict[Any, Any] = {str: _text, int: _integer, float: _decimal, bool: _truth}


def _object(value: Any, param: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise invalid("Invalid object", param)
    return value


def _items(value: Any, param: str) -> list[tuple[str, Any]]:
    if value == "":
        return []
    if not isinstance(value, dict) or not all(name.isdigit() for name in value):
        raise invalid("Invalid array", param)
    return sorted(value.items(), key=lambda item: int(item[0]))


def _span(value: Any, param: str) -> list[tuple[str, int]]:
    """As comparisons: `created[gte]=5` is [(">=", 5)], `created=5` is [("=", 5)]."""
    if not isinstance(value, dict):
        return [("=", _integer(value, param))]
    signs = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
    for name in value:
        if name not in signs:
            raise _unknown(_path(param, name))
    return [(signs[name], _integer(text, _path(param, name))) for name, text in value.items()]


def _metadata(value: Any, param: str) -> dict[str, str]:
    """Names with "" are to be unset; an empty text for the whole unsets all: {"": ""}."""
    if value == "":
        return {"": ""}
    found = _object(value, param)
    if len(found) > _MOST_METADATA:
        raise invalid(f"Metadata can have at most {_MOST_METADATA} keys", param)
    for name, text in found.items():
        if not isinstance(text, str) or len(text) > 500:
            raise invalid("Metadata values must be texts of at most 500 characters", param)
        if len(name) > 40:
            raise invalid("Metadata keys must be at most 40 characters", param)
    return found


def merged(metadata: dict[str, str] | None, given: dict[str, str] | None) -> dict[str, str]:
    """Metadata after an update: names are added, replaced, or unset by an empty text."""
    if given is None:
        return dict(metadata or {})
    kept = {} if "" in given else dict(metadata or {})
    return {name: text for name, text in {**kept, **given}.items() if text != "" and name}
