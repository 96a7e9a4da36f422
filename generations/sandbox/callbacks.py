"""Kling's callbacks: every change of a task's state is posted to the address its order named."""

from __future__ import annotations

import asyncio
import logging

import httpx

from generations.sandbox.store import Record
from generations.sandbox.studio import now_ms
from generations.sandbox.vendor import RANK, Vendor
from generations.wire.kling import server as kling
from generations.wire.kling_standard import server as kling_standard
from generations.wire.task import Task

_LOOK_SECONDS = 0.1
_TIMEOUT_SECONDS = 3.0
_log = logging.getLogger(__name__)


class Callbacks:
    """Watches the tasks that want to be told about, and tells each state once.

    The vendor's retries are documented nowhere, so there are none: a callback is a hint.
    """

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor
        self._client = httpx.AsyncClient(timeout=_TIMEOUT_SECONDS, trust_env=False)
        self._posts: set[asyncio.Task[None]] = set()
        vendor.call_back = self._post

    async def watch(self) -> None:
        """Tell until cancelled."""
        try:
            while True:
                for record in self._vendor.store.to_tell():
                    self._look(record)
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            await self._client.aclose()

    def _look(self, record: Record) -> None:
        rank = RANK[self._vendor.state(record, now_ms())]
        if rank <= record.told:
            return
        # Written before it is sent: a kill may lose a callback, but the loop never repeats one.
        self._vendor.store.told(record.id, rank)
        post = asyncio.get_running_loop().create_task(self._tell(record, self._vendor.task(record)))
        self._posts.add(post)
        post.add_done_callback(self._posts.discard)

    def _times(self, record: Record) -> int:
        """How often this callback is sent."""
        weather = self._vendor.weather
        if weather.strikes("callback-none"):
            return 0
        twice = record.script.callback == "dup" or weather.strikes("callback-dup")
        return 2 if twice else 1

    async def _tell(self, record: Record, task: Task) -> None:
        for _ in range(self._times(record)):
            await self._post(record, task)

    async def _post(self, record: Record, task: Task) -> None:
        if record.callback_url is None:
            return
        encode = (
            kling.encode_callback if record.dialect == "kling" else kling_standard.encode_callback
        )
        try:
            await self._client.post(record.callback_url, json=encode(task))
        except (httpx.HTTPError, httpx.InvalidURL) as trouble:
            _log.info("callback of %s failed: %s", record.id, type(trouble).__name__)
