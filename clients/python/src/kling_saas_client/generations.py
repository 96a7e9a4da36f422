"""Films and other orders: made, followed, waited for, saved."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Generic, Unpack
from urllib.parse import urlsplit

from kling_saas_client import errors
from kling_saas_client.api import PAGE, Api, given, segment
from kling_saas_client.binding import Bound, K, iteration, operation
from kling_saas_client.decoding import Told, decode
from kling_saas_client.downloading import Progress, Source, save
from kling_saas_client.following import ENDED, News, ended, follow
from kling_saas_client.objects.films import Audio, Credits, Eta, Failure, Retention, Video
from kling_saas_client.objects.prices import DryRun
from kling_saas_client.orders import Order, body
from kling_saas_client.resources.resource import Resource
from kling_saas_client.steps import Flow, Iteration

WAIT = 3600.0  # seconds
_HOLD = 120  # seconds a create may be held for its end
Tell = Callable[[News], Any]


@dataclass(frozen=True, kw_only=True)
class Generation(Told, Bound[K]):
    """An order and what came of it, as it stood when it was told."""

    id: str
    livemode: bool
    status: str
    model: str
    kind: str
    input: dict[str, Any]
    credits: Credits
    eta: Eta | None
    position: int | None
    attempts: int | None
    video: Video | None
    audio: Audio | None
    result: dict[str, Any] | None
    error: Failure | None
    warnings: list[str]
    reference: str | None
    end_user: str | None
    metadata: dict[str, str]
    retention: Retention | None
    created_at: datetime
    finished_at: datetime | None
    deleted_at: datetime | None
    media_deleted_at: datetime | None
    media_trashed_at: datetime | None
    bound_to: Api = field(repr=False, compare=False)

    @property
    def ended(self) -> bool:
        """It succeeded, failed or was cancelled, and stays so."""
        return self.status in ENDED

    @property
    def succeeded(self) -> bool:
        """What was ordered is there."""
        return self.status == "succeeded"

    @property
    def came_back(self) -> int | None:
        """The credits that came back, where it ended without what was ordered."""
        if self.error:
            return self.error.refund.get("credits")
        return self.credits.quoted if self.status == "cancelled" else None

    @property
    def suffix(self) -> str:
        """How the name of what `download` saves ends: its film, or its sound where it has none."""
        file = self.video or self.audio
        return PurePosixPath(urlsplit(file.url).path).suffix if file else ".mp4"

    @operation
    def refresh(self) -> Flow[Generation[K]]:
        """As it stands now, with fresh links."""
        return _get(self.bound_to, self.id)

    @operation
    def wait(
        self, timeout: float = WAIT, *, check: bool = True, tell: Tell | None = None
    ) -> Flow[Generation[K]]:
        """As it has ended. `tell` gets each event meanwhile.

        Raises StillUnderWay, and unless `check` is false GenerationFailed.
        """
        return _waited(self, timeout, check, tell, time.monotonic() + timeout)

    @operation
    def cancel(self) -> Flow[Generation[K]]:
        """As Generations.cancel."""
        return _cancelled(self.bound_to, self.id)

    @operation
    def delete(self) -> Flow[Generation[K]]:
        """As Generations.delete."""
        return _deleted(self.bound_to, self.id)

    @operation
    def download(self, path: str | Path, *, progress: Progress | None = None) -> Flow[Path]:
        """As Generations.download."""
        return _saved(self.bound_to, self.id, path, progress)


@dataclass(frozen=True, kw_only=True)
class BatchItem(Told, Generic[K]):
    """What became of one order: its `generation`, or the `problem` for which it was refused."""

    index: int
    status: str
    replayed: bool = False
    generation: Generation[K] | None = None
    problem: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Batch(Told, Generic[K]):
    """What became of many orders; `credits` are held for those that were accepted."""

    livemode: bool
    all_or_nothing: bool
    accepted: int
    refused: int
    credits: int
    data: list[BatchItem[K]]


class Generations(Resource[K]):
    """/generations"""

    @operation
    def create(
        self, *, idempotency_key: str | None = None, **order: Unpack[Order]
    ) -> Flow[Generation[K]]:
        """Order a film, or another product by its `task`. It is accepted, and its price held.

        Sent again as often as it takes, it is made and paid once. With your own `idempotency_key`
        that holds over calls and restarts too.
        """
        return _created(self.bound_to, order, idempotency_key, 0)

    @operation
    def create_and_wait(
        self,
        *,
        timeout: float = WAIT,
        check: bool = True,
        tell: Tell | None = None,
        idempotency_key: str | None = None,
        **order: Unpack[Order],
    ) -> Flow[Generation[K]]:
        """The same, and as it has ended. Raises what `create` and `Generation.wait` do."""
        # What is to be told is in the stream, so with `tell` the answer is not held.
        hold, until = 0 if tell else min(_HOLD, int(timeout)), time.monotonic() + timeout
        made: Generation[K] = yield from _created(self.bound_to, order, idempotency_key, hold)
        found: Generation[K] = yield from _waited(made, timeout, check, tell, until)
        return found

    @operation
    def create_batch(
        self,
        orders: Sequence[Order],
        *,
        max_cost: int | None = None,
        all_or_nothing: bool = False,
        idempotency_key: str | None = None,
    ) -> Flow[Batch[K]]:
        """Many orders in one call, each with its own outcome, or with `all_or_nothing` one for all.

        `max_cost` and the key are for all of them: sent again, each is made and paid once. Raises
        InvalidRequest when none was accepted; its `problem` has in `data` why each was refused.
        """
        terms = given(max_cost=max_cost) | {"all_or_nothing": all_or_nothing}
        return _batched(self.bound_to, orders, terms, idempotency_key)

    @operation
    def check(self, **order: Unpack[Order]) -> Flow[DryRun]:
        """What an order would cost, and everything that is wrong with it; nothing is ordered."""
        fields = yield from body(self.bound_to, order)
        asked = {**fields, "dry_run": True}
        found = yield from self.bound_to.call("POST", "/generations", body=asked, repeatable=True)
        return decode(DryRun, found)

    @operation
    def get(self, generation_id: str) -> Flow[Generation[K]]:
        """One of them."""
        return _get(self.bound_to, generation_id)

    @iteration
    def list(
        self,
        *,
        status: str | None = None,
        model: str | None = None,
        kind: str | None = None,
        reference: str | None = None,
        end_user: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        page_size: int = PAGE,
    ) -> Iteration[Generation[K]]:
        """All, newest first, asked for page by page; or those that are what is given."""
        query = given(
            status=status, model=model, kind=kind, reference=reference, end_user=end_user
        ) | {"from": since, "to": until}
        read: Callable[[Any], Generation[K]] = partial(_read, self.bound_to)
        return self.bound_to.pages("/generations", read, query, page_size)

    @operation
    def cancel(self, generation_id: str) -> Flow[Generation[K]]:
        """Stop it while it is queued; every credit comes back. Raises Conflict once it is made."""
        return _cancelled(self.bound_to, generation_id)

    @operation
    def delete(self, generation_id: str) -> Flow[Generation[K]]:
        """Take it out of the lists, its film into the trash. Raises Conflict while it is made."""
        return _deleted(self.bound_to, generation_id)

    @iteration
    def events(self, generation_id: str, *, after: str = "") -> Iteration[News]:
        """Every change after the event `after`, as it happens, until it has ended."""
        return follow(self.bound_to, generation_id, after)

    @operation
    def link(self, generation_id: str) -> Flow[str]:
        """An address of the film, or of the sound where there is no film, which ends."""
        request = self.bound_to.request("GET", f"/generations/{segment(generation_id)}/content")
        answer = yield from self.bound_to.send(request)
        return answer.headers["location"]

    @operation
    def download(
        self, generation_id: str, path: str | Path, *, progress: Progress | None = None
    ) -> Flow[Path]:
        """Save the film, or the sound where there is no film. The file is whole, or not there.

        `progress` gets the bytes that came and those of the whole. Raises DownloadFailed, Conflict
        where there is nothing to save, and Gone where it is kept no more.
        """
        return _saved(self.bound_to, generation_id, path, progress)


def _read(api: Api, found: Mapping[str, Any]) -> Generation[Any]:
    return decode(Generation, dict(found), bound_to=api)


def _created(api: Api, order: Mapping[str, Any], key: str | None, hold: int) -> Flow[Any]:
    once = str(uuid.uuid4()) if key is None else key
    request = api.request("POST", "/generations", body=(yield from body(api, order)), once=once)
    return _read(api, api.told((yield from api.send(request, hold=hold))))


def _batched(
    api: Api, orders: Sequence[Mapping[str, Any]], terms: dict[str, Any], key: str | None
) -> Flow[Batch[Any]]:
    bodies = []
    for order in orders:
        bodies += [(yield from body(api, order))]
    asked, once = {"orders": bodies, **terms}, str(uuid.uuid4()) if key is None else key
    found = yield from api.call("POST", "/generations/batch", body=asked, once=once)
    return decode(Batch, found, data=[_outcome(api, each) for each in found["data"]])


def _outcome(api: Api, found: dict[str, Any]) -> BatchItem[Any]:
    made = found.get("generation")
    return decode(BatchItem, found, generation=_read(api, made) if made else None)


def _get(api: Api, name: str) -> Flow[Any]:
    return _read(api, (yield from api.call("GET", f"/generations/{segment(name)}")))


def _cancelled(api: Api, name: str) -> Flow[Any]:
    path = f"/generations/{segment(name)}/cancel"
    return _read(api, (yield from api.call("POST", path, repeatable=True)))


def _deleted(api: Api, name: str) -> Flow[Any]:
    return _read(api, (yield from api.call("DELETE", f"/generations/{segment(name)}")))


def _waited(
    made: Generation[Any], seconds: float, check: bool, tell: Tell | None, until: float
) -> Flow[Any]:
    """As it has ended; `until`, of time.monotonic, is when the `seconds` of the whole are over."""
    found = made
    if not made.ended:
        whole = yield from ended(made.bound_to, made.id, until, tell)
        found = made if whole is None else _read(made.bound_to, whole)
        if not found.ended:
            raise errors.StillUnderWay(found, seconds)
    if check and not found.succeeded:
        raise errors.GenerationFailed(found)
    return found


def _saved(api: Api, name: str, path: str | Path, progress: Progress | None) -> Flow[Path]:
    def ask() -> Flow[Source]:
        found: Generation[Any] = yield from _get(api, name)
        made = found.video or found.audio
        if made is None:
            # The API says best why there is nothing.
            yield from api.call("GET", f"/generations/{segment(name)}/content")
            raise errors.DownloadFailed(f"{name} has neither film nor sound")
        return Source(made.url, made.bytes, made.sha256)

    return save(api, ask, Path(path), progress)
