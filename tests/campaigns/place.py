"""A place for campaigns that run the product's own functions in their own process.

The real PostgreSQL with the real tables and a virtual clock, and where it is wanted the real
sandbox over sockets behind a line that can be cut. No web, no worker: the campaign plays them.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from kling_saas import env
from kling_saas.run.postgres import APP, EmbeddedPostgres
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
        CLOCK.install(postgres.url("kling_super"), APP)
        os.environ.update(stack.environment)
        os.environ["DJANGO_SETTINGS_MODULE"] = "kling_saas.settings"
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
        import django

        django.setup()
        CLOCK.replace_djangos()
        yield stack
        from django.db import connections

        connections.close_all()
    finally:
        stack.stop()


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
