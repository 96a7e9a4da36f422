"""Moments as every answer writes them, and as every request may."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload


@overload
def iso(moment: datetime) -> str: ...
@overload
def iso(moment: None) -> None: ...
@overload
def iso(moment: datetime | None) -> str | None: ...
def iso(moment: datetime | None) -> str | None:
    """In UTC to the microsecond: `2026-11-01T12:00:00.000000Z`; None stays None."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def read(text: str) -> datetime | None:
    """The moment that an ISO 8601 text with a zone names, or None.

    A plus sign that nobody escaped arrives as a space.
    """
    try:
        found = datetime.fromisoformat(text[:40].replace(" ", "+"))
        return found.astimezone(UTC) if found.tzinfo else None
    except (ValueError, OverflowError):
        return None
