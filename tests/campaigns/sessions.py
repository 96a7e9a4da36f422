"""Database sessions that are lent again, as a pooler does: a new one costs a cold server process.

Who closes its session, or is killed with it, leaves nothing of it behind but what it prepared: what
is open is rolled back, and locks and settings are forgotten.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.pq import ConnStatus, TransactionStatus

# DISCARD ALL, except that prepared statements stay: making them anew is a sixth of the work.
_FORGET = """
CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *;
SELECT pg_advisory_unlock_all(); DISCARD SEQUENCES; DISCARD TEMP
"""
_free: list[psycopg.Connection[Any]] = []


def lend_again() -> None:
    """From now on, in this process. After django.setup()."""
    from kling_saas.lib.postgresql.base import DatabaseWrapper

    begin = DatabaseWrapper.get_new_connection

    def get_new_connection(self: Any, parameters: dict[str, Any]) -> Any:
        new = begin(self, parameters) if not _free else None
        return new or _free.pop()

    def _close(self: Any) -> None:
        if self.connection is not None:
            _take_back(self.connection)

    # Django's own methods, which it does not declare.
    setattr(DatabaseWrapper, "get_new_connection", get_new_connection)  # noqa: B010
    setattr(DatabaseWrapper, "_close", _close)  # noqa: B010


def forget() -> None:
    """In a forked child: they are the parent's."""
    _free.clear()


def end() -> None:
    """Close those that nobody has."""
    while _free:
        _free.pop().close()


def _take_back(session: psycopg.Connection[Any]) -> None:
    status = session.info.transaction_status
    if session.info.status != ConnStatus.OK or status == TransactionStatus.ACTIVE:
        session.close()
        return
    session.rollback()
    session.autocommit = True
    session.execute(_FORGET)
    _free.append(session)
