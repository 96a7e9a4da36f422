"""The vendors' own database: every task the sandbox ever took, in one SQLite file.

A task's state is not stored but follows from the clock, so nothing is lost when the sandbox is
killed and nothing has to be mended when it starts again.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path
from typing import Any

from generations.catalogue.params import Params
from generations.catalogue.products.registry import PRODUCTS
from generations.sandbox import faults

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tasks (
    id TEXT PRIMARY KEY, dialect TEXT NOT NULL, account TEXT NOT NULL, kind TEXT NOT NULL,
    external_id TEXT, label TEXT NOT NULL, params TEXT NOT NULL, prompt TEXT NOT NULL,
    film TEXT NOT NULL,
    callback_url TEXT, created_ms INTEGER NOT NULL, started_ms INTEGER NOT NULL,
    ready_ms INTEGER, rendered_ms INTEGER, broken TEXT NOT NULL DEFAULT '',
    told INTEGER NOT NULL DEFAULT 0, refused_links INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS tasks_by_account ON tasks (account, created_ms);
CREATE INDEX IF NOT EXISTS tasks_by_label ON tasks (dialect, account, label);
CREATE INDEX IF NOT EXISTS tasks_to_render ON tasks (film) WHERE rendered_ms IS NULL;
CREATE INDEX IF NOT EXISTS tasks_to_tell ON tasks (told) WHERE callback_url IS NOT NULL;
CREATE TABLE IF NOT EXISTS asked (
    dialect TEXT NOT NULL, account TEXT NOT NULL, label TEXT NOT NULL, times INTEGER NOT NULL,
    PRIMARY KEY (dialect, account, label)
) STRICT;
CREATE TABLE IF NOT EXISTS bills (
    task TEXT PRIMARY KEY, dialect TEXT NOT NULL, account TEXT NOT NULL, milliunits INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS bills_by_account ON bills (account, dialect);
CREATE TABLE IF NOT EXISTS deleted (thing TEXT PRIMARY KEY) STRICT;
CREATE TABLE IF NOT EXISTS weather (kind TEXT PRIMARY KEY, times INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS ended (weather TEXT PRIMARY KEY) STRICT;
CREATE TABLE IF NOT EXISTS secret (value BLOB NOT NULL) STRICT;
"""
_ONCE = """
CREATE UNIQUE INDEX IF NOT EXISTS external_id_is_unique ON tasks (dialect, account, external_id)
    WHERE external_id IS NOT NULL;
"""
_REPEATS = """
DROP INDEX IF EXISTS external_id_is_unique;
CREATE INDEX IF NOT EXISTS tasks_by_external_id ON tasks (dialect, account, external_id);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One task as stored. Times are Unix milliseconds; `ready_ms` None: it never will be.

    `rendered_ms` is when its film was there, `broken` why it cannot be; `told` the rank of the
    last state called back; `refused_links` how often a link of it was refused as expired;
    `label` what creates are counted by.
    """

    id: str
    dialect: str
    account: str
    kind: str
    external_id: str | None
    label: str
    params: str
    prompt: str
    film: str
    callback_url: str | None
    created_ms: int
    started_ms: int
    ready_ms: int | None
    rendered_ms: int | None = None
    broken: str = ""
    told: int = 0
    refused_links: int = 0

    @property
    def order(self) -> Params:
        """The film as ordered."""
        return Params.from_json(json.loads(self.params))

    @property
    def outputs(self) -> tuple[str, ...]:
        """What it makes: `video`, `audio`, `facts`."""
        product = PRODUCTS.get(self.kind)
        return product.outputs if product else ("video",)

    @property
    def script(self) -> faults.Script:
        """What the prompt asks to go wrong."""
        return faults.read(self.prompt)


_COLUMNS = tuple(field.name for field in fields(Record))


class Taken(Exception):
    """The account already has a task with this external id."""


