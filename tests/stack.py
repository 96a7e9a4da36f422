"""A product of its own for the tests: exactly what `make run` starts, in a fresh folder."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kling_saas import env

# What the tests' own Django adds to the environment must not reach another stack.
_AS_GIVEN = dict(os.environ)
FAST = {
    "SANDBOX_SPEED": "400",
    "SANDBOX_FILM": "tiny",
    "UNKNOWN_GRACE_SECONDS": "2",
    "LATE_LOOK_SECONDS": "1",
    "ACCOUNT_PAUSE_SECONDS": "1",
    "BREAKER_OPEN_SECONDS": "1",
    # Tests of the ledger expire lots themselves, at moments of their own choosing.
    "SWEEP_SECONDS": "86400",
    # Every customer of a suite sends from one address; limits are tested on customers of their own.
    "RATE_LIMIT_KEY": "0",
    "RATE_LIMIT_ORGANISATION": "0",
    "RATE_LIMIT_ADDRESS": "0",
    "RATE_LIMIT_REFUSED": "0",
}
# Whatever stands in a developer's .env: tests pay nobody.
NO_STRIPE = {"STRIPE_SECRET_KEY": "", "STRIPE_WEBHOOK_SECRET": "", "STRIPE_API_BASE": ""}
_MEMORY = "/dev/shm"  # a folder in memory, on Linux
_PLENTY = 6 << 30  # bytes; the products of a whole suite take less than a third
_PREPARED = "KLING_TEST_PREPARED"  # the folder that stacks begin with a copy of


@contextmanager
def prepared() -> Iterator[None]:
    """Meanwhile stacks, of the processes started in it too, need not make their database anew."""
    first = Stack(new=True, ONLY_DATABASE="1")
    first.start()
    first.halt()
    os.environ[_PREPARED] = str(first.folder)
    try:
        yield
    finally:
        del os.environ[_PREPARED]
        first.stop()


def _in_memory() -> str | None:
    """A folder that needs no disk: what tests write need not outlive the machine."""
    if not os.access(_MEMORY, os.W_OK) or shutil.disk_usage(_MEMORY).free < _PLENTY:
        return None
    return _MEMORY


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on at this moment."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Stack:
    """Database, web, worker and both sandboxes; `environment` is what a process needs to join them.

    `new`: it begins with an empty folder, as after a clone, whatever is prepared. `on_disk`: its
    folder is where folders are, also when there is plenty of memory.
    """

    def __init__(self, *, new: bool = False, on_disk: bool = False, **settings: str) -> None:
        parent = None if on_disk else _in_memory()
        self.folder = Path(tempfile.mkdtemp(prefix="kling-test-", dir=parent))
        if not new and _PREPARED in os.environ:  # cp, because the database's files are another's
            subprocess.run(["cp", "-a", f"{os.environ[_PREPARED]}/.", self.folder], check=True)
        self.folder.chmod(0o711)
        self.port, self.sandbox_port, self.payments_port = free_ports(3)
        self.environment = {
            "VAR": str(self.folder),
            "PORT": str(self.port),
            "SANDBOX_PORT": str(self.sandbox_port),
            "PAYMENTS_PORT": str(self.payments_port),
            **NO_STRIPE,
            **FAST,
            **settings,
        }
        self.site = f"http://127.0.0.1:{self.port}"
        self.sandbox = f"http://127.0.0.1:{self.sandbox_port}"
        self.payments = f"http://127.0.0.1:{self.payments_port}"
        self.log = self.folder / "run.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Like a person typing `make run`; returns when the site answers. 3 to 6 s."""
        self.begin()
        self.ready()

    def begin(self) -> None:
        """Start, and return as soon as its settings are there for others to read."""
        self.log.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "kling_saas.run"],
                cwd=env.ROOT,
                env={**_AS_GIVEN, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        settings = self.folder / "local.env"
        self._wait(lambda: settings.exists() and f":{self.port}\n" in settings.read_text())

    def ready(self) -> None:
        """Returns when the site answers."""
        self._wait(lambda: "Ctrl-C stops everything" in self.log.read_text())

    def _wait(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 300  # 5 s are enough on a machine with nothing else to do
        while not holds():
            ended = self._process is None or self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                raise RuntimeError(f"the product did not start:\n{self.said()}")
            time.sleep(0.05)

    @property
    def facts(self) -> dict[str, Any]:
        """run.json."""
        found: dict[str, Any] = json.loads((self.folder / "run.json").read_text())
        return found

    def setting(self, name: str) -> str:
        """A variable that `make run` chose itself, e.g. DATABASE_OWNER_URL."""
        for line in (self.folder / "local.env").read_text().splitlines():
            if line.startswith(f"{name}="):
                return line.partition("=")[2]
        raise KeyError(name)

    def manage(self, *arguments: str, check: bool = True) -> str:
        """Run a management command beside it; what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=env.ROOT,
            env={**_AS_GIVEN, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0 or not check, done.stderr + done.stdout
        return done.stdout

    def python(self, script: str, given: str = "", **changed: str) -> str:
        """Run a script with this stack's settings, `changed` where told, and `given` as its input;
        what it printed.
        """
        done = subprocess.run(
            [sys.executable, "-c", script],
            input=given,
            cwd=env.ROOT,
            env={**_AS_GIVEN, **self.environment, **changed},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def pid(self) -> int:
        """The supervisor's."""
        assert self._process is not None
        return self._process.pid

    def halt(self, how: signal.Signals = signal.SIGINT) -> int:
        """End it by Ctrl-C, or by another signal, and keep its folder; the exit code."""
        assert self._process is not None
        self._process.send_signal(how)
        try:
            return self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise

    def said(self, characters: int = 6000) -> str:
        """The end of its log."""
        return self.log.read_text()[-characters:] if self.log.exists() else ""

    def stop(self) -> None:
        """Ctrl-C, then the folder goes."""
        try:
            if self._process and self._process.poll() is None:
                self.halt()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
