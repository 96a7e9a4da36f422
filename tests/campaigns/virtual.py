"""A clock that stands still until it is told: for the database, for Django and for our own code.

The database draws no lots either: `random()` is one half.

PostgreSQL's `now()` is found through the search path, so a schema before `pg_catalog` replaces it
for the application's role; the time itself is a sequence, which every session sees at once.
"""

from __future__ import annotations

import datetime as dt
import mmap
import struct
from typing import Any

import psycopg
from psycopg import sql

EPOCH = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_SCHEMA = """
CREATE SCHEMA virtual;
CREATE SEQUENCE virtual.clock MINVALUE 0;
CREATE FUNCTION virtual.now() RETURNS timestamptz STABLE LANGUAGE sql AS
    'SELECT timestamptz ''epoch'' + last_value * interval ''1 microsecond'' FROM virtual.clock';
CREATE FUNCTION virtual.statement_timestamp() RETURNS timestamptz STABLE LANGUAGE sql AS
    'SELECT timestamptz ''epoch'' + last_value * interval ''1 microsecond'' FROM virtual.clock';
CREATE FUNCTION virtual.random() RETURNS float STABLE LANGUAGE sql AS 'SELECT 0.5::float';
GRANT USAGE ON SCHEMA virtual TO PUBLIC;
GRANT SELECT, UPDATE ON virtual.clock TO PUBLIC;
"""
_DEFINERS = """
SELECT oid::regprocedure::text FROM pg_proc
 WHERE pronamespace = 'public'::regnamespace AND proconfig::text LIKE '%search_path%'
"""


class Clock:
    """Microseconds since 1970, in memory that forked children share."""

    def __init__(self) -> None:
        self._cell = mmap.mmap(-1, 8)
        self._session: psycopg.Connection[Any] | None = None
        self._url = ""
        self.set(EPOCH)

    def install(self, super_url: str, role: str) -> None:
        """Put it before the database's own, for sessions of `role` that begin from now on."""
        self._url = super_url
        with psycopg.connect(super_url, autocommit=True) as session:
            session.execute(_SCHEMA)
            path = "virtual, pg_catalog, public, pg_temp"
            session.execute(f"ALTER ROLE {role} SET search_path = {path}")
            # What a crash of the machine would lose is no part of these trials.
            session.execute(f"ALTER ROLE {role} SET synchronous_commit = off")
            for (signature,) in session.execute(_DEFINERS).fetchall():
                session.execute(f"ALTER FUNCTION {signature} SET search_path = {path}")
        self.set(EPOCH)

    def replace_djangos(self) -> None:
        """`timezone.now` and every field default that is it. After django.setup()."""
        from django.apps import apps
        from django.utils import timezone

        before = timezone.now
        timezone.now = self.now
        for model in apps.get_models():
            for field in model._meta.fields:
                if field.default is before:
                    field.default = self.now
                    field.__dict__.pop("_get_default", None)

    def now(self) -> dt.datetime:
        """The present moment, UTC."""
        return dt.datetime.fromtimestamp(0, dt.UTC) + self._micros() * _MICROSECOND

    def set(self, moment: dt.datetime) -> None:
        """It is this moment now, for everybody."""
        micros = (moment - dt.datetime.fromtimestamp(0, dt.UTC)) // _MICROSECOND
        self._cell[:] = struct.pack("q", micros)
        if self._url:
            if self._session is None or self._session.closed:
                self._session = psycopg.connect(self._url, autocommit=True)
            self._session.execute(sql.SQL("SELECT setval('virtual.clock', %s)"), [micros])

    def passes(self, seconds: float) -> None:
        """Time goes on."""
        self.set(self.now() + dt.timedelta(seconds=seconds))

    def forked(self) -> None:
        """In a child: the parent's session is not ours to use."""
        self._session = None

    def _micros(self) -> int:
        return int(struct.unpack("q", self._cell[:])[0])


CLOCK = Clock()
