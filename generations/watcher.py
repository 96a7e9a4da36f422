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

from asgiref.sync import sync_to_async
from django.db import connection

from accounts import outbox
from generations import bells, blocking, heartbeat, lifecycle, outcomes, providers
from generations.models import Generation, ProviderAccount, Status
from generations.providers.base import Question
from generations.wire.task import Reason, Rejected, Task
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
        groups: dict[int, list[Generation]] = defaultdict(list)
        accounts: dict[int, ProviderAccount] = {}
        for generation in due:
            if generation.account is not None:
                accounts[generation.account.pk] = generation.account
                groups[generation.account.pk].append(generation)
        gate = asyncio.Semaphore(_PARALLEL_POLLS)
        await asyncio.gather(
            *(self._poll_account(accounts[pk], group, gate) for pk, group in groups.items())
        )
        return len(due)

    async def _poll_account(
        self, account: ProviderAccount, group: list[Generation], gate: asyncio.Semaphore
    ) -> None:
        size = providers.ADAPTERS[account.protocol].bulk
        bunches = [group[i : i + size] for i in range(0, len(group), size)]
        await asyncio.gather(*(self._poll_bunch(account, bunch, gate) for bunch in bunches))

    async def _poll_bunch(
        self, account: ProviderAccount, bunch: list[Generation], gate: asyncio.Semaphore
    ) -> None:
        questions = [Question(g.upstream_id, g.order().kind) for g in bunch]
        try:
            async with gate:
                answer = await providers.adapter(account).poll(self.client, questions)
            await sync_to_async(_record)(bunch, answer)
        except Exception:
            # Whatever one bunch does to us, the others are polled; its tries were counted.
            log.exception("polls at %s failed", account.name)
            await sync_to_async(_put_aside)(bunch)

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


def _record(bunch: list[Generation], answer: tuple[Task, ...] | Rejected) -> None:
    by_id = {} if isinstance(answer, Rejected) else {task.id: task for task in answer}
    for generation in bunch:
        found = answer if isinstance(answer, Rejected) else by_id.get(generation.upstream_id)
        if found is None and by_id:
            if len(bunch) == 1:  # a gateway that words its ids differently
                found = next(iter(by_id.values()))
            else:  # perhaps there in words we do not know: never taken for lost
                found = Rejected(Reason.BROKEN, "", "missing among its bunch")
        outcomes.polled(generation, found)


def _put_aside(bunch: list[Generation]) -> None:
    for generation in bunch:
        lifecycle.release(generation, again_in=_ASIDE)
