"""What is done to the processes of a running product while it works, and how often."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable

import psycopg

from tests import processes
from tests.stack import Stack

VICTIMS = ("web", "sandbox", "watcher", "worker", "cluster")
LEASE = 15  # seconds, set for the trial; a paused process sleeps longer than its lease
STORAGE_OUT = 2.0  # seconds


class Mischief:
    """Kills a random process every `pause` seconds, and does each planned thing at its moment."""

    def __init__(
        self, stack: Stack, rng: random.Random, seconds: float, pause: tuple[float, float]
    ) -> None:
        self.done: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._stack, self._rng, self._pause = stack, rng, pause
        self._over = threading.Event()
        plan: list[tuple[float, Callable[[], None]]] = [
            (0.15, self._empty_the_queue),
            (0.25, self._storage_out),
            (0.35, self._restart_the_database),
            (0.45, self._pause_a_worker),
            (0.60, self._kill_the_database),
            (0.70, self._pause_the_watcher),
            (0.80, self._storage_out),
            (0.90, self._restart_the_database),
        ]
        self._threads = [
            threading.Thread(target=self._kill_until_over),
            threading.Thread(target=self._follow, args=([(at * seconds, do) for at, do in plan],)),
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

    def _kill_until_over(self) -> None:
        while not self._over.wait(self._rng.uniform(*self._pause)):
            found = processes.below(self._stack.pid)
            kinds = sorted({kind for kind in found.values() if kind in VICTIMS})
            if kinds:
                kind = self._rng.choice(kinds)
                pid = self._rng.choice([p for p, its in found.items() if its == kind])
                self._signal(pid, signal.SIGKILL, f"kill {kind}")

    def _follow(self, plan: list[tuple[float, Callable[[], None]]]) -> None:
        began = time.monotonic()
        for at, do in plan:
            time.sleep(max(0.0, at - (time.monotonic() - began)))
            try:
                do()
            except (OSError, psycopg.Error) as error:
                self.wrong.append(f"{do.__name__} could not be done: {error}")

    def _signal(self, pid: int, how: signal.Signals, name: str) -> bool:
        try:
            os.kill(pid, how)
        except ProcessLookupError:
            return False
        self.done[name] += 1
        return True

    def _empty_the_queue(self) -> None:
        url = self._stack.setting("DATABASE_OWNER_URL")
        for _ in range(20):
            try:
                with psycopg.connect(url, autocommit=True) as connection:
                    connection.execute("TRUNCATE django_q_ormq")
            except psycopg.Error:
                time.sleep(0.5)
                continue
            self.done["queue emptied"] += 1
            return

    def _storage_out(self) -> None:
        """The films' folder cannot be reached for a moment, as when a share is lost."""
        films = self._stack.folder / "media" / "films"
        aside = films.with_name("films.away")
        films.mkdir(parents=True, exist_ok=True)
        films.rename(aside)
        films.write_text("no folder")
        try:
            time.sleep(STORAGE_OUT)
        finally:
            films.unlink()
            aside.rename(films)
        self.done["storage out"] += 1

    def _postmaster(self) -> int:
        return int(
            (self._stack.folder / "postgres" / "data" / "postmaster.pid").read_text().split()[0]
        )

    def _restart_the_database(self) -> None:
        self._signal(self._postmaster(), signal.SIGINT, "database restarted")

    def _kill_the_database(self) -> None:
        self._signal(self._postmaster(), signal.SIGKILL, "database killed")

    def _pause_a_worker(self) -> None:
        self._hold_still("cluster", "worker paused")

    def _pause_the_watcher(self) -> None:
        self._hold_still("watcher", "watcher paused")

    def _hold_still(self, kind: str, name: str) -> None:
        """One process of a kind sleeps for longer than its leases, then goes on as if nothing."""
        for _ in range(50):
            found = processes.of_kind(self._stack.pid, kind)
            pid = max(found, default=0)  # the youngest: a worker rather than its parent
            if pid and self._signal(pid, signal.SIGSTOP, name):
                time.sleep(LEASE + 3)
                self._signal(pid, signal.SIGCONT, f"{name}, woken")
                return
            time.sleep(0.1)
