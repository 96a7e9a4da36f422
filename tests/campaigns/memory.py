"""The storage of a simulation: objects in memory, and each call may fail."""

from __future__ import annotations

import io
from typing import Any

from tests.campaigns.baton import Stage


class Storage:
    """Instead of `generations.storage`: what is put there is in `objects`, by its key."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.objects: dict[str, bytes] = {}

    def _may_fail(self) -> None:
        self.stage.check_alive()
        if not self.stage.calm and self.stage.rng.random() < 0.04:
            self.stage.faults["storage"] += 1
            self.stage.note("storage fails")
            raise OSError("out of order")

    def put(self, key: str, content: Any) -> None:
        self._may_fail()
        self.objects[key] = content.read()

    def size(self, key: str) -> int:
        self._may_fail()
        return len(self.objects[key]) if key in self.objects else -1

    def remove(self, key: str) -> None:
        self._may_fail()
        self.objects.pop(key, None)

    def open_file(self, key: str) -> io.BytesIO:
        self._may_fail()
        if key not in self.objects:
            raise FileNotFoundError(key)
        return io.BytesIO(self.objects[key])
