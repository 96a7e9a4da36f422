"""The films and sounds that an order names: found among what was made here, or fetched and kept.

In a stored order they are names of files beside the films, by content, so that equal orders stay
equal whatever the link was.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from generations.catalogue import media
from generations.catalogue.params import Params
from generations.catalogue.products import checking
from generations.catalogue.products.fields import Thing
from generations.catalogue.products.product import Path as Place
from generations.catalogue.products.product import Product, films, replaced, things, written
from generations.catalogue.products.sources import VIDEO_MAX_BYTES, Source, decoded
from generations.catalogue.reading import is_token
from generations.sandbox.film import reel
from generations.sandbox.renderer import FILE, fetch
from generations.sandbox.store import Record
from generations.sandbox.vendor import Vendor
from generations.wire.task import BadRequest, TaskState

_PAINTED = Source(seconds=5)  # what stands in for a film that the sandbox may not fetch


async def take_in(vendor: Vendor, account: str, product: Product, params: Params) -> Params:
    """The whole order, what its films decide included. Raises BadRequest, InvalidRequest."""
    sources: dict[str, Source] = {}
    changes: dict[Place, str] = {}
    for path, field, value in films(product, params):
        name = written(path)
        found = await _found(vendor, account, name, value)
        sources[name] = found[1]
        changes[path] = found[0]
        if field.made_by and not found[1].model:
            raise BadRequest(name, "is not a video of yours")
    params = replaced(params, changes)
    for path, thing, value in things(product, params):
        if isinstance(thing, Thing) and thing.made_by:
            record = vendor.store.find("kling", account, value)
            if record is None or record.kind not in thing.made_by:
                raise BadRequest(written(path), "is unknown or has ended")
            film = str(record.order.inputs["video"])
            params = replace(params, inputs={**params.inputs, "video": film})
            sources[written(path)] = await _measured(vendor, film, record)
    return checking.complete(product, params, sources)


def refuse_deleted(vendor: Vendor, product: Product | None, params: Params) -> None:
    """Raises BadRequest for a voice or element that was deleted."""
    named = [value for _, _, value in things(product, params)] if product else []
    for value in (*named, *params.voices, *params.elements):
        if vendor.store.is_deleted(value):
            raise BadRequest("voice_id or element_id", f"{value} not found")


async def _found(vendor: Vendor, account: str, name: str, value: str) -> tuple[str, Source]:
    """The value as orders are stored, and what is known of it."""
    if media.is_address(value):
        if urlsplit(value).hostname not in vendor.settings.image_hosts:
            return value, _PAINTED
        content = await asyncio.to_thread(_fetched, name, value)
    elif is_token(value):
        record = vendor.made(account, value)
        if record is None or vendor.task(record).state is not TaskState.SUCCEEDED:
            raise BadRequest(name, "there is no such film or sound")
        film = f"{FILE}{vendor.studio.made(record).name}"
        return film, await _measured(vendor, film, record)
    else:
        content = decoded(value)
    kept = vendor.studio.keep(hashlib.sha256(content).hexdigest()[:40], content)
    film = f"{FILE}{kept.name}"
    return film, await _measured(vendor, film, None, name)


def _fetched(name: str, address: str) -> bytes:
    try:
        return fetch(address, VIDEO_MAX_BYTES)
    except OSError as trouble:
        raise BadRequest(name, f"cannot be read: {trouble}") from None


async def _measured(
    vendor: Vendor, film: str, record: Record | None, name: str = "video"
) -> Source:
    path: Path = vendor.studio.folder / film.removeprefix(FILE)
    if not path.exists():
        return _PAINTED
    try:
        opened = await asyncio.to_thread(reel.open_reel, path)
    except OSError as trouble:
        raise BadRequest(name, str(trouble)) from None
    known = Source(seconds=opened.seconds, frames=round(opened.seconds * opened.fps))
    return replace(known, model=record.order.model, mode=record.order.mode) if record else known
