"""Upstream calls that hold the line until the film is made, by the hundred in one process.

Such an upstream cannot be asked afterwards: a call is made at most once. The attempt is written
before it; whoever finds an attempt without an answer frees the customer and tells the operator.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from contextlib import AsyncExitStack
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import httpx
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Q
from django.utils import timezone

from generations import answers, attempts, late, lifecycle, outcomes, pictures, providers, storage
from generations.dispatch import BLOCKING, MAY_BE_BILLED
from generations.downloads import STORED
from generations.lifecycle import LeaseLost
from generations.models import Attempt, AttemptOutcome, Generation, Status
from generations.providers import Exchange
from generations.providers.base import Adapter, Ordering, not_sent
from generations.providers.trail import headers_of, received
from generations.wire.task import Accepted, Outcome, RemoteVideo, Task, TaskState, Unknown
from kling_saas.lib import http, scratch
from kling_saas.lib.points import passing

log = logging.getLogger(__name__)
_BATCH = 50
_STORAGE_PAUSES = (1.0, 5.0, 30.0, 60.0)  # seconds between tries to store a film


class Calls:
    """The calls this process holds."""

    def __init__(self) -> None:
        self._held: dict[asyncio.Task[None], int] = {}

    async def start_due(self) -> int:
        """Begin the calls that are due; the number begun or given up."""
        due = await sync_to_async(_claim)(set(self._held.values()))
        for generation, attempt in due:
            task = asyncio.create_task(_hold(generation, attempt))
            self._held[task] = generation.pk
            task.add_done_callback(self._over)
        return len(due)

    def _over(self, call: asyncio.Task[None]) -> None:
        self._held.pop(call, None)
        if not call.cancelled() and (error := call.exception()):  # its lease ends: it is claimed
            log.error("a call of an upstream failed on our side", exc_info=error)

    async def let_go(self) -> None:
        """Wait for what is held, as long as the supervisor's grace lasts."""
        if self._held:
            await asyncio.wait(self._held, timeout=settings.DRAIN_SECONDS)


def _claim(held: Collection[int]) -> list[tuple[Generation, Attempt]]:
    """The calls to make, but for `held`: their leases may have run out while the database was away.

    One order's trouble must not keep the others' written attempts unsent.
    """
    begun = []
    due = BLOCKING & ~Q(pk__in=held)
    for generation in lifecycle.claim([Status.SUBMITTING], _BATCH, only=due):
        try:
            if attempt := _next_call(generation):
                begun.append((generation, attempt))
        except LeaseLost:
            log.warning("%s: somebody else has it now", generation.public_id)
        except Exception:  # its lease runs out, and it is claimed again
            log.exception("%s: its call was not begun", generation.public_id)
            connection.close()
    return begun


def _next_call(generation: Generation) -> Attempt | None:
    with lifecycle.scope(generation):
        left = Attempt.objects.filter(generation=generation, outcome__in=MAY_BE_BILLED).first()
    if left is not None:
        _find_again(generation, left)
        return None
    if generation.account is None:
        return None
    if timezone.now() >= generation.deadline_at:
        lifecycle.fail(generation, "deadline", outcomes.NOT_TAKEN)
        return None
    again = generation.account_id in attempts.tried(generation)
    attempt = attempts.begin(generation, generation.account, retry=again)
    passing("call.begun")
    return attempt


def _find_again(generation: Generation, left: Attempt) -> None:
    """A call whose holder died, or slept until it was another's: its film may be here already.

    The upstream cannot be asked.
    """
    try:
        kept = storage.size(_key(generation)) > 0
    except storage.TROUBLE as error:
        log.error("%s: our storage failed: %r", generation.public_id, error)
        lifecycle.release(generation, again_in=_STORAGE_PAUSES[-1], forgive=True)
        return
    if kept:
        _record(generation, left, Exchange(Accepted(_stored(generation))))
    elif left.outcome == AttemptOutcome.ACCEPTED:  # a film elsewhere, which can be asked for
        outcomes.under_way(generation, left)
    else:
        outcomes.abandon(generation)


async def _hold(generation: Generation, attempt: Attempt) -> None:
    keeper = asyncio.create_task(_keep_lease(generation))
    try:
        exchange = await _call(generation, attempt)
    except LeaseLost:
        log.warning("%s: somebody else has it now, and it was not sent", generation.public_id)
        await sync_to_async(outcomes.untold)(generation, attempt)
        return
    finally:
        keeper.cancel()
    passing("call.over")
    keeping = answers.Keeping(generation, attempt, exchange)
    while not await sync_to_async(keeping.done)(_record):
        await asyncio.sleep(answers.PAUSE)  # the thread is every call's


