"""One asyncio process that waits for everybody: polls upstreams by the thousand, holds blocking
calls, tells news, and rings the queue's bell for whatever is due.

The database is only touched in short synchronous steps on one thread; the waiting is asyncio's.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable

import httpx
from asgiref.sync import sync_to_async
from django.db import connection

from accounts import outbox
from generations import bells, blocking, heartbeat, lifecycle, outcomes, providers
from generations.models import Generation, ProviderAccount, Status
from generations.providers import Found
from generations.providers.codecs import Question
from kling_saas.lib import http

log = logging.getLogger(__name__)
_TICK = 0.1  # seconds between looks when there was nothing to do
_BATCH = 500
_PARALLEL_POLLS = 64
_BEAT = 5.0
_ASIDE = 5.0  # seconds until a bunch that broke is polled again


class Watcher:
    """Runs until `stop` is set; every loop survives a lost database connection."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self._gate = asyncio.Semaphore(_PARALLEL_POLLS)
        self.name = f"watcher@{socket.gethostname()}:{os.getpid()}"

    async def run(self) -> None:
        """All loops, until stopped; held blocking calls are let go and found again."""
        async with http.polling_client() as client:
            self.client = client
            calls = blocking.Calls()
            loops = [
                self._repeat(self._poll_due, _TICK),
                self._repeat(self._tell, _TICK),
                self._repeat(self._ring, _TICK),
                self._repeat(self._beat, _BEAT),
                self._repeat(calls.start_due, _TICK * 2),
            ]
            await asyncio.gather(*loops)
            await calls.let_go()

    async def _repeat(self, step: Callable[[], Awaitable[int]], pause: float) -> None:
        """`step` again at once while it finds work, else after `pause`."""
        while not self.stop.is_set():
            try:
                found = await step()
            except Exception:  # a loop that ends would stop the product; the next round may do
                log.exception("%s failed", getattr(step, "__name__", "a step"))
                await sync_to_async(connection.close)()
                found = 0
            if not found:
                try:
                    await asyncio.wait_for(self.stop.wait(), pause)
                except TimeoutError:
                    continue

    async def _poll_due(self) -> int:
        due = await sync_to_async(_claim)()
        if not due:
            return 0
        bunches: dict[tuple[int | None, str], list[Generation]] = defaultdict(list)
        for generation in due:
            bunches[generation.account_id, generation.kind].append(generation)
        await asyncio.gather(*map(self._poll_bunch, bunches.values()))
        return len(due)

    async def _poll_bunch(self, bunch: list[Generation]) -> None:
        """Films of one kind at one account."""
        account = bunch[0].account
        if account is None:
            return
        questions = [Question(g.upstream_id, g.order().kind) for g in bunch]
        try:
            found = await providers.adapter(account).poll(self.client, self._ask, questions)
            await sync_to_async(_record)(bunch, found)
        except Exception:
            # Whatever one bunch does to us, the others are polled; its tries were counted.
            log.exception("polls at %s failed", account.name)
            await sync_to_async(_put_aside)(bunch)

    async def _ask(self, request: httpx.Request) -> httpx.Response:
        async with self._gate:
            return await self.client.send(request)

    async def _tell(self) -> int:
        return await sync_to_async(outbox.announce)()

    async def _ring(self) -> int:
        await sync_to_async(bells.ring_due)()
        return 0

    async def _beat(self) -> int:
        await sync_to_async(heartbeat.beat)(self.name, {"started": STARTED})
        return 0


STARTED = time.time()


def _claim() -> list[Generation]:
    claimed = lifecycle.claim([Status.IN_FLIGHT], _BATCH)
    accounts = {a.pk: a for a in ProviderAccount.objects.all()} if claimed else {}
    for generation in claimed:
        generation.account = accounts.get(generation.account_id or 0)
    return claimed


def _record(bunch: list[Generation], found: dict[str, Found]) -> None:
    for generation in bunch:
        outcomes.polled(generation, found[generation.upstream_id])


def _put_aside(bunch: list[Generation]) -> None:
    for generation in bunch:
        lifecycle.release(generation, again_in=_ASIDE)
