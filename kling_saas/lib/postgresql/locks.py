"""Locks under a name, for what no row of a table stands for."""

from __future__ import annotations

from django.db import connection


def hold(name: str) -> None:
    """Until the transaction's end nobody else holds `name`; waits for whoever does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
