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

from generations.sandbox import renderer
from generations.sandbox.settings import Settings
from generations.sandbox.store import Record, Store

_ATTEMPTS = 3


def now_ms() -> int:
    """The clock, Unix milliseconds."""
    return time.time_ns() // 1_000_000


class Studio:
    """Renders what the store owes and says so in the store."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings, self._store = settings, store
        self._folder = settings.data / "films"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._pool = self._new_pool()
        self._at_work: dict[str, asyncio.Task[None]] = {}

    def _new_pool(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._settings.renderers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=renderer.start,
            initargs=(os.getpid(),),
        )

    def open(self) -> None:
        """Warm the processes up, drop old films, and take up what was left unfinished."""
        self._pool.submit(renderer.warm_up)
        oldest = time.time() - self._settings.keep_days * 86_400
        for path in self._folder.iterdir():
            if path.suffix == ".part" or path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)
        for record in self._store.to_render():
            self.order(record)

    def close(self) -> None:
        """End the render processes."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def path(self, film: str) -> Path:
        """Where a film lies, or will lie."""
        return self._folder / f"{film}.mp4"

    def order(self, record: Record) -> None:
        """Have the film of a task rendered, unless it is there or already being made."""
        if self.path(record.film).exists():
            self._store.rendered(record.film, now_ms())
        elif record.film not in self._at_work:
            task = asyncio.get_running_loop().create_task(self._make(record))
            self._at_work[record.film] = task
            task.add_done_callback(lambda _: self._at_work.pop(record.film, None))

    async def _make(self, record: Record) -> None:
        broken = "the renderer died"
        for _ in range(_ATTEMPTS):
            pool = self._pool
            try:
                broken = await asyncio.wrap_future(
                    pool.submit(
                        renderer.make,
                        json.loads(record.params),
                        self._settings.film,
                        self.path(record.film),
                        self._settings.image_hosts,
                    )
                )
                break
            except BrokenProcessPool:
                if self._pool is pool:
                    self._pool = self._new_pool()
        self._store.rendered(record.film, now_ms(), broken)
