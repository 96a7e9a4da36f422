"""Parameters of an address that several lists take."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from kling_saas.api.errors import InvalidQuery

DAY = re.compile(r"[12]\d{3}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(r"[12]\d{3}-\d\d-\d\d[T ]\d\d:\d\d", re.ASCII)


def moment(asked: Mapping[str, str], name: str) -> datetime | None:
    """A day or a moment, in UTC unless it says otherwise; None without one. Raises InvalidQuery.

    `to` as a day is that whole day: the begin of the next one.
    """
    value = asked.get(name, "").strip()
    if not value:
        return None
    try:
        if DAY.fullmatch(value):
            day = datetime.fromisoformat(value).replace(tzinfo=UTC)
            return day + timedelta(days=1) if name == "to" else day
        if _MOMENT.match(value):
            # A plus sign that nobody escaped arrives as a space.
            found = datetime.fromisoformat(f"{value[:11]}{value[11:40].replace(' ', '+')}")
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # such as the 31st of April
    raise InvalidQuery(
        name, f"{name} must be a day such as 2026-11-30, or a moment such as 2026-11-30T12:00:00Z."
    )
