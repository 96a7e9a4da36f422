"""Reads single values out of untrusted JSON: the right type or a violation, never an exception."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from generations.catalogue import media
from generations.catalogue.violations import Findings, shown

_WHOLE = re.compile(r"[0-9]{1,4}", re.ASCII)
_NUMBER = re.compile(r"[+-]?[0-9]{0,10}(\.[0-9]{0,20})?", re.ASCII)
_LONGEST_WORD = 64
_MOST_TOLD = 20  # entries of a list, or names, that are refused one by one
_FLAGS = {"true": True, "on": True, "false": False, "off": False}
_UNFIT = re.compile("[\x00\ud800-\udfff]")
_TOKEN = re.compile(r"[A-Za-z0-9_.:-]{1,64}", re.ASCII)


def as_whole(value: object, *, lenient: bool) -> int | None:
    """A whole number; leniently also "5" and 5.0. None when it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if not lenient:
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value)
    return None


def as_number(value: object, *, lenient: bool) -> float | int | None:
    """A finite number; leniently also "0.5". None when it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if lenient and isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value) if any(c.isdigit() for c in value) else None
    return None


def is_token(value: object) -> TypeGuard[str]:
    """Whether it is a text that has the form of an id."""
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None


def nearest(word: str, known: Sequence[str]) -> str:
    """The one of the known words that this is nearly; empty when it is like none of them."""
    written = {each.lower(): each for each in known}
    found = difflib.get_close_matches(word[:_LONGEST_WORD].lower(), written, n=1)
    return written[found[0]] if found else ""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the fields of one JSON object. `prefix` is its place: "" or `multi_prompt[0].`."""

    findings: Findings
    fields: Mapping[str, object]
    prefix: str = ""

    def given(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self.fields.get(name) is not None

    def wrong_type(self, name: str, wanted: str) -> None:
        """Refuses the field's value for its type."""
        self.findings.refuse(
            self.prefix + name,
            "wrong_type",
            f"must be {wanted}, not {shown(self.fields.get(name))}",
            limit=wanted,
            way_out=f"send {wanted}",
        )

    def text(self, name: str, most: int) -> str | None:
        """A string of at most `most` characters; blank text reads as ""."""
        value = self.fields.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self.wrong_type(name, "a string")
            return None
        if _UNFIT.search(value):
            self.findings.refuse(
                self.prefix + name,
                "wrong_type",
                "contains NUL or half of a surrogate pair",
                limit="Unicode text",
                way_out="send plain Unicode text",
            )
            return None
        if len(value) > most:
            self.findings.refuse(
                self.prefix + name,
                "too_long",
                f"has {len(value)} characters, {most} is the limit",
                limit=str(most),
                way_out=f"shorten it by {len(value) - most}",
            )
            return None
        return value if value.strip() else ""

    def choice(
        self,
        name: str,
        allowed: Sequence[str],
        aliases: Mapping[str, str],
        told: Sequence[str] = (),
    ) -> str | None:
        """One of the `allowed` words; leniently also their aliases, in any case.

        `told` are those that the refusal names, if not all.
        """
        value = self.fields.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self.wrong_type(name, "a string")
            return None
        word = value
        if self.findings.lenient:
            word = value.strip().lower()
            word = aliases.get(word, word)
        if word not in allowed:
            known = told or allowed
            meant = aliases.get(value) or nearest(value, known)
            self.findings.refuse(
                self.prefix + name,
                "not_allowed",
                f"must be one of {', '.join(known)}, not {shown(value)}",
                limit=", ".join(known),
                way_out=f"send {meant}" if meant else "send one of them",
            )
            return None
        return word

    def flag(self, name: str) -> bool | None:
        """A boolean; leniently also "on", "off", "true" and "false"."""
        value = self.fields.get(name)
        if value is None or isinstance(value, bool):
            return value
        if self.findings.lenient and isinstance(value, str) and value.lower() in _FLAGS:
            return _FLAGS[value.lower()]
        self.wrong_type(name, "true or false")
        return None

    def whole(self, name: str) -> int | None:
        """A whole number of any size; the rules look at its range."""
        value = self.fields.get(name)
        if value is None:
            return None
        number = as_whole(value, lenient=self.findings.lenient)
        if number is None:
            self.wrong_type(name, "a whole number")
        return number

    def number(self, name: str, low: int, high: int) -> float | None:
        """A finite number from `low` to `high`."""
        value = self.fields.get(name)
        if value is None:
            return None
        number = as_number(value, lenient=self.findings.lenient)
        if number is None:
            self.wrong_type(name, "a number")
            return None
        if not low <= number <= high:
            self.findings.refuse(
                self.prefix + name,
                "out_of_range",
                f"must be from {low} to {high}, not {shown(value)}",
                limit=f"{low} to {high}",
                way_out=f"send a number from {low} to {high}",
            )
            return None
        return float(number)

    def image(self, name: str) -> str | None:
        """An image, normalised as `media.normalise` does."""
        value = self.fields.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self.wrong_type(name, media.FORMS)
            return None
        try:
            return media.normalise(value)
        except media.BadMedia as problem:
            self.findings.refuse(
                self.prefix + name,
                "bad_media",
                str(problem),
                limit=f"{media.KINDS} of at most 10 MB",
                way_out=f"send a {media.KINDS} of at most 10 MB as {media.FORMS}",
            )
            return None

    def items(self, name: str) -> list[object]:
        """The items of a list field; empty when absent or refused."""
        value = self.fields.get(name)
        if value is None:
            return []
        if not isinstance(value, list | tuple):
            self.wrong_type(name, "a list")
            return []
        return list(value)

    def objects(self, name: str, most: int) -> list[Reader]:
        """A reader for each object in a list of at most `most`."""
        items = self.items(name)
        if len(items) > most:
            self.too_many(name, len(items), most)
            return []
        readers = []
        for position, item in enumerate(items):
            path = f"{self.prefix}{name}[{position}]"
            if isinstance(item, Mapping):
                readers.append(Reader(self.findings, item, f"{path}."))
            else:
                self.findings.refuse(
                    path,
                    "wrong_type",
                    f"must be an object, not {shown(item)}",
                    limit="an object",
                    way_out="send an object",
                )
        return readers

    def too_many(self, name: str, count: int, most: int) -> None:
        """Refuses a list that is too long."""
        self.findings.refuse(
            self.prefix + name,
            "too_long",
            f"has {count} entries, {most} is the limit",
            limit=str(most),
            way_out=f"send at most {most}",
        )

    def tokens(self, name: str) -> tuple[str, ...]:
        """A list of ids: strings of letters, digits and `_.:-`."""
        items = self.items(name)
        ids = tuple(item for item in items if is_token(item))
        if len(ids) == len(items):
            return ids
        wrong = [n for n, item in enumerate(items) if not is_token(item)]
        for position in wrong[:_MOST_TOLD]:
            self.findings.refuse(
                f"{self.prefix}{name}[{position}]",
                "wrong_type",
                f"must be an id of letters, digits and _.:-, not {shown(items[position])}",
                limit="an id",
                way_out="send an id",
            )
        return ()

    def only(self, known: Sequence[str]) -> None:
        """Refuses fields nobody knows, unless lenient."""
        if self.findings.lenient:
            return
        for name in [name for name in self.fields if name not in known][:_MOST_TOLD]:
            self.findings.refuse(
                f"{self.prefix}{name}"[:80].encode("utf-8", "backslashreplace").decode(),
                "unknown_field",
                "is not a field of this request",
                limit=", ".join(known),
                way_out="leave it out",
            )
