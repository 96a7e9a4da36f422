"""The fields of a JSON body, checked by type, length and range; all faults are told at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from kling_saas.lib import moments
from kling_saas.lib.refusals import Refusal

_MOST_TOLD = 20  # of fields that are none


class InvalidFields(Refusal):
    """One or more fields break their limits; every violation is told at once."""

    code, status, title = "invalid_request", 422, "Invalid request"

    def __init__(self, violations: list[dict[str, str]]) -> None:
        super().__init__(" ".join(v["message"] for v in violations), violations=violations)


class Fields:
    """Reads each field of `body` once, then `done` says what was wrong. Absent reads as None."""

    def __init__(self, body: Mapping[str, Any], known: Iterable[str], within: str = "") -> None:
        self._body, self._wrong, self._within = body, list[dict[str, str]](), within
        names = list(known)
        takes = f"this takes {', '.join(names)}" if names else "this takes no fields"
        for name in islice((name for name in body if name not in names), _MOST_TOLD):
            shown = name[:40].encode("utf-8", "backslashreplace").decode()
            self.refuse(shown, "unknown_field", f"is no field here: {takes}.")

    def refuse(self, name: str, code: str, problem: str) -> None:
        """`problem` goes on after the field's name."""
        place = self._within + name
        self._wrong.append({"field": place, "code": code, "message": f"{place} {problem}"})

    def given(self, name: str) -> bool:
        """Whether the body has it."""
        return name in self._body

    def is_null(self, name: str) -> bool:
        """Whether the body has it as null."""
        return self.given(name) and self._body[name] is None

    def text(self, name: str, most: int, *, required: bool = False) -> str | None:
        """Printable text of at most `most` characters; `required`: it must be there, not empty."""
        if not self.given(name):
            if required:
                self.refuse(name, "required", "is missing.")
            return None
        value = self._body[name]
        if not isinstance(value, str) or not value.isprintable():
            self.refuse(name, "wrong_type", "must be text on one line.")
        elif len(value) > most:
            self.refuse(name, "too_long", f"must have at most {most} characters.")
        elif required and not value.strip():
            self.refuse(name, "required", "must not be empty.")
        else:
            return value
        return None

    def flag(self, name: str) -> bool | None:
        """true or false."""
        value = self._body.get(name)
        if self.given(name) and not isinstance(value, bool):
            self.refuse(name, "wrong_type", "must be true or false.")
            return None
        return value

    def whole(self, name: str, least: int, most: int) -> int | None:
        """A whole number in that range."""
        if not self.given(name):
            return None
        value = self._body[name]
        if isinstance(value, bool) or not isinstance(value, int):
            self.refuse(name, "wrong_type", f"must be a whole number from {least} to {most}.")
        elif not least <= value <= most:
            self.refuse(name, "out_of_range", f"must be from {least} to {most}.")
        else:
            return value
        return None

    def one_of(self, name: str, words: Iterable[str]) -> str | None:
        """One of these words."""
        if not self.given(name):
            return None
        value, known = self._body[name], list(words)
        if not isinstance(value, str) or value not in known:
            self.refuse(name, "not_allowed", f"must be one of {', '.join(known)}.")
            return None
        return value

    def words(self, name: str, known: Iterable[str], most: int) -> list[str] | None:
        """A list of 1 to `most` of the known words."""
        if not self.given(name):
            return None
        value, allowed = self._body[name], set(known)
        if not isinstance(value, list) or not 1 <= len(value) <= most:
            self.refuse(name, "wrong_type", f"must be a list of 1 to {most} words.")
            return None
        for place, word in enumerate(value):
            if not isinstance(word, str) or word not in allowed:
                told = ", ".join(sorted(allowed))
                self.refuse(f"{name}[{place}]", "not_allowed", f"must be one of {told}.")
        return list(dict.fromkeys(word for word in value if isinstance(word, str)))

    def texts(self, name: str, most: int, longest: int) -> list[str] | None:
        """A list of at most `most` texts, each of 1 to `longest` printable characters."""
        if not self.given(name):
            return None
        value = self._body[name]
        fits = isinstance(value, list) and len(value) <= most
        if not fits or not all(_is_line(text, longest) for text in value):
            self.refuse(
                name,
                "wrong_type",
                f"must be a list of at most {most} texts of 1 to {longest} characters.",
            )
            return None
        return list(dict.fromkeys(value))

    def objects(self, name: str, most: int) -> list[Mapping[str, Any]]:
        """A list of 1 to `most` objects, which must be there."""
        value = self._body.get(name)
        if not self.given(name):
            self.refuse(name, "required", "is missing.")
        elif not isinstance(value, list) or not 1 <= len(value) <= most:
            self.refuse(name, "wrong_type", f"must be a list of 1 to {most} objects.")
        else:
            for place, each in enumerate(value):
                if not isinstance(each, dict):
                    self.refuse(f"{name}[{place}]", "wrong_type", "must be an object.")
            return value
        return []

    def inner(self, name: str, known: Iterable[str]) -> Fields | None:
        """The fields of an object in it; what is wrong there is told with the rest."""
        if not self.given(name):
            return None
        value = self._body[name]
        if not isinstance(value, dict):
            self.refuse(name, "wrong_type", "must be an object.")
            return None
        fields = Fields(value, known, f"{self._within}{name}.")
        self._wrong += fields._wrong
        fields._wrong = self._wrong
        return fields

    def moment(self, name: str) -> datetime | None:
        """A moment such as 2026-11-01T12:00:00Z."""
        if not self.given(name):
            return None
        value = self._body[name]
        found = moments.read(value) if isinstance(value, str) else None
        if found is None:
            self.refuse(name, "wrong_type", "must be a moment such as 2026-11-01T12:00:00Z.")
        return found

    def done(self) -> None:
        """Raises InvalidFields unless all that was read was right."""
        if self._wrong:
            raise InvalidFields(self._wrong)


def _is_line(value: object, longest: int) -> bool:
    return isinstance(value, str) and value.isprintable() and 1 <= len(value) <= longest
