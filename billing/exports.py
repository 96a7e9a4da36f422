"""The ledger as a file, CSV or JSON, written as it is read: no length of it is too long."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from billing import entries
from billing.entries import Entry
from billing.filters import Wanted
from billing.naming import Names
from kling_saas.lib.moments import iso
from kling_saas.lib.sheets import written

COLUMNS = (
    "id", "time", "type", "amount", "balance_after", "reserved_after", "pending_after",
    "generation", "lot", "reference", "actor", "reason",
)  # fmt: skip


def csv_of(organisation_id: int, livemode: bool, wanted: Wanted) -> Iterator[str]:
    """The entries that `wanted` lets through, oldest first, in pieces; a line of names first."""
    names = Names(organisation_id)
    yield written([COLUMNS])
    for batch in entries.every(organisation_id, livemode, wanted):
        known = names.of(entry.actor for entry in batch)
        yield written(_row(entry, known[entry.actor]).values() for entry in batch)


def json_of(organisation_id: int, livemode: bool, wanted: Wanted) -> Iterator[str]:
    """The same as one JSON list, as the API shows a page."""
    names = Names(organisation_id)
    between = ""
    yield '{"object": "list", "data": ['
    for batch in entries.every(organisation_id, livemode, wanted):
        known = names.of(entry.actor for entry in batch)
        yield between + ", ".join(json.dumps(_row(e, known[e.actor])) for e in batch)
        between = ", "
    yield "]}\n"


def moment(entry: Entry) -> str:
    """When it was posted, UTC."""
    return iso(entry.created_at)


def _row(entry: Entry, actor: str) -> dict[str, Any]:
    values: Sequence[Any] = (
        entry.id, moment(entry), entry.type, entry.amount, entry.balance_after,
        entry.reserved_after, entry.pending_after, entry.generation, entry.lot, entry.reference,
        actor, entry.reason,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))
