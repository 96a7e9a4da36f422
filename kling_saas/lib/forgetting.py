"""Deleting what is old a part at a time, so that no statement is long or holds many rows."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

_AT_ONCE = 5000  # rows
FORGET_SECONDS = 3.0  # in which a table's sweep begins batches, to keep up with its writers


def forget(old: QuerySet[Any], *, by: str) -> int:
    """Delete a batch of these rows, the first by that column; how many. Needs a scope of them."""
    batch = list(old.order_by(by).values_list("pk", flat=True)[:_AT_ONCE])
    old.model._default_manager.filter(pk__in=batch).delete()  # noqa: SLF001 - documented by Django
    return len(batch)
