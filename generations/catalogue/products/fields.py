"""The kinds of fields a product may have: how each is read, described, sent and received.

`name` is our word, `key` the path of Kling's own word in the body (`input.text`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from generations.catalogue.params import Params
from generations.catalogue.reading import Reader, is_token

Schema = dict[str, Any]
Body = dict[str, Any]


def put_at(body: Body, path: str, value: Any) -> None:
    """Set a value at a dotted path, making the objects on the way."""
    *way, last = path.split(".")
    for step in way:
        body = body.setdefault(step, {})
    body[last] = value


def found_at(body: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path; None where there is none, or an empty one."""
    value: Any = body
    for step in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    empty = isinstance(value, str | list | Mapping) and not value
    return None if empty else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What all kinds share; each kind reads and describes its own value.

    `models` and `modes`: only with these; empty means with all.
    """

    name: str
    key: str = ""
    required: bool = False
    default: Any = None
    words: str = ""
    models: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """Where it lies in Kling's body."""
        return self.key or self.name

    def read(self, reader: Reader) -> Any:
        """The normalised, JSON-ready value; None when absent or refused."""
        raise NotImplementedError

    def schema(self) -> Schema:
        """JSON Schema of the value."""
        raise NotImplementedError

    def described(self) -> Schema:
        """The schema with the words and the default."""
        return self._explained(self.schema(), self.default)

    def taken(self) -> Schema:
        """JSON Schema of the value in Kling's form."""
        return self.schema()

    def places(self) -> dict[str, Schema]:
        """By each place in Kling's body that it is taken from, what is taken there."""
        default = None if self.default is None else self.sent(self.default)
        return dict.fromkeys(self.keys, self._explained(self.taken(), default))

    def _explained(self, schema: Schema, default: Any) -> Schema:
        notes = [
            self.words,
            schema.get("description", ""),
            *(f"Only with {' or '.join(o)}." for o in (self.models, self.modes) if o),
        ]
        note = " ".join(n for n in notes if n)
        more: Schema = {"description": note} if note else {}
        if default is not None:
            more["default"] = default
        return schema | more

    @property
    def keys(self) -> tuple[str, ...]:
        """The places in Kling's body that it takes its value from."""
        return (self.path,)

    def place_in(self, body: Mapping[str, Any], inside: str) -> str:
        """How a body of Kling's calls a place inside the field (`[0].audio`), by what it has."""
        return (
            next((key for key in self.keys if found_at(body, key) is not None), self.path) + inside
        )

    def put(self, body: Body, value: Any) -> None:
        """Write the value into Kling's body."""
        put_at(body, self.path, self.sent(value))

    def take(self, body: Mapping[str, Any]) -> Any:
        """The value in our words out of Kling's body, unchecked; None when absent."""
        value = found_at(body, self.path)
        return None if value is None else self.received(value)

    def sent(self, value: Any) -> Any:
        """Our value in Kling's form."""
        return value

    def received(self, value: Any) -> Any:
        """Kling's value in our form; what has another shape goes on, to be refused by name."""
        return value

    def of(self, params: Params) -> Any:
        """The value in an order; None when it was not given and has no default."""
        if self.name in Params.__dataclass_fields__:
            value = getattr(params, self.name)
            return None if value in ("", ()) else value
        return params.inputs.get(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Field):
    """A text of at most `most` characters."""

    most: int = 2500

    def read(self, reader: Reader) -> str | None:
        return reader.text(self.name, self.most) or None

    def schema(self) -> Schema:
        return {"type": "string", "maxLength": self.most}


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole(Field):
    """A whole number from `low` to `high`."""

    low: int
    high: int

    def read(self, reader: Reader) -> int | None:
        value = reader.whole(self.name)
        if value is None or self.low <= value <= self.high:
            return value
        reader.findings.refuse(
            reader.prefix + self.name,
            "out_of_range",
            f"must be from {self.low} to {self.high}",
            limit=f"{self.low} to {self.high}",
            way_out=f"send {self.low} to {self.high}",
        )
        return None

    def schema(self) -> Schema:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Field):
    """A number from `low` to `high`."""

    low: str
    high: str

    def read(self, reader: Reader) -> float | None:
        value = reader.number(self.name, -(10**9), 10**9)
        if value is None or Decimal(self.low) <= Decimal(str(value)) <= Decimal(self.high):
            return value
        reader.findings.refuse(
            reader.prefix + self.name,
            "out_of_range",
            f"must be from {self.low} to {self.high}",
            limit=f"{self.low} to {self.high}",
            way_out=f"send {self.low} to {self.high}",
        )
        return None

    def schema(self) -> Schema:
        return {"type": "number", "minimum": float(self.low), "maximum": float(self.high)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Field):
    """One of some words."""

    allowed: tuple[str, ...]
    aliases: tuple[tuple[str, str], ...] = ()

    def read(self, reader: Reader) -> str | None:
        return reader.choice(self.name, self.allowed, dict(self.aliases))

    def schema(self) -> Schema:
        return {"enum": list(self.allowed)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Length(Field):
    """Whole seconds out of a few; a string on Kling's wire."""

    allowed: tuple[int, ...]

    def read(self, reader: Reader) -> int | None:
        value = reader.whole(self.name)
        if value is None or value in self.allowed:
            return value
        span = len(self.allowed) > 2
        limit = (
            f"{self.allowed[0]} to {self.allowed[-1]}"
            if span
            else " or ".join(map(str, self.allowed))
        )
        reader.findings.refuse(
            reader.prefix + self.name,
            "out_of_range",
            f"must be {limit} seconds",
            limit=limit,
            way_out=f"send {limit}",
        )
        return None

    def schema(self) -> Schema:
        return {"enum": list(self.allowed)}

    def taken(self) -> Schema:
        return {"enum": [*map(str, self.allowed), *self.allowed]}

    def sent(self, value: int) -> str:
        return str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch(Field):
    """True or false; `pair` is how Kling says them, where it has words for them."""

    pair: tuple[str, str] | None = None

    def read(self, reader: Reader) -> bool | None:
        return reader.flag(self.name)

    def schema(self) -> Schema:
        return {"type": "boolean"}

    def taken(self) -> Schema:
        return {"enum": [*self.pair, True, False]} if self.pair else self.schema()

    def sent(self, value: bool) -> Any:
        return value if self.pair is None else self.pair[0 if value else 1]

    def received(self, value: Any) -> Any:
        if self.pair and value in self.pair:
            return value == self.pair[0]
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark(Field):
    """The wish for a watermark, an object in Kling's body."""

    @property
    def keys(self) -> tuple[str, ...]:
        return ("watermark_info",)

    def read(self, reader: Reader) -> bool | None:
        return reader.flag(self.name)

    def schema(self) -> Schema:
        return {"type": "boolean"}

    def taken(self) -> Schema:
        return {"type": "object", "properties": {"enabled": {"type": "boolean"}}}

    def put(self, body: Body, value: Any) -> None:
        if value:
            body["watermark_info"] = {"enabled": True}

    def take(self, body: Mapping[str, Any]) -> Any:
        told = body.get("watermark_info")
        # Kling's Chinese page calls it an array, its sample is an object.
        told = told[0] if isinstance(told, list) and told else told
        return told.get("enabled") if isinstance(told, Mapping) else None

    def place_in(self, body: Mapping[str, Any], inside: str) -> str:
        listed = isinstance(body.get("watermark_info"), list)
        return f"watermark_info{'[0]' if listed else ''}.enabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing(Field):
    """The id of a voice, an element or a session: Kling's own, or of the generation that made it.

    `made_by`: it must be the latter, and of one of these products. `listed`: of Kling's own it must
    be one that `presets` has. `hours`: Kling forgets it then; 0 for never.
    """

    made_by: tuple[str, ...] = ()
    listed: bool = False
    hours: int = 0

    def read(self, reader: Reader) -> str | None:
        value = reader.fields.get(self.name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if value is None or (isinstance(value, str) and is_token(value)):
            return value
        reader.wrong_type(self.name, "an id")
        return None

    def schema(self) -> Schema:
        return {"type": "string"}

    def taken(self) -> Schema:
        return {"type": ["string", "integer"]}

    def sent(self, value: Any) -> Any:
        # Kling's element ids are longs; ids of another shape go as they are.
        longs = self.path.endswith("element_id")
        return int(value) if longs and str(value).isdecimal() else value


def missing(reader: Reader, field: Field) -> None:
    """Refuses an order that leaves out what it needs, unless what it sent was refused already."""
    if reader.findings.refused(reader.prefix + field.name):
        return
    reader.findings.refuse(
        reader.prefix + field.name,
        "required",
        "is missing",
        limit=field.words or field.name,
        way_out=f"send {field.name}",
    )
