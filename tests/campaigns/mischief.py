"""What is done to the processes of a running product while it works, and how often."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from tests import processes
from tests.campaigns.shelf import Shelf
from tests.stack import Stack

VICTIMS = ("web", "sandbox", "watcher", "worker", "cluster")
LEASE = 15  # seconds, set for the trial; a paused process sleeps longer than its lease
_GROUP = ("watcher", "worker", "cluster")  # one does not outlive another
_STORAGE_OUT = 2.0  # seconds
PATIENCE = 60.0  # seconds in which what is planned must be done


@dataclass(frozen=True, slots=True)
class Planned:
    """`at`: a share of the trial. `do` tells whether it is done."""

    at: float
    name: str
    do: Callable[[], bool]


class Mischief:
    """Kills a random process every `pause` seconds, and does each planned thing at its moment."""

    def __init__(
        self,
        stack: Stack,
        shelf: Shelf,
        rng: random.Random,
        seconds: float,
        pause: tuple[float, float],
        *,
        patience: float = PATIENCE,
    ) -> None:
        self.done: Counter[str] = Counter()
        self._stack, self._shelf, self._rng, self._pause = stack, shelf, rng, pause
        self._seconds, self._patience = seconds, patience
        self._over = threading.Event()
        self._spared: tuple[str, ...] = ()
        self.plan = (
            Planned(0.15, "queue emptied", self._empty_the_queue),
            Planned(0.25, "storage out", self._storage_out),
            Planned(0.35, "database restarted", lambda: self._database(signal.SIGINT)),
            Planned(0.45, "worker paused and woken", lambda: self._hold_still("cluster")),
            Planned(0.60, "database killed", lambda: self._database(signal.SIGKILL)),
            Planned(0.70, "watcher paused and woken", lambda: self._hold_still("watcher")),
            Planned(0.80, "storage out", self._storage_out),
            Planned(0.90, "database restarted", lambda: self._database(signal.SIGINT)),
        )
        self._threads = [
            threading.Thread(target=self._kill_until_over),
            threading.Thread(target=self._follow),
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Stop killing, see the plan through, leave nobody paused."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def undone(self, *, killed: bool) -> list[str]:
        """What was planned and is not done; `killed`: each kind of process has to have been."""
        owed = Counter(planned.name for planned in self.plan)
        if killed:
            owed.update(f"kill {kind}" for kind in VICTIMS)
        return [
            f"{name}: done {self.done[name]} times of {times}"
            for name, times in owed.items()
            if self.done[name] < times
        ]

    def _kill_until_over(self) -> None:
        while not self._over.wait(self._rng.uniform(*self._pause)):
            found = processes.below(self._stack.pid)
            kinds = sorted({kind for kind in found.values() if kind in VICTIMS})
            if kinds and (kind := self._rng.choice(kinds)) not in self._spared:
                pid = self._rng.choice([p for p, its in found.items() if its == kind])
                self.done[f"kill {kind}"] += _signalled(pid, signal.SIGKILL)

    def _follow(self) -> None:
        began = time.monotonic()
        for planned in self.plan:
            time.sleep(max(0.0, began + planned.at * self._seconds - time.monotonic()))
            self.done[planned.name] += self._tried(planned.do)

    def _tried(self, do: Callable[[], bool]) -> bool:
        """Again and again while it cannot be done: the process or the database may be away."""
        end = time.monotonic() + self._patience
        while time.monotonic() < end:
            try:
                if do():
                    return True
            except (OSError, psycopg.Error):
                pass
            time.sleep(0.1)
        return False

    def _empty_the_queue(self) -> bool:
        url = self._stack.setting("DATABASE_OWNER_URL")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("TRUNCATE django_q_ormq")
        return True

    def _storage_out(self) -> bool:
        self._shelf.away(_STORAGE_OUT)
        return True

    def _database(self, how: signal.Signals) -> bool:
        folder = self._stack.folder / "postgres" / "data"
        return _signalled(int((folder / "postmaster.pid").read_text().split()[0]), how)

    def _hold_still(self, kind: str) -> bool:
        """One process of a kind sleeps for longer than its leases, then goes on as if nothing.

        Its group is not killed meanwhile: it would not wake up.
        """
        self._spared = _GROUP
        try:
            # The youngest: a worker rather than its parent.
            pid = max(processes.of_kind(self._stack.pid, kind), default=0)
            if not (pid and _signalled(pid, signal.SIGSTOP)):
                return False
            time.sleep(LEASE + 3)
            return _signalled(pid, signal.SIGCONT)
        finally:
            self._spared = ()


def _signalled(pid: int, how: signal.Signals) -> bool:
    """False when it is gone."""
    if not processes.alive(pid):
        return False
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        return False
    return True
