"""Moments as every answer writes them, and as every request may."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import overload

_DAY = len("2026-11-01T")
_LONGEST = len("2026-11-01T12:00:00.000000+00:00:00.000000")


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


def read(text: str, *, unzoned: tzinfo | None = None) -> datetime | None:
    """The moment that an ISO 8601 text names, or None; one without a zone is in `unzoned`, or none.

    A plus sign that nobody escaped arrives as a space.
    """
    if len(text) > _LONGEST:
        return None
    try:
        found = datetime.fromisoformat(text[:_DAY] + text[_DAY:].replace(" ", "+"))
        zone = found.tzinfo or unzoned
        return found.replace(tzinfo=zone).astimezone(UTC) if zone else None
    except (ValueError, OverflowError):
        return None
