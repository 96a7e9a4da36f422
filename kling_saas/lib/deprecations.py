"""What of the API is going away, since when it is said, and when it ends, as a setting names it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

SHAPE = "/path 2026-12-01 2027-06-01 https://… (deprecated on; sunset on, or -; link, if any)"
_PATH = re.compile(r"/[\w./-]*", re.ASCII)


class Unreadable(ValueError):
    """It is not written in that SHAPE; the message is the part."""


@dataclass(frozen=True, slots=True)
class Deprecation:
    """All addresses at `prefix` and below; dates begin at midnight UTC. No sunset: no end yet."""

    prefix: str
    since: datetime
    sunset: datetime | None
    link: str

    def covers(self, path: str) -> bool:
        """Whether the path lies there."""
        return path == self.prefix or path.startswith(f"{self.prefix.rstrip('/')}/")


def read(parts: Iterable[str]) -> list[Deprecation]:
    """Those that a setting names. Raises Unreadable."""
    return [_one(part) for part in parts]


def of(path: str, known: Sequence[Deprecation]) -> Deprecation | None:
    """The one with the longest prefix that covers the path."""
    fit = [each for each in known if each.covers(path)]
    return max(fit, key=lambda each: len(each.prefix)) if fit else None


def _one(part: str) -> Deprecation:
    words = part.split()
    if not 2 <= len(words) <= 4:
        raise Unreadable(part)
    prefix, since, sunset, link = [*words, *("-", "")[len(words) - 2 :]]
    try:
        begins, ends = _midnight(since), None if sunset == "-" else _midnight(sunset)
    except ValueError:
        raise Unreadable(part) from None
    in_order = ends is None or begins <= ends
    web = not link or link.startswith(("https://", "http://"))
    if not in_order or not web or not _PATH.fullmatch(prefix):
        raise Unreadable(part)
    return Deprecation(prefix, begins, ends, link)


def _midnight(date: str) -> datetime:
    return datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=UTC)