class Store:
    """All reading and writing of the file. Used from one thread.

    `repeats`: an external id that an account has used makes one more task; else it is Taken.
    """

    def __init__(self, path: Path, *, repeats: bool = False) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        # Survives the death of the process; only a power cut could cost the last moments.
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_SCHEMA + (_REPEATS if repeats else _ONCE))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def secret(self) -> bytes:
        """The key that signs film links, made once per file."""
        row = self._db.execute("SELECT value FROM secret").fetchone()
        if row is None:
            self._db.execute("INSERT INTO secret VALUES (?)", (secrets.token_bytes(32),))
            return self.secret()
        return bytes(row["value"])

    def count_try(self, dialect: str, account: str, label: str) -> int:
        """Count a create under its label (external id or prompt); how many that makes."""
        row = self._db.execute(
            "INSERT INTO asked VALUES (?, ?, ?, 1) "
            "ON CONFLICT DO UPDATE SET times = times + 1 RETURNING times",
            (dialect, account, label),
        ).fetchone()
        return int(row["times"])

    def tries(self, dialect: str, account: str, order: str) -> int:
        """How many creates were counted under labels that are `order`, a hyphen and a number."""
        row = self._db.execute(
            "SELECT coalesce(sum(times), 0) AS n FROM asked WHERE dialect = ? AND account = ? "
            "AND label GLOB ? || '-*' AND NOT substr(label, length(?) + 2) GLOB '*[^0-9]*'",
            (dialect, account, order, order),
        ).fetchone()
        return int(row["n"])

    def add(self, record: Record, units: Decimal) -> None:
        """Store a new task and what it takes if it succeeds. Raises Taken."""
        if not record.script.has("failed"):  # a bill without a task, after a crash, is none
            bill = (record.id, record.dialect, record.account, int(units * 1000))
            self._db.execute("INSERT INTO bills VALUES (?, ?, ?, ?)", bill)
        values = [getattr(record, name) for name in _COLUMNS]
        marks = ", ".join("?" for _ in _COLUMNS)
        try:
            self._db.execute(f"INSERT INTO tasks ({', '.join(_COLUMNS)}) VALUES ({marks})", values)  # noqa: S608
        except sqlite3.IntegrityError as refusal:
            raise Taken(record.external_id) from refusal

    def billed(self, account: str, dialects: str, until_ms: int) -> Decimal:
        """Official units of the tasks that had succeeded by then; `dialects` is a GLOB."""
        row = self._db.execute(
            "SELECT coalesce(sum(milliunits), 0) AS n FROM bills JOIN tasks ON tasks.id = task "
            "WHERE bills.account = ? AND bills.dialect GLOB ? AND broken = '' "
            "AND max(ready_ms, rendered_ms) <= ?",
            (account, dialects, until_ms),
        ).fetchone()
        return Decimal(int(row["n"])) / 1000

    def find(self, dialect: str, account: str, name: str) -> Record | None:
        """The account's task of this id or external id."""
        found = self._select(
            "dialect = ? AND account = ? AND (id = ? OR external_id = ?) ORDER BY id = ? DESC",
            (dialect, account, name, name, name),
        )
        return next(found, None)

    def get(self, task_id: str) -> Record | None:
        """The task of this id, whoever's it is."""
        return next(self._select("id = ?", (task_id,)), None)

    def page(self, account: str, dialect: str, kind: str, page: int, size: int) -> list[Record]:
        """A page of the account's tasks, newest first; `page` counts from 1."""
        where = (
            "account = ? AND dialect = ? AND kind = ? ORDER BY created_ms DESC, id LIMIT ? OFFSET ?"
        )
        return list(self._select(where, (account, dialect, kind, size, (page - 1) * size)))

    def unfinished(self, account: str, now_ms: int) -> int:
        """How many of the account's tasks have not come to an end."""
        row = self._db.execute(
            "SELECT count(*) AS n FROM tasks "
            "WHERE account = ? AND (ready_ms IS NULL OR ready_ms > ?)",
            (account, now_ms),
        ).fetchone()
        return int(row["n"])

    def to_render(self) -> list[Record]:
        """One task for every film that is owed and not there."""
        return list(self._select("rendered_ms IS NULL GROUP BY film", ()))

    def to_tell(self) -> list[Record]:
        """The tasks with a callback address that have not been told their end."""
        return list(self._select("callback_url IS NOT NULL AND told < 3", ()))

    def rendered(self, film: str, at_ms: int, broken: str = "") -> None:
        """The film is there (or cannot be made, and why), for all tasks that wait for it."""
        self._db.execute(
            "UPDATE tasks SET rendered_ms = ?, broken = ? WHERE film = ? AND rendered_ms IS NULL",
            (at_ms, broken, film),
        )

    def told(self, task_id: str, rank: int) -> None:
        """The state of this rank was called back."""
        self._db.execute("UPDATE tasks SET told = ? WHERE id = ?", (rank, task_id))

    def refuse_link(self, task_id: str) -> None:
        """A link of the task was refused as expired."""
        self._db.execute(
            "UPDATE tasks SET refused_links = refused_links + 1 WHERE id = ?", (task_id,)
        )

    def delete(self, thing: str) -> bool:
        """A voice or element is gone, by its id; False when it was before."""
        done = self._db.execute("INSERT INTO deleted VALUES (?) ON CONFLICT DO NOTHING", (thing,))
        return done.rowcount == 1

    def is_deleted(self, thing: str) -> bool:
        """Whether that voice or element was deleted."""
        found = self._db.execute("SELECT 1 FROM deleted WHERE thing = ?", (thing,))
        return found.fetchone() is not None

    def struck(self, kind: str) -> None:
        """A fault of the weather struck once more."""
        self._db.execute(
            "INSERT INTO weather VALUES (?, 1) ON CONFLICT DO UPDATE SET times = times + 1", (kind,)
        )

    def weather(self) -> dict[str, int]:
        """How often each fault of the weather struck."""
        rows = self._db.execute("SELECT kind, times FROM weather ORDER BY kind")
        return {row["kind"]: row["times"] for row in rows}

    def end(self, weather: str) -> None:
        """Such weather is over, also after a restart."""
        self._db.execute("INSERT OR IGNORE INTO ended VALUES (?)", (weather,))

    def has_ended(self, weather: str) -> bool:
        """Whether such weather was ended."""
        found = self._db.execute("SELECT 1 FROM ended WHERE weather = ?", (weather,))
        return found.fetchone() is not None

    def audit(self) -> list[dict[str, Any]]:
        """How often each create was asked for, and how many tasks it made."""
        rows = self._db.execute(
            "SELECT dialect, account, label, times AS asked, (SELECT count(*) FROM tasks "
            "WHERE (tasks.dialect, tasks.account, tasks.label) "
            "= (asked.dialect, asked.account, asked.label)) AS created "
            "FROM asked ORDER BY dialect, account, label"
        )
        return [dict(row) for row in rows]

    def _select(self, where: str, values: tuple[object, ...]) -> Iterator[Record]:
        columns = ", ".join(_COLUMNS)
        for row in self._db.execute(f"SELECT {columns} FROM tasks WHERE {where}", values):  # noqa: S608
            yield Record(**dict(row))