async def _keep_lease(generation: Generation) -> None:
    """Until the call is over. At the deadline the customer is freed, and a film is given late."""
    while True:
        left = (generation.deadline_at - timezone.now()).total_seconds()
        await asyncio.sleep(max(0.0, min(settings.LEASE_SECONDS / 4, left)))
        try:
            if timezone.now() >= generation.deadline_at:
                await sync_to_async(_too_late)(copy(generation))
                return
            await sync_to_async(lifecycle.renew)(generation)
        except LeaseLost:
            log.error("%s: lease lost during a blocking call", generation.public_id)
            return
        except DatabaseError as error:  # the lease outlives a few missed renewals
            log.warning("%s: lease not renewed: %s", generation.public_id, error)


def _too_late(generation: Generation) -> None:
    outcomes.give_up(generation, "deadline", outcomes.NOT_MADE)


async def _call(generation: Generation, attempt: Attempt) -> Exchange:
    limits = httpx.Timeout(settings.SEGMIND_WAIT_MAX, connect=10.0)
    async with AsyncExitStack() as opened:
        try:
            adapter = await sync_to_async(providers.adapter)(attempt.account)
            params = await sync_to_async(pictures.for_upstream)(generation, attempt.account)
            client = await opened.enter_async_context(http.blocking_client(limits))
            order = adapter.ordering(client, params, attempt.external_id, "")
            await sync_to_async(lifecycle.renew)(generation)  # the last look, as in `dispatch`
        except pictures.TROUBLE as error:
            return not_sent(error)
        if isinstance(order, Exchange):
            return order
        try:
            return await _answered(generation, client, adapter, order)
        except (httpx.HTTPError, UnicodeError, TimeoutError) as error:
            return order.unanswered(error)
        except OSError as error:  # no room for the film on our side; it was made
            told = {"error": type(error).__name__}
            return Exchange(Unknown("disk", str(error)), order.shown, told)


async def _answered(
    generation: Generation, client: httpx.AsyncClient, adapter: Adapter, order: Ordering
) -> Exchange:
    """Send it and wait for the film. Raises what httpx, the clock or our disk do."""
    async with asyncio.timeout(settings.SEGMIND_WAIT_MAX):  # in all: it may drip
        answer = await client.send(order.request, stream=True)
        told = adapter.codec.follows
        follows = told(answer.status_code, answer.headers) if told else None
        if follows is None:
            whole = adapter.hushed(await http.read(answer))
    passing("call.answered")
    if follows is None:
        return Exchange(adapter.outcome(whole), order.shown, received(whole))
    outcome = await _keep_film(generation, follows.task, answer)
    return Exchange(outcome, order.shown, headers_of(answer))


async def _keep_film(generation: Generation, told: Task, answer: httpx.Response) -> Outcome:
    """Stream the answer into our storage under a temporary key; never whole in memory.

    Raises TimeoutError when it takes longer to come than FILM_FETCH_SECONDS.
    """
    with scratch.folder() as folder:
        path = folder / "film.mp4"
        with path.open("wb") as file:
            if not await _written(answer, file):
                return Unknown("too large", "the film is larger than FILM_MAX_BYTES")
        if not await _put(generation, path):
            return Unknown("storage", "the film came, and our storage did not take it")
        passing("call.kept")
    return Accepted(_stored(generation, told))


async def _written(answer: httpx.Response, file: BinaryIO) -> bool:
    """Whether all of it is in `file`; False when there is more than FILM_MAX_BYTES."""
    async with asyncio.timeout(settings.FILM_FETCH_SECONDS):
        async for chunk in answer.aiter_bytes(256 * 1024):
            file.write(chunk)
            if file.tell() > settings.FILM_MAX_BYTES:
                return False
    return True


async def _put(generation: Generation, path: Path) -> bool:
    """Store a film that exists nowhere else; our storage gets several chances."""
    for pause in (*_STORAGE_PAUSES, None):
        try:
            with path.open("rb") as whole:
                await sync_to_async(storage.put, thread_sensitive=False)(_key(generation), whole)
        except storage.TROUBLE as error:
            log.error("%s: our storage failed: %r", generation.public_id, error)
            if pause is None:
                break
            await asyncio.sleep(pause)
        else:
            return True
    return False


def _key(generation: Generation) -> str:
    return f"incoming/{generation.public_id}.mp4"


def _stored(generation: Generation, told: Task | None = None) -> Task:
    """The task of a film that lies in our storage; `told` is what came with it, if anything did."""
    task = told or Task(id="", state=TaskState.SUCCEEDED)
    film = RemoteVideo(url=STORED + _key(generation))
    return replace(task, id=task.id or generation.public_id, videos=(film,))


def _record(generation: Generation, attempt: Attempt, exchange: Exchange) -> None:
    if not isinstance(exchange.outcome, Accepted):
        outcomes.record(generation, attempt, exchange)
        return
    with lifecycle.scope(generation):  # or nobody would know that its film lies in our storage
        outcomes.record(generation, attempt, exchange)
        passing("call.recorded")
        if generation.status == Status.IN_FLIGHT:
            outcomes.polled(generation, exchange.outcome.task)
        elif exchange.outcome.task.videos:
            late.keep(generation, exchange.outcome.task)
