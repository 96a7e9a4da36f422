"""Lists in pages: `limit` and the cursor `after` in, `data`, `has_more` and `next` out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from kling_saas.api.errors import InvalidQuery

LIMIT_DEFAULT, LIMIT_MAX = 20, 100
_ID = re.compile(r"[A-Za-z0-9_:-]{0,80}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which page: at most `limit` items (1–100) after the item with the id `after`."""

    limit: int
    after: str


def paged(*filters: str) -> dict[str, tuple[str, ...]]:
    """The parameters that an address with such a list takes: an endpoint's `takes`."""
    return {"GET": ("limit", "after", *filters)}


def wanted(request: HttpRequest) -> Wanted:
    """The page a request asks for. Raises InvalidQuery."""
    limit, after = request.GET.get("limit", str(LIMIT_DEFAULT)), request.GET.get("after", "")
    fits = limit.isascii() and limit.isdigit() and len(limit) <= 4
    if not fits or not 1 <= int(limit) <= LIMIT_MAX:
        raise InvalidQuery("limit", f"limit must be a whole number from 1 to {LIMIT_MAX}.")
    if not _ID.fullmatch(after):
        raise InvalidQuery("after", "after must be the id of the last item of the page before.")
    return Wanted(int(limit), after)


def named(request: HttpRequest, name: str) -> str:
    """The id in a parameter; empty where there is none. Raises InvalidQuery."""
    value = request.GET.get(name, "")
    if not _ID.fullmatch(value):
        raise InvalidQuery(name, f"{name} must be an id.")
    return value


def as_json(data: list[dict[str, Any]], following: str | None) -> dict[str, Any]:
    """A page as the API shows it; `next` goes into `after` of the next request."""
    return {"object": "list", "data": data, "has_more": following is not None, "next": following}
