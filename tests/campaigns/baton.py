"""A stage on which one player acts at a time: who, when and what happens to them is drawn by seed.

Players are threads that hand the baton back at every named point of the product outside a
transaction, at every request to an upstream, and when they have nothing to do.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection

from tests.campaigns.virtual import CLOCK

_HORIZON = timedelta(days=2)  # virtual time after which a run is stuck

# Where a row has just got its moment: the next row's is another, so that no order hangs on chance.
_TELLING = ("move.marked", "create.placed", "find.answered")


class Killed(BaseException):
    """The player's process is gone: nothing of ours may catch this."""


class Trouble(Exception):
    """Something that nobody expected went wrong in a player."""


@dataclass
class Player:
    """`mortal`: its process may die, stall or raise at any point."""

    name: str
    act: Callable[[], None]
    mortal: bool
    wakes: datetime
    go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    over: bool = False
    dead: bool = False


class Stage:
    """One run. The trace is all that happened, in order, without names drawn by chance."""

    def __init__(self, seed: int, dangers: bool = True) -> None:
        self.rng = random.Random(seed)
        self.dangers = dangers
        self.faults: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.events = 0
        self.calm = False  # the upstreams and the storage do as they should
        self._digest = hashlib.sha256()
        self.lines: list[str] = []
        self._players: list[Player] = []
        self._back = threading.Semaphore(0)
        self._mine = threading.local()
        self._began = CLOCK.now()

    @property
    def trace(self) -> str:
        """The fingerprint of the run."""
        return self._digest.hexdigest()[:16]

    def note(self, what: str) -> None:
        """One more event."""
        moment = (CLOCK.now() - self._began).total_seconds()
        line = f"{moment:.6f} {self._name()} {what}"
        self.events += 1
        self._digest.update(line.encode() + b"\n")
        self.lines.append(line)

    def enters(self, name: str, act: Callable[[], None], *, mortal: bool = False) -> None:
        """A player, from the beginning."""
        self._players.append(Player(name, act, mortal, CLOCK.now()))

    def play(self, ended: Callable[[], bool], run: Callable[[Callable[[], None]], object]) -> None:
        """Until all players have left. `ended` tells the workers when to; `run` begins a thread."""
        self.ended = False
        for player in self._players:
            run(lambda player=player: self._live(player))
        turn = 0
        while waiting := [p for p in self._players if not p.over]:
            now = max(CLOCK.now(), min(p.wakes for p in waiting))
            player = self.rng.choice([p for p in waiting if p.wakes <= now])
            CLOCK.set(now + timedelta(microseconds=self.rng.randrange(1, 2000)))
            player.go.release()
            self._back.acquire()
            turn += 1
            if now - self._began > _HORIZON and not self.ended:
                self.wrong.append("it is not over after two days")
                self.ended = True
            self.ended = self.ended or (turn % 8 == 0 and ended())

    def _live(self, player: Player) -> None:
        self._mine.player = player
        player.go.acquire()
        try:
            player.act()
        except Exception as error:  # noqa: BLE001 - told as what broke
            self.wrong.append(f"{player.name} ended with {error!r}")
            self.ended = True
        finally:
            connection.close()
            player.over = True
            self._back.release()

    def _name(self) -> str:
        player = getattr(self._mine, "player", None)
        return player.name if player else "-"

    def pause(self, seconds: float) -> None:
        """This player does nothing for so long; others do. Off the stage, time goes on."""
        player: Player | None = getattr(self._mine, "player", None)
        if player is None:
            CLOCK.passes(seconds)
            return
        player.wakes = CLOCK.now() + timedelta(seconds=seconds)
        self._back.release()
        player.go.acquire()

    def check_alive(self) -> None:
        """Raises Killed in what is left of a process that is gone."""
        if getattr(self._mine, "player", None) and self._mine.player.dead:
            raise Killed

    def reborn(self) -> None:
        """Another process takes the place of the dead one."""
        self._mine.player.dead = False

    def outside(self) -> bool:
        """Whether no transaction is open here."""
        with outside_loops():
            return not connection.in_atomic_block

    def at(self, point: str) -> None:
        """The product passes a point: what may happen there is drawn."""
        player = getattr(self._mine, "player", None)
        if player is None:
            return
        self.check_alive()
        self.note(point)
        if point in _TELLING:
            CLOCK.passes(1e-6)
        drawn = self.rng.random()
        if player.mortal and self.dangers and drawn < 0.03:
            self._strike(player, point, drawn)
        elif self.outside():
            if player.mortal and self.dangers and drawn < 0.05:
                self.faults["stall"] += 1
                self.note(f"stalls at {point}")
                self.pause(self.rng.uniform(61, 400))
            elif drawn < 0.35:
                self.pause(self.rng.uniform(0, 2))

    def _strike(self, player: Player, point: str, drawn: float) -> None:
        if drawn < 0.015:
            self.faults["kill"] += 1
            self.note(f"dies at {point}")
            player.dead = True
            raise Killed
        self.faults["raise"] += 1
        self.note(f"fails at {point}")
        raise Trouble(point)


@contextlib.contextmanager
def outside_loops() -> Iterator[None]:
    """The database of this thread, also while its event loop runs."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        yield
        return
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(loop)
