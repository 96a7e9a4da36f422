"""Pages of rows behind a cursor: what is shown, and the name that the next page begins after."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)


def first(
    rows: QuerySet[Row],
    limit: int,
    id_of: Callable[[Row], str] = attrgetter("public_id"),
) -> tuple[list[Row], str | None]:
    """The first `limit` of the ordered rows, and the id of the last of them when more follow."""
    found = list(rows[: limit + 1])
    return found[:limit], id_of(found[limit - 1]) if len(found) > limit else None
