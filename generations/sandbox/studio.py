"""Films of accepted tasks: rendered ahead of time in processes of their own, kept by content."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Literal, get_args

from generations.sandbox import renderer
from generations.sandbox.settings import Settings
from generations.sandbox.store import Record, Store

_ATTEMPTS = 3
_LARGE = "4k"  # a minute of a core: such films wait for each other, and no other film for them
_Size = Literal["usual", "large"]


def now_ms() -> int:
    """The clock, Unix milliseconds."""
    return time.time_ns() // 1_000_000


class Studio:
    """Renders what the store owes and says so in the store."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings, self._store = settings, store
        self.folder = settings.data / "films"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._pools = {size: self._new_pool(size) for size in get_args(_Size)}
        self._at_work: dict[str, asyncio.Task[None]] = {}

    def _new_pool(self, size: _Size) -> ProcessPoolExecutor:
        """Its processes begin with the first film."""
        return ProcessPoolExecutor(
            self._settings.renderers if size == "usual" else 1,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=renderer.start,
            initargs=(os.getpid(),),
        )

    def open(self) -> None:
        """Warm the processes up, drop old films, and take up what was left unfinished."""
        self._pools["usual"].submit(renderer.warm_up)
        oldest = time.time() - self._settings.keep_days * 86_400
        for path in self.folder.iterdir():
            if path.suffix == ".part" or path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)
        for record in self._store.to_render():
            self.order(record)

    def close(self) -> None:
        """End the render processes, whatever they are at: an order is taken up again later."""
        for process in multiprocessing.active_children():
            process.terminate()
        for pool in self._pools.values():
            pool.shutdown(wait=True, cancel_futures=True)

    def path(self, film: str, suffix: str = ".mp4") -> Path:
        """Where a film lies, or will lie; a sound with `.mp3`."""
        return self.folder / f"{film}{suffix}"

    def made(self, record: Record) -> Path:
        """The file of a task that is there when the task is done."""
        return self.path(record.film, ".mp4" if "video" in record.outputs else ".mp3")

    def keep(self, name: str, content: bytes) -> Path:
        """Keep what was sent with an order, beside the films; the same bytes are kept once."""
        path = self.folder / f"{name}.sent"
        if not path.exists():
            draft = path.with_suffix(".part")
            draft.write_bytes(content)
            draft.replace(path)
        return path

    def order(self, record: Record) -> None:
        """Have the film of a task rendered, unless it is there or already being made."""
        if record.outputs == ("facts",) or self.made(record).exists():
            self._store.rendered(record.film, now_ms())
        elif record.film not in self._at_work:
            task = asyncio.get_running_loop().create_task(self._make(record))
            self._at_work[record.film] = task
            task.add_done_callback(lambda _: self._at_work.pop(record.film, None))

    async def _make(self, record: Record) -> None:
        broken, order = "the renderer died", json.loads(record.params)
        size: _Size = "large" if order.get("mode") == _LARGE else "usual"
        for _ in range(_ATTEMPTS):
            pool = self._pools[size]
            try:
                broken = await asyncio.wrap_future(
                    pool.submit(
                        renderer.make,
                        order,
                        self._settings.film,
                        self.made(record),
                        self._settings.image_hosts,
                    )
                )
                break
            except BrokenProcessPool:
                if self._pools[size] is pool:
                    self._pools[size] = self._new_pool(size)
        self._store.rendered(record.film, now_ms(), broken)
