"""Child processes that are kept alive: restarted when they die, ended together, never orphaned."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_BACKOFF = (0.0, 0.5, 1.0, 2.0, 5.0)  # seconds before the n-th restart in a row
_HEALTHY_AFTER = 20.0  # seconds of life after which a child counts as well again


def die_with_parent() -> None:
    """In a fresh child: be told to stop when the parent is killed, so that none is orphaned."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Child:
    """One program to keep alive. `start` overrides how it is launched (the database has its own).

    `group`: it leads a process group, and its end is the end of all its own children.
    """

    name: str
    command: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    start: Callable[[], subprocess.Popen[bytes]] | None = None
    group: bool = True
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    restart_at: float | None = None

    def launch(self) -> None:
        """Start it; its output goes to the terminal with its name before each line."""
        self.started, self.restart_at = time.monotonic(), None
        if self.start:
            self.process = self.start()
            return
        self.process = subprocess.Popen(
            list(self.command),
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=self.group,
            preexec_fn=die_with_parent,
        )
        threading.Thread(target=_copy, args=(self.name, self.process), daemon=True).start()

    def ask_to_stop(self) -> None:
        """SIGTERM to the child alone: it ends its own children in its own order."""
        if self.process:
            self.process.terminate()

    def kill(self) -> None:
        """SIGKILL to the child and, if it leads a group, to what is left of the group."""
        if not self.process:
            return
        try:
            if self.group and not self.start:
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()
        except ProcessLookupError:
            return

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None


def _copy(name: str, process: subprocess.Popen[bytes]) -> None:
    for line in process.stdout or ():
        sys.stdout.write(f"{name:>8} | {line.decode(errors='replace')}")
        sys.stdout.flush()


class Family:
    """Children that live and end together."""

    def __init__(
        self,
        children: Sequence[Child],
        *,
        grace: float = 30.0,
        on_death: Callable[[Child], None] | None = None,
    ) -> None:
        """`on_death` is told of a child that died, when all of its group is killed."""
        self.children = list(children)
        self.grace = grace
        self.on_death = on_death
        self.stopping = False

    def watch_once(self) -> None:
        """Restart whoever died, later each time while it keeps dying."""
        now = time.monotonic()
        for child in self.children:
            if child.running or self.stopping:
                continue
            if child.restart_at is None:
                child.kill()  # what is left of its group must not work on
                if self.on_death and child.process:
                    self.on_death(child)
                code = child.process.returncode if child.process else None
                child.failures = 1 if now - child.started > _HEALTHY_AFTER else child.failures + 1
                pause = _BACKOFF[min(child.failures - 1, len(_BACKOFF) - 1)]
                child.restart_at = now + pause
                sys.stdout.write(f"{child.name:>8} | ended ({code}), starting it again\n")
            if now >= child.restart_at:
                child.launch()

    def stop(self) -> None:
        """End all: politely, then after the grace by force."""
        self.stopping = True
        for child in self.children:
            child.ask_to_stop()
        deadline = time.monotonic() + self.grace
        while time.monotonic() < deadline and any(c.running for c in self.children):
            time.sleep(0.05)
        for child in self.children:
            child.kill()
            if child.process:
                child.process.wait()
