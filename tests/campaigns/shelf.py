"""The films' folder of a running product, which can be out of reach: for a moment, or now and then.

It lies behind a link that is turned, at one stroke, to something that is no folder. Each call of
the storage meanwhile fails, as when a share is lost.
"""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

_FOR = (0.1, 0.4)  # seconds out of reach, now and then
_EVERY = (1.0, 3.0)  # seconds between


class Shelf:
    """Takes the folder's place when it is made, before any film is stored there."""

    def __init__(self, films: Path, rng: random.Random) -> None:
        self._link, self._here = films, films.with_name("films.here")
        self._nothing = films.with_name("films.away")
        self._rng = rng
        self._turning, self._over = threading.Lock(), threading.Event()
        films.mkdir(parents=True, exist_ok=True)
        self._nothing.write_text("no folder")
        films.rename(self._here)
        self._link.symlink_to(self._here)
        self._thread = threading.Thread(target=self._until_over)

    def start(self) -> None:
        """From now on each call may fail."""
        self._thread.start()

    def end(self) -> None:
        """It can be reached, and will be."""
        self._over.set()
        self._thread.join()

    def away(self, seconds: float) -> None:
        """Out of reach for so long."""
        with self._turning:
            self._turn_to(self._nothing)
            try:
                time.sleep(seconds)
            finally:
                self._turn_to(self._here)

    def _until_over(self) -> None:
        while not self._over.wait(self._rng.uniform(*_EVERY)):
            self.away(self._rng.uniform(*_FOR))

    def _turn_to(self, target: Path) -> None:
        turned = self._link.with_name("films.turned")
        turned.symlink_to(target)
        turned.replace(self._link)
