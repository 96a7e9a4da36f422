"""Fields that hold several values: ids, objects with fields of their own, shots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from generations.catalogue import composites
from generations.catalogue.params import Shot
from generations.catalogue.products.fields import Body, Field, Schema, found_at, missing
from generations.catalogue.reading import Reader
from generations.catalogue.spec import SHOT_TYPES


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids(Field):
    """Ids as of `Thing`, several: a list of strings here, of objects with `inner` at Kling."""

    inner: str
    most: int

    def read(self, reader: Reader) -> list[str] | None:
        found = reader.tokens(self.name)
        if len(found) > self.most:
            reader.too_many(self.name, len(found), self.most)
            return None
        return list(found) or None

    def schema(self) -> Schema:
        return {"type": "array", "items": {"type": "string"}, "maxItems": self.most}

    def taken(self) -> Schema:
        named = {
            "type": "object",
            "properties": {self.inner: {"type": ["string", "integer"]}},
            "required": [self.inner],
        }
        return {"type": "array", "items": named, "maxItems": self.most}

    def sent(self, value: Any) -> Any:
        # Kling's element ids are longs; ids of another shape go as they are.
        longs = self.inner == "element_id"
        return [{self.inner: int(i) if longs and str(i).isdecimal() else i} for i in value]

    def received(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        ids = [item.get(self.inner) if isinstance(item, Mapping) else item for item in value]
        return [str(i) if isinstance(i, int) and 0 <= i < 2**63 else i for i in ids]

    def place_in(self, body: Mapping[str, Any], inside: str) -> str:
        item = _item_at(found_at(body, self.path), inside)
        return self.path + inside + (f".{self.inner}" if isinstance(item, Mapping) else "")


def body_schema(fields: Iterable[Field], *, alone: bool = False) -> Schema:
    """JSON Schema of the object in which Kling's API takes these fields, nested as it wants them.

    A field that is taken from several places is required in none. `alone`: all of them are.
    """
    whole: Schema = {"type": "object", "properties": {}, "required": []}
    for field in fields:
        places = field.places()
        for place, schema in places.items():
            *way, last = place.split(".")
            inner = whole
            for step in way:
                inside = {"type": "object", "properties": {}, "required": []}
                inner = inner["properties"].setdefault(step, inside)
            inner["properties"].setdefault(last, schema)
            if (field.required or alone) and len(places) == 1:
                inner["required"].append(last)
    return whole


def _item_at(listed: Any, entry: str) -> Any:
    """What a list has at `[3]`; None where it has nothing there, or is none."""
    position = entry.strip("[]")
    fits = position.isdecimal() and isinstance(listed, list) and int(position) < len(listed)
    return listed[int(position)] if fits else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Many(Field):
    """A list of objects with fields of their own; `bare`: here the list holds the one field."""

    inner: tuple[Field, ...]
    least: int = 0
    most: int
    bare: bool = False

    def read(self, reader: Reader) -> list[Any] | None:
        place, findings = reader.prefix + self.name, reader.findings
        if self.bare:
            items = self._alone(reader)
        else:
            items = [self._one(item) for item in reader.objects(self.name, self.most)]
        if reader.given(self.name) and len(items) < self.least and not findings.refused(place):
            span = f"{self.least} to {self.most}" if self.least < self.most else str(self.most)
            findings.refuse(
                place,
                "out_of_range",
                f"needs {span} {'entry' if self.most == 1 else 'entries'}",
                limit=span,
                way_out=f"send {span}",
            )
        return items or None

    def _alone(self, reader: Reader) -> list[Any]:
        """The values of a bare list; None stands for one that was refused."""
        items = reader.items(self.name)
        if len(items) > self.most:
            reader.too_many(self.name, len(items), self.most)
            return []
        found = []
        for position, item in enumerate(items):
            place = f"{self.name}[{position}]"
            entry = Reader(reader.findings, {place: item}, reader.prefix)
            value = replace(self.inner[0], name=place).read(entry)
            if value is not None or reader.findings.refused(reader.prefix + place):
                found.append(value)
        return found

    def _one(self, item: Reader) -> dict[str, Any]:
        item.only([field.name for field in self.inner])
        read: dict[str, Any] = {}
        for field in self.inner:
            value = field.read(item)
            if (
                value is None
                and field.required
                and not item.findings.refused(item.prefix + field.name)
            ):
                missing(item, field)
            value = field.default if value is None else value
            if value is not None:
                read[field.name] = value
        return read

    def schema(self) -> Schema:
        inner = {field.name: field.described() for field in self.inner}
        item: Schema = (
            self.inner[0].described()
            if self.bare
            else {
                "type": "object",
                "properties": inner,
                "required": [field.name for field in self.inner if field.required],
                "additionalProperties": False,
            }
        )
        return {"type": "array", "items": item, "minItems": self.least, "maxItems": self.most}

    def taken(self) -> Schema:
        limits = {"minItems": self.least, "maxItems": self.most}
        return {"type": "array", "items": body_schema(self.inner, alone=self.bare), **limits}

    def place_in(self, body: Mapping[str, Any], inside: str) -> str:
        entry, name = inside.partition(".")[::2]
        item = _item_at(found_at(body, self.path), entry)
        fields = {field.name: field for field in self.inner}
        field = self.inner[0] if self.bare else fields.get(name)
        if field is None or not isinstance(item, Mapping):
            return self.path + inside
        return f"{self.path}{entry}.{field.place_in(item, '')}"

    def sent(self, value: Any) -> Any:
        listed = []
        for item in value:
            body: Body = {}
            known = {self.inner[0].name: item} if self.bare else item
            for field in self.inner:
                if known.get(field.name) is not None:
                    field.put(body, known[field.name])
            listed.append(body)
        return listed

    def received(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return [self._received(item) for item in value]

    def _received(self, item: Any) -> Any:
        if not isinstance(item, Mapping):
            return item
        taken = {field.name: field.take(item) for field in self.inner}
        if self.bare:
            return taken[self.inner[0].name]
        return {name: value for name, value in taken.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shots(Field):
    """The shots of a film that has several."""

    most: int = 6

    def read(self, reader: Reader) -> tuple[Shot, ...] | None:
        return composites.shots(reader, self.most) or None

    def schema(self) -> Schema:
        return composites.shots_schema(self.most)

    def taken(self) -> Schema:
        return composites.kling_shots_schema(self.most)

    def put(self, body: Body, value: Any) -> None:
        body |= {"multi_shot": True, "shot_type": SHOT_TYPES[0]}
        body[self.path] = [
            {"index": index, "prompt": shot.prompt, "duration": str(shot.duration)}
            for index, shot in enumerate(value, 1)
        ]
