"""A place for campaigns that run the product's own functions in their own process.

The real PostgreSQL with the real tables and a virtual clock, and where it is wanted the real
sandbox over sockets behind a line that can be cut. No web, no worker: the campaign plays them.
"""

from __future__ import annotations

import gc
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from kling_saas import env
from kling_saas.run.postgres import APP, EmbeddedPostgres
from tests.campaigns import sessions
from tests.campaigns.line import Line
from tests.campaigns.virtual import CLOCK
from tests.stack import Stack, free_ports
from tests.waiting import until

_SETTINGS = {
    "ONLY_DATABASE": "1",
    "SANDBOX_FILM": "tiny",
    "SANDBOX_SPEED": "1000000",
    "LOG_LEVEL": "ERROR",
    "UNKNOWN_GRACE_SECONDS": "15",
    "LATE_LOOK_SECONDS": "60",
    "ACCOUNT_PAUSE_SECONDS": "60",
    "BREAKER_OPEN_SECONDS": "5",
    "QUEUE_LIMIT": "100000",
}


@contextmanager
def prepared(**settings: str) -> Iterator[Stack]:
    """Django is set up on a fresh database in virtual time. Once per process."""
    stack = Stack(**{**_SETTINGS, **settings})
    stack.start()
    if not os.environ.get("ONLY"):  # what goes wrong on purpose need not be read
        logging.disable(logging.CRITICAL)
    try:
        postgres = EmbeddedPostgres(stack.folder / "postgres")
        postgres._load_passwords()
        _hurried(postgres)
        CLOCK.install(postgres.url("kling_super"), stack.folder / "clock")
        os.environ.update(stack.environment)
        os.environ["DJANGO_SETTINGS_MODULE"] = "kling_saas.settings"
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
        import django

        django.setup()
        CLOCK.replace_djangos()
        sessions.lend_again()
        gc.freeze()  # what was imported lives as long as the process: no need to look at it again
        gc.set_threshold(50_000, 20, 50)
        yield stack
        from django.db import connections

        connections.close_all()
        sessions.end()
    finally:
        stack.stop()


def _hurried(postgres: EmbeddedPostgres) -> None:
    """What a crash of the machine would lose is no part of these trials, nor is guessing passwords.

    Nothing runs in the background, so that the same seed finds the same server.
    """
    off = ("fsync", "synchronous_commit", "full_page_writes", "autovacuum")
    password = conninfo_to_dict(postgres.url(APP))["password"]
    with psycopg.connect(postgres.url("kling_super"), autocommit=True) as session:
        for name in off:
            session.execute(f"ALTER SYSTEM SET {name} = off")
        session.execute("ALTER SYSTEM SET timezone = 'UTC'")  # so that Django need not set it
        session.execute("SELECT pg_reload_conf()")
        session.execute("SET scram_iterations = 1")
        session.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(APP), password))


def emptied(stack: Stack) -> None:
    """No organisation and no account is left, so that the next trial is as quick as the first.

    Numbers are not given out again. The schema, prices and people stay.
    """
    with psycopg.connect(_super_url(stack), autocommit=True) as session:
        session.execute("SET session_replication_role = replica")  # past the guards of the books
        session.execute(
            "TRUNCATE accounts_organisation, generations_provideraccount, generations_alarm CASCADE"
        )


def _super_url(stack: Stack) -> str:
    return EmbeddedPostgres(stack.folder / "postgres").url("kling_super")


@contextmanager
def sandbox(stack: Stack) -> Iterator[Line]:
    """The sandbox upstream, reached through a line that can be told to misbehave."""
    (own,) = free_ports(1)
    line = Line(("127.0.0.1", own))
    command = [sys.executable, "-m", "generations.sandbox", "--port", str(own)]
    command += ["--data", str(stack.folder / "sandbox")]
    process = subprocess.Popen(
        command,
        cwd=env.ROOT,
        env={**os.environ, **stack.environment, "SANDBOX_PUBLIC_URL": line.address},
        stdin=subprocess.DEVNULL,
    )
    try:
        until(lambda: httpx.get(f"{line.address}/healthz").is_success, what="the sandbox")
        yield line
    finally:
        process.terminate()
        process.wait(10)
        line.close()
