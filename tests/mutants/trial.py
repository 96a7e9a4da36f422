"""A pytest session that runs its tests once for every mutant, each time in a fork of itself.

The product is one that only has a database; who asks for its site is answered by the fork. Every
mutant begins with a copy of the same database, so nothing of it is left for the next one.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import psycopg
import pytest
from psycopg import sql

from tests.mutants.mutant import Mutant
from tests.mutants.targets import Target

PATIENCE = 90  # seconds; a mutant that takes longer is one that never ends
_KEPT = "as_prepared"
_ENDLESS = "it never ended"
_STILLBORN = re.compile(
    r"psycopg\.errors\.(SyntaxError|UndefinedColumn|UndefinedFunction|UndefinedTable|"
    r"DatatypeMismatch|AmbiguousColumn|GroupingError|InvalidColumnReference)"
)
Judge = Callable[["Trial"], None]


class Trial:
    """The plugin. `judge` is called when everything is ready, and asks each one's `fate`."""

    def __init__(self, judge: Judge, seed: int) -> None:
        self._judge, self._seed = judge, seed
        self._words = ""
        self._took: dict[str, float] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self) -> None:
        """Before the stack begins."""
        from tests.conftest import STACK

        STACK.environment["ONLY_DATABASE"] = "1"

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Instead of the session's own."""
        from tests.conftest import STACK

        self._stack = STACK
        self._items = session.items
        self._super = _super_url(self._stack.folder)
        self._database("kling", _KEPT)
        self._judge(self)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """The first failure ends a fork's run."""
        self._took[report.nodeid] = self._took.get(report.nodeid, 0) + report.duration
        if report.failed and not self._words:
            self._words = f"{report.nodeid}: {report.longreprtext}"

    def sound(self, target: Target) -> str:
        """Why the tests fail with nothing changed; empty as they should not."""
        return self._told(target, None)

    def fate(self, target: Target, mutant: Mutant) -> str:
        """survived: no test noticed it; killed; endless: killed by our patience alone, which a
        busy machine may exhaust as well; stillborn: it does not compile.
        """
        words = self._told(target, mutant)
        if os.environ.get("ONLY"):
            print(f"{mutant.id}: {words.strip().splitlines()[0][:150] if words else 'SURVIVED'}")
        if not words:
            return "survived"
        if words == _ENDLESS:
            return "endless"
        return "stillborn" if _STILLBORN.search(words) else "killed"

    def _told(self, target: Target, mutant: Mutant | None) -> str:
        """What the first test to fail said, or nothing."""
        self._database(_KEPT, "kling")
        if mutant and target.is_sql and (refused := self._created(mutant)):
            return refused
        receiver, sender = multiprocessing.Pipe(duplex=False)
        fork = multiprocessing.get_context("fork").Process(
            target=self._run, args=(target, mutant, sender)
        )
        fork.start()
        try:
            sender.close()
            if not receiver.poll(PATIENCE):
                return _ENDLESS
            words, took = receiver.recv()
            self._took |= took
            return str(words)
        except EOFError:
            return "its process died"
        finally:
            fork.kill()
            fork.join()

    def _created(self, mutant: Mutant) -> str:
        text = re.sub("^CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", mutant.text)
        with psycopg.connect(self._stack.setting("DATABASE_OWNER_URL")) as owner:
            try:
                owner.execute(text.encode())
            except psycopg.Error as refused:
                return f"psycopg.errors.SyntaxError: {refused}"
        return ""

    def _run(self, target: Target, mutant: Mutant | None, sender: Connection) -> None:
        """In the fork: the histories, then the tests, the quickest first, until one fails."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        try:
            self._strike(target, mutant)
        except BaseException as failure:  # noqa: BLE001 - whatever it is, it was noticed
            self._words = self._words or f"{type(failure)}: {failure!r} {failure.__cause__!r}"
        sender.send((self._words, self._took))
        time.sleep(PATIENCE)  # threads that a mutant hangs are ended from outside

    def _strike(self, target: Target, mutant: Mutant | None) -> None:
        from tests.billing import machine

        if mutant and not target.is_sql:
            target.plant(mutant)
        _site(self._stack.port)
        if target.histories:
            machine.play(target.histories, self._seed, shortened=False)
        mine = [item for item in self._items if item.nodeid.startswith(target.tests)]
        files = {
            item.path: sum(self._cost(i) for i in mine if i.path == item.path) for item in mine
        }
        mine.sort(key=lambda item: (files[item.path], str(item.path), self._cost(item)))
        self._took = {}
        for item, following in zip(mine, [*mine[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self._words:
                return

    def _cost(self, item: pytest.Item) -> float:
        return self._took.get(item.nodeid, 0.0)

    def _database(self, source: str, name: str) -> None:
        """A fresh copy of `source`, whoever still uses either."""
        with psycopg.connect(self._super, autocommit=True) as session:
            session.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [source],
            )
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            session.execute(drop.format(sql.Identifier(name)))
            copied = sql.SQL("CREATE DATABASE {} OWNER kling_owner TEMPLATE {}")
            session.execute(copied.format(sql.Identifier(name), sql.Identifier(source)))
            # Whoever waits for a lock that a mutant never gives back.
            limited = sql.SQL("ALTER DATABASE {} SET statement_timeout = '20s'")
            session.execute(limited.format(sql.Identifier(name)))


def _super_url(folder: Any) -> str:
    from kling_saas.run.postgres import EmbeddedPostgres

    postgres = EmbeddedPostgres(folder / "postgres")
    postgres._load_passwords()
    return postgres.url("kling_super", "postgres")


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *values: object) -> None:  # noqa: A002
        """Nothing."""


class _Threads(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 100


def _site(port: int) -> None:
    """The product's pages and API, answered by this process until it ends."""
    from kling_saas.wsgi import application

    server = make_server("127.0.0.1", port, application, _Threads, _Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
