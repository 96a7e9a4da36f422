"""Parameters of an address that several lists take."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from kling_saas.api.errors import InvalidQuery
from kling_saas.api.fields import InvalidFields
from kling_saas.lib import moments

DAY = re.compile(r"[12]\d{3}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(r"[12]\d{3}-\d\d-\d\d[T ]\d\d:\d\d", re.ASCII)
_ENTRY = re.compile(r"\[.*\]$", re.DOTALL)
_NAME_MAX = 60  # characters that are told of a name
_MOST_TOLD = 20


def must_be(asked: Iterable[str], known: Collection[str]) -> None:
    """Raises InvalidFields for names that no parameter of the address has: passed over, a filter
    that was misspelt would answer more than was asked for.

    A known `metadata[key]` stands for every key.
    """
    wrong = [name for name in asked if _ENTRY.sub("[key]", name) not in known][:_MOST_TOLD]
    if wrong:
        takes = f"takes {', '.join(known)}" if known else "takes none: fields go into the body"
        raise InvalidFields([_unknown(name[:_NAME_MAX], takes) for name in wrong])


def _unknown(name: str, takes: str) -> dict[str, str]:
    told = f"{name!r} is no parameter of this address, which {takes}."
    return {"field": name, "code": "unknown_field", "message": told}


def moment(asked: Mapping[str, str], name: str) -> datetime | None:
    """A day or a moment, in UTC unless it says otherwise; None without one. Raises InvalidQuery.

    `to` as a day is that whole day: the begin of the next one.
    """
    value = asked.get(name, "").strip()
    if not value:
        return None
    is_day = DAY.fullmatch(value) is not None
    if is_day or _MOMENT.match(value):
        found = moments.read(value, unzoned=UTC)
        if found:
            return found + timedelta(days=1) if is_day and name == "to" else found
    raise InvalidQuery(
        name, f"{name} must be a day such as 2026-11-30, or a moment such as 2026-11-30T12:00:00Z."
    )
