"""Credentials that proved good a moment ago, so that a busy program costs no look-up per request.

What is remembered here holds until any credential or organisation changes: the database counts
those changes, and each process reads the count again after CREDENTIAL_RECHECK_SECONDS. So a
revoked key works for that long at most, and a key nobody touched is looked up every ten minutes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts.actors import Actor

_KEPT_SECONDS = 600.0  # afterwards looked up again, which also notes that it is in use
_MOST = 20_000  # about 15 MB
Row = Mapping[str, Any]  # a credential's columns by their names


@dataclass(slots=True)
class _Memory:
    rows: dict[Hashable, tuple[float, datetime | None, Row]] = field(default_factory=dict)
    changes: int = -1
    read_at: float = float("-inf")


_memory = _Memory()


def row(name: Hashable, look_up: Callable[[], Row | None]) -> Row | None:
    """The database's row for credential `name`; its `expires_at` is when it ends, or None.

    `look_up` is asked for what is not remembered. None is never remembered, nor what is read
    inside a transaction, which may yet be undone.
    """
    if connection.in_atomic_block:
        return look_up()
    now = time.monotonic()
    _forget_if_changed(now)
    rows = _memory.rows
    kept = rows.get(name)
    if kept is not None and kept[0] > now and (kept[1] is None or kept[1] > timezone.now()):
        return kept[2]
    found = look_up()
    if found is not None:
        if len(rows) >= _MOST:
            rows.clear()
        rows[name] = (now + _KEPT_SECONDS, found["expires_at"], found)
    return found


def read(query: str, asked: Sequence[str | bytes]) -> Row | None:
    """The one row that a function of the database finds, if it finds one."""
    with connection.cursor() as cursor:
        cursor.execute(query, asked)
        found = cursor.fetchone()
        names = [column.name for column in cursor.description]
    return dict(zip(names, found, strict=True)) if found else None


def actor_of(row: Row, **credential: Any) -> Actor:
    """Who uses a credential: what the rows of all kinds say, and the `credential` itself."""
    return Actor(
        organisation_id=row["organisation_id"],
        livemode=row["livemode"],
        suspended=row["suspended"],
        scopes=frozenset(row["scopes"]),
        allowed_models=frozenset(row["allowed_models"]),
        allowed_networks=tuple(row["allowed_networks"]),
        key_rate=row["key_rate"],
        organisation_rate=row["organisation_rate"],
        **credential,
    )


def forget() -> None:
    """Forget all at once: this process has changed a credential. In a transaction, once that is
    committed; before, another thread would read what is still so, and remember it.
    """
    transaction.on_commit(_forget)


def _forget() -> None:
    _memory.read_at = float("-inf")


def _forget_if_changed(now: float) -> None:
    """The count is read before any look-up that it vouches for, so no change falls between."""
    if now - _memory.read_at < settings.CREDENTIAL_RECHECK_SECONDS:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT changes FROM accounts_credential_changes")
        changes = cursor.fetchone()[0]
    if changes != _memory.changes:
        _memory.rows = {}
        _memory.changes = changes
    _memory.read_at = now
