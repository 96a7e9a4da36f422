"""A clock that stands still until it is told: for the database, for Django and for our own code.

The database draws no lots either: `random()` is one half.

PostgreSQL's `now()` is found through the search path, so a schema before `pg_catalog` replaces it
for the application's role; the time itself is a file that this process has mapped, so that setting
it costs no round trip, and every session sees it at once.
"""

from __future__ import annotations

import datetime as dt
import mmap
from pathlib import Path

import psycopg

from kling_saas.run.postgres import APP, OWNER

EPOCH = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
_ZERO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_DIGITS = 20
# Reading a file is called stable here, so that these are planned like PostgreSQL's own: inlined,
# and good for an index.
_SCHEMA = """
ALTER FUNCTION pg_catalog.pg_read_file(text) STABLE;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) TO PUBLIC;
GRANT pg_read_server_files TO {roles};
CREATE SCHEMA virtual;
CREATE FUNCTION virtual.now() RETURNS timestamptz STABLE LANGUAGE sql AS $$
    SELECT timestamptz 'epoch' + pg_read_file({file})::bigint * interval '1 microsecond' $$;
CREATE FUNCTION virtual.statement_timestamp() RETURNS timestamptz STABLE LANGUAGE sql AS $$
    SELECT timestamptz 'epoch' + pg_read_file({file})::bigint * interval '1 microsecond' $$;
CREATE FUNCTION virtual.random() RETURNS float STABLE LANGUAGE sql AS 'SELECT 0.5::float';
GRANT USAGE ON SCHEMA virtual TO PUBLIC;
"""
_DEFINERS = """
SELECT oid::regprocedure::text FROM pg_proc
 WHERE pronamespace = 'public'::regnamespace AND proconfig::text LIKE '%search_path%'
"""


class Clock:
    """Microseconds since 1970, in memory that forked children and the database share."""

    def __init__(self) -> None:
        self._cell = mmap.mmap(-1, _DIGITS)
        self.set(EPOCH)

    def install(self, super_url: str, file: Path) -> None:
        """Put it before the database's own, for the application's sessions from now on.

        `file` is made; the server must be able to reach it.
        """
        file.write_bytes(bytes(self._cell))
        file.chmod(0o644)
        with file.open("r+b") as opened:
            self._cell = mmap.mmap(opened.fileno(), _DIGITS)
        with psycopg.connect(super_url, autocommit=True) as session:
            roles = f"{APP}, {OWNER}"  # the owner's functions tell the time as well
            session.execute(_SCHEMA.format(roles=roles, file=f"'{file}'").encode())
            path = "virtual, pg_catalog, public, pg_temp"
            session.execute(f"ALTER ROLE {APP} SET search_path = {path}")
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
        return _ZERO + int(self._cell[:]) * _MICROSECOND

    def set(self, moment: dt.datetime) -> None:
        """It is this moment now, for everybody."""
        self._cell[:] = b"%0*d" % (_DIGITS, (moment - _ZERO) // _MICROSECOND)

    def passes(self, seconds: float) -> None:
        """Time goes on."""
        self.set(self.now() + dt.timedelta(seconds=seconds))


CLOCK = Clock()
