"""Upstream calls that hold the line until the film is made, by the hundred in one process.

Such an upstream cannot be asked afterwards: a call is made at most once. The attempt is written
before it; whoever finds an attempt without an answer frees the customer and tells the operator.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from pathlib import Path

import httpx
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError

from generations import attempts, lifecycle, outcomes, pictures, providers, storage
from generations.dispatch import BLOCKING
from generations.ingest import STORED
from generations.lifecycle import LeaseLost
from generations.models import Attempt, AttemptOutcome, Generation, Status
from generations.providers.base import Exchange, masked, received
from generations.wire.segmind import client as wire
from generations.wire.task import Accepted, RemoteVideo, Task, TaskState, Unknown
from kling_saas.lib import http
from kling_saas.lib.sealing import SealBroken

log = logging.getLogger(__name__)
_BATCH = 50


class Calls:
    """The calls this process holds."""

    def __init__(self) -> None:
        self._held: set[asyncio.Task[None]] = set()

    async def start_due(self) -> int:
        """Begin the calls that are due; the number begun or given up."""
        due = await sync_to_async(_claim)()
        for generation, attempt in due:
            task = asyncio.create_task(_hold(generation, attempt))
            self._held.add(task)
            task.add_done_callback(self._held.discard)
        return len(due)

    async def let_go(self) -> None:
        """Wait for what is held, as long as the supervisor's grace lasts."""
        if self._held:
            await asyncio.wait(self._held, timeout=settings.DRAIN_SECONDS)


def _claim() -> list[tuple[Generation, Attempt]]:
    begun = []
    for generation in lifecycle.claim([Status.SUBMITTING], _BATCH, only=BLOCKING):
        with lifecycle.scope(generation):
            left = Attempt.objects.filter(
                generation=generation, outcome=AttemptOutcome.UNKNOWN
            ).first()
        if left is not None:
            outcomes.abandon(generation, left)
        elif generation.account is not None:
            begun.append((generation, attempts.begin(generation, generation.account)))
    return begun


async def _hold(generation: Generation, attempt: Attempt) -> None:
    keeper = asyncio.create_task(_keep_lease(generation))
    try:
        exchange = await _call(generation, attempt)
    finally:
        keeper.cancel()
    await sync_to_async(_record)(generation, attempt, exchange)


async def _keep_lease(generation: Generation) -> None:
    while True:
        await asyncio.sleep(settings.LEASE_SECONDS / 4)
        try:
            await sync_to_async(lifecycle.renew)(generation)
        except LeaseLost:
            log.error("%s: lease lost during a blocking call", generation.public_id)
            return
        except DatabaseError as error:  # the lease outlives a few missed renewals
            log.warning("%s: lease not renewed: %s", generation.public_id, error)


async def _call(generation: Generation, attempt: Attempt) -> Exchange:
    adapter = providers.adapter(attempt.account)
    try:
        params = await sync_to_async(pictures.for_upstream)(generation, attempt.account)
        request = adapter.encode_create(params, attempt.external_id, "")
        headers = {**adapter.headers(), **request.headers}
    except (SealBroken, OSError, ObjectDoesNotExist, ValueError) as error:
        return Exchange(None, {}, {"error": f"{type(error).__name__}: {error}"})
    sent = {"method": request.method, "path": request.path, "json": masked(request.json)}
    limits = httpx.Timeout(settings.SEGMIND_WAIT_MAX, connect=10.0)
    try:
        async with (
            http.blocking_client(limits) as client,
            client.stream(
                request.method,
                adapter.address(request),
                json=request.json,
                headers=headers,
            ) as answer,
        ):
            if wire.film_follows(answer.status_code, answer.headers):
                return Exchange(await _keep_film(generation, answer), sent, {"status": 200})
            await answer.aread()
            outcome = adapter.decode_created(answer.status_code, answer.headers, answer.content)
            return Exchange(outcome, sent, received(answer))
    except httpx.HTTPError as error:
        note = {"error": type(error).__name__}
        if http.was_not_sent(error):
            return Exchange(None, sent, note)
        return Exchange(Unknown(type(error).__name__, "the line went dead"), sent, note)


async def _keep_film(generation: Generation, answer: httpx.Response) -> Accepted:
    """Stream the answer into our storage under a temporary key; never whole in memory."""
    follows = wire.film_follows(answer.status_code, answer.headers)
    key = f"incoming/{generation.public_id}.mp4"
    with tempfile.TemporaryDirectory(prefix="kling-held-") as folder:
        path = Path(folder) / "film.mp4"
        with path.open("wb") as file:
            async for chunk in answer.aiter_bytes(256 * 1024):
                file.write(chunk)
                if file.tell() > settings.FILM_MAX_BYTES:
                    raise httpx.ReadError("the film is larger than FILM_MAX_BYTES")
        with path.open("rb") as whole:
            await sync_to_async(storage.put)(key, whole)
    told = follows.task if follows else None
    return Accepted(
        Task(
            id=(told.id if told else "") or generation.public_id,
            state=TaskState.SUCCEEDED,
            videos=(RemoteVideo(url=STORED + key),),
            cost_usd=told.cost_usd if told else None,
        )
    )


def _record(generation: Generation, attempt: Attempt, exchange: Exchange) -> None:
    if isinstance(exchange.outcome, Unknown):
        outcomes.note(generation, attempt, exchange)
        outcomes.abandon(generation, attempt)
        return
    outcomes.record(generation, attempt, exchange)
    if isinstance(exchange.outcome, Accepted) and generation.status == Status.IN_FLIGHT:
        outcomes.polled(generation, exchange.outcome.task)
