"""The sandbox's database: every object as the JSON that is answered, in one SQLite file.

Fields whose names begin with an underscore are the sandbox's own and are never answered.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

Doc = dict[str, Any]
Test = tuple[str, str, Any]  # a JSON path, a comparison, a value

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, object TEXT NOT NULL,
    created INTEGER NOT NULL, body TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (object, seq);
CREATE INDEX IF NOT EXISTS objects_by_customer
    ON objects (object, json_extract(body, '$.customer'));
CREATE INDEX IF NOT EXISTS objects_by_status ON objects (object, json_extract(body, '$.status'));
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS replies (
    key TEXT PRIMARY KEY, asked TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
    at REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS replies_by_time ON replies (at);
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, endpoint TEXT NOT NULL,
    due REAL NOT NULL, tries INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL, answer TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS deliveries_by_event ON deliveries (event);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (state, due);
"""
_COLUMNS = {
    "created": "created",
    "id": "id",
    "@undelivered": "(SELECT count(*) FROM deliveries "
    "WHERE event = objects.id AND state != 'done')",
}
_SIGNS = frozenset({"=", "!=", "<", "<=", ">", ">=", "GLOB", "IN", "IS"})


class Store:
    """All reading and writing of the file. Used from one thread."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        # Survives the death of the process; only a power cut could cost the last moments.
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block is done, or nothing of it."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def put(self, doc: Doc) -> None:
        """Write the object, as new or over its older self."""
        self._db.execute(
            "INSERT INTO objects (id, object, created, body) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            (doc["id"], doc["object"], doc.get("created", 0), json.dumps(doc)),
        )

    def get(self, name: str) -> Doc | None:
        """The object of this id, also a deleted one."""
        row = self._db.execute("SELECT body FROM objects WHERE id = ?", (name,)).fetchone()
        return None if row is None else json.loads(row["body"])

    def find(self, kind: str, *tests: Test, newest_first: bool = False) -> list[Doc]:
        """The objects of a kind that pass all tests, oldest first unless told otherwise."""
        where, values = _where(kind, tests)
        order = "DESC" if newest_first else "ASC"
        rows = self._db.execute(
            f"SELECT body FROM objects WHERE {where} ORDER BY seq {order}",  # noqa: S608
            values,
        )
        return [json.loads(row["body"]) for row in rows]

    def page(
        self, kind: str, tests: Sequence[Test], *, limit: int, after: str | None, before: str | None
    ) -> tuple[list[Doc], bool]:
        """A page, newest first, and whether there is more in the direction asked for."""
        where, values = _where(kind, tests)
        if after or before:
            sign = "<" if after else ">"
            where += f" AND seq {sign} (SELECT seq FROM objects WHERE id = ?)"  # noqa: S608
            values = [*values, after or before]
        order = "ASC" if before else "DESC"
        rows = self._db.execute(
            f"SELECT body FROM objects WHERE {where} ORDER BY seq {order} LIMIT ?",  # noqa: S608
            [*values, limit + 1],
        ).fetchall()
        found = [json.loads(row["body"]) for row in rows[:limit]]
        return (found[::-1] if before else found), len(rows) > limit

    def fact(self, name: str, usual: Any = None) -> Any:
        """What was noted under a name."""
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return usual if row is None else json.loads(row["value"])

    def note(self, name: str, value: Any) -> None:
        """Note a fact under a name."""
        self._db.execute(
            "INSERT INTO facts VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
            (name, json.dumps(value)),
        )

    def reply(self, key: str) -> sqlite3.Row | None:
        """What was answered to an idempotency key: asked, status, body."""
        found: sqlite3.Row | None = self._db.execute(
            "SELECT asked, status, body FROM replies WHERE key = ?", (key,)
        ).fetchone()
        return found

    def keep_reply(self, key: str, asked: str, status: int, body: str, at: float) -> None:
        """Keep an answer for its key."""
        row = (key, asked, status, body, at)
        self._db.execute("INSERT INTO replies VALUES (?, ?, ?, ?, ?)", row)

    def forget_replies(self, before: float) -> None:
        """Forget the answers kept before that time."""
        self._db.execute("DELETE FROM replies WHERE at < ?", (before,))

    def owe(self, event: str, endpoint: str, due: float, state: str = "waiting") -> None:
        """An event is to be told to an endpoint at that time."""
        self._db.execute(
            "INSERT INTO deliveries (event, endpoint, due, state) VALUES (?, ?, ?, ?)",
            (event, endpoint, due, state),
        )

    def owed(self, now: float, limit: int = 50) -> list[sqlite3.Row]:
        """The deliveries that are due, in the order to send them."""
        return self._db.execute(
            "SELECT seq, event, endpoint, tries FROM deliveries "
            "WHERE state = 'waiting' AND due <= ? ORDER BY due, seq LIMIT ?",
            (now, limit),
        ).fetchall()

    def delivered(self, seq: int, state: str, answer: str, due: float) -> None:
        """How a try of a delivery ended, and when the next one is if its state is `waiting`."""
        self._db.execute(
            "UPDATE deliveries SET tries = tries + 1, state = ?, answer = ?, due = ? WHERE seq = ?",
            (state, answer, due, seq),
        )

    def undelivered(self, event: str) -> int:
        """How many deliveries of an event have not been taken."""
        row = self._db.execute(
            "SELECT count(*) AS n FROM deliveries WHERE event = ? AND state != 'done'", (event,)
        ).fetchone()
        return int(row["n"])

    def counts(self, table: str, column: str) -> dict[str, int]:
        """How many rows of `objects` or `deliveries` there are by a column's value."""
        rows = self._db.execute(
            f"SELECT {column} AS name, count(*) AS n FROM {table} GROUP BY {column} ORDER BY 1"  # noqa: S608
        )
        return {row["name"]: row["n"] for row in rows}

    def total(self, kind: str, path: str, *tests: Test) -> int:
        """The sum of a number over the objects of a kind that pass all tests."""
        where, values = _where(kind, tests)
        row = self._db.execute(
            f"SELECT coalesce(sum(json_extract(body, '$.{path}')), 0) AS n "  # noqa: S608
            f"FROM objects WHERE {where}",
            values,
        ).fetchone()
        return int(row["n"])

    def events_by_type(self) -> dict[str, int]:
        """How many events of each type there are."""
        rows = self._db.execute(
            "SELECT json_extract(body, '$.type') AS name, count(*) AS n FROM objects "
            "WHERE object = 'event' GROUP BY 1 ORDER BY 1"
        )
        return {row["name"]: row["n"] for row in rows}


def _where(kind: str, tests: Sequence[Test]) -> tuple[str, list[Any]]:
    """The condition and its values; comparisons are ours, never a caller's words."""
    parts, values = ["object = ?"], [kind]
    for path, sign, value in tests:
        if sign not in _SIGNS:
            raise ValueError(sign)
        # Written out, so that the indexes on such expressions serve.
        column = _COLUMNS.get(path) or f"json_extract(body, '$.{path}')"
        if sign == "IN":
            parts.append(f"{column} IN ({', '.join('?' for _ in value)})")
            values.extend(value)
        else:
            parts.append(f"{column} {sign} ?")
            values.append(value)
    return " AND ".join(parts), values
