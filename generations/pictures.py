"""Images on their way to an upstream: uploads as the upstream takes them, cropped when it must be.

Kling takes raw base64, the others an address. Where the route has no aspect ratio of its own and
one was asked for, the first frame is centre-cropped to it before hand-over.
"""

from __future__ import annotations

import base64
import io
import logging
from dataclasses import replace
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import Error

from generations import lifecycle, naming, providers, storage
from generations.catalogue.params import Params
from generations.catalogue.products import registry
from generations.catalogue.products.product import Path as Place
from generations.catalogue.products.product import pictures, replaced
from generations.models import Generation, Protocol, ProviderAccount, Upload
from generations.uploads import MAX_BYTES, NAMES, PREFIX, UnreadableImage, opened
from kling_saas.lib import http

log = logging.getLogger(__name__)
# What fails on our side while an order is made ready, whoever is to take it: nothing was sent.
TROUBLE: tuple[type[Exception], ...] = (*storage.TROUBLE, ObjectDoesNotExist, ValueError, Error)
_TAKES_BYTES = {Protocol.KLING}


def for_upstream(generation: Generation, account: ProviderAccount) -> Params:
    """The order with images in the form the account's upstream takes. Raises TROUBLE."""
    params = generation.order()
    if params.task:
        return _of_a_product(generation, account, params)
    crop = params.aspect_ratio if params.kind == "image2video" else None
    if crop and "aspect_ratio" not in providers.adapter(account).lost(params):
        crop = None
    changed: dict[str, Any] = {}
    for field in NAMES:
        value = getattr(params, field)
        if value:
            changed[field] = _form(generation, account, value, crop, field)
    masks = tuple(
        replace(m, mask=_form(generation, account, m.mask, None)) for m in params.dynamic_masks
    )
    params = replace(params, **changed, dynamic_masks=masks)
    return naming.for_upstream(generation, account, params)


def _of_a_product(generation: Generation, account: ProviderAccount, params: Params) -> Params:
    changes: dict[Place, str] = {
        path: _form(generation, account, value, None)
        for path, _, value in pictures(registry.get(params.task), params)
    }
    return naming.for_upstream(generation, account, replaced(params, changes))


def _form(
    generation: Generation, account: ProviderAccount, value: str, crop: str | None, field: str = ""
) -> str:
    """The picture as the account takes it, cropped to a ratio under a name of its `field`'s."""
    raw = _bytes_of(generation, value) if crop or value.startswith(PREFIX) else None
    if raw is None:
        return value
    if crop:
        raw = _cropped(raw, crop)
    if account.protocol in _TAKES_BYTES:
        return base64.b64encode(raw).decode()
    if value.startswith(PREFIX) and not crop:
        return storage.link(_upload(generation, value).key)
    key = f"inputs/{generation.organisation_id}/{generation.public_id}-{field}-cropped.jpg"
    storage.put(key, io.BytesIO(raw))
    return storage.link(key)


def _upload(generation: Generation, public_id: str) -> Upload:
    with lifecycle.scope(generation):
        found: Upload = Upload.objects.get(public_id=public_id)
    return found


def _bytes_of(generation: Generation, value: str) -> bytes | None:
    """The image, or None when an address cannot be read: then the upstream gets the address."""
    if value.startswith(PREFIX):
        with storage.open_file(_upload(generation, value).key) as file:
            return file.read()
    try:
        return b"".join(http.fetch(value, max_bytes=MAX_BYTES, max_seconds=20))
    except (http.FetchFailed, http.BlockedAddress) as error:
        log.warning("%s: image not read for cropping: %s", generation.public_id, error)
        return None


def _cropped(raw: bytes, ratio: str) -> bytes:
    """The middle of the image in `ratio` (`16:9`), as JPEG; unreadable images stay as they are."""
    across, down = (int(part) for part in ratio.split(":"))
    try:
        image = opened(raw).convert("RGB")
    except UnreadableImage:
        return raw
    width = min(image.width, image.height * across // down)
    height = min(image.height, image.width * down // across)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    out = io.BytesIO()
    image.crop((left, top, left + width, top + height)).save(out, "JPEG", quality=95)
    return out.getvalue()
