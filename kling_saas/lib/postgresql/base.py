"""The backend that settings.DATABASES names: health checks, prepared calls, quick beginnings.

Django asks a kept connection `SELECT 1` before each request. A server that has gone away has
closed the socket, which the system knows without a round trip.
"""

from __future__ import annotations

import select
from collections.abc import Sequence
from typing import Any, cast

import psycopg
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.backends.postgresql import base
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus


class NoDatabase(ImproperlyConfigured):
    """DATABASE_URL is not set; the message says what to do."""


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection. `connections` holds one per thread."""

    def get_connection_params(self) -> dict[str, Any]:
        """As Django's. Raises NoDatabase."""
        if not self.settings_dict["NAME"]:
            raise NoDatabase(
                "there is no database: set DATABASE_URL, and DATABASE_OWNER_URL for migrations, "
                "in the environment or .env (`make run` brings a database of its own: where it was "
                "given a VAR, give the same one here)"
            )
        return dict(super().get_connection_params())

    def is_usable(self) -> bool:
        """Whether the kept connection still answers.

        Nothing is sent to an idle client but the news that the connection ends (or a notice):
        with nothing to read it is open; otherwise the server is asked.
        """
        if self.connection is None or self.connection.closed:  # a query may have found it so
            return False
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN)
        return not poll.poll(0) or bool(super().is_usable())

    def fetch_one(self, statement: str, arguments: Sequence[Any]) -> tuple[Any, ...] | None:
        """The first row of a statement whose values travel apart from it, and which PostgreSQL
        therefore keeps prepared (DATABASE_PREPARE). Raises Django's errors.
        """
        self.close_if_health_check_failed()
        self.ensure_connection()
        session: psycopg.Connection[Any] = self.connection
        # Otherwise it stays as Django sets it: whatever may be prepared is counted by its text.
        session.prepare_threshold = 0 if settings.DATABASE_PREPARE else None
        try:
            with self.wrap_database_errors, psycopg.Cursor(session) as cursor:
                return cursor.execute(statement, arguments).fetchone()
        finally:
            session.prepare_threshold = None

    def begin_with(self, statement: str) -> bool:
        """Send BEGIN and the transaction's first statement in one round trip.

        Needs an atomic block. False when something was sent in it before: then nothing is sent
        now. The statement takes no values, and its rows are lost. Raises Django's errors.
        """
        session: psycopg.Connection[Any] = self.connection
        if session.info.transaction_status != TransactionStatus.IDLE:
            return False
        with self.wrap_database_errors:
            result = session.pgconn.exec_(f"BEGIN; {statement}".encode())
            if session.pgconn.status != ConnStatus.OK:
                raise psycopg.OperationalError(session.pgconn.get_error_message())
            if result.status != ExecStatus.TUPLES_OK:
                raise psycopg.errors.error_from_result(result, encoding=session.info.encoding)
        return True


def begin_with(statement: str) -> bool:
    """`DatabaseWrapper.begin_with` of this thread's connection."""
    return cast("DatabaseWrapper", connection).begin_with(statement)


def fetch_one(statement: str, arguments: Sequence[Any]) -> tuple[Any, ...] | None:
    """`DatabaseWrapper.fetch_one` of this thread's connection."""
    return cast("DatabaseWrapper", connection).fetch_one(statement, arguments)
