"""What a customer sends: images decoded and re-encoded, films and sounds measured; kept once."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import logging
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import datetime
from typing import IO, Any

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import Case, F, QuerySet, Value, When
from django.db.models.functions import Now
from PIL import Image, ImageOps, UnidentifiedImageError

from accounts import tenancy
from accounts.actors import Actor
from generations import sounds, storage
from generations.catalogue import media
from generations.catalogue.params import Params
from generations.catalogue.products.product import written
from generations.errors import InvalidRequest
from generations.films import BadFilm
from generations.models import Upload
from kling_saas.lib import scratch
from kling_saas.lib.postgresql import locks
from kling_saas.lib.refusals import Unavailable

log = logging.getLogger(__name__)
MAX_BYTES = media.IMAGE_MAX_BYTES
TOO_LARGE = f"at most {MAX_BYTES} bytes ({MAX_BYTES // 2**20} MB): send a smaller file."
MAX_PIXELS = 40_000_000
CALL_PIXELS = 5 * MAX_PIXELS  # of one call that brings many pictures
LEAST_SIDE, WIDEST = 300, 2.5  # px; ratio between 1:2.5 and 2.5:1, Kling's limits
PREFIX = "upl_"
NAMES = ("image", "image_tail", "static_mask")
_AGAIN = 5  # seconds until a storage that was out of order is worth another try
_HEAD = 12  # bytes that tell films and sounds from everything else
_KEPT_FACTS = {"transparency", "icc_profile"}  # comments and XMP tell places and names


class _Call:
    """The pictures that one call has brought so far, by what they are as they came."""

    def __init__(self) -> None:
        self.pictures: dict[tuple[bytes, bool], Upload] = {}
        self.pixels = 0


_call: ContextVar[_Call | None] = ContextVar("pictures of a call", default=None)


@contextmanager
def one_call() -> Iterator[None]:
    """Meanwhile each picture is decoded once, and CALL_PIXELS in all: a call of one actor's may
    name many, and each costs as much as its pixels say.
    """
    token = _call.set(_Call())
    try:
        yield
    finally:
        _call.reset(token)


def take_in(actor: Actor, params: Params) -> Params:
    """`params` with images that came as bytes replaced by uploads; addresses stay as they are.

    Raises InvalidRequest naming every field at fault.
    """
    images = {name: value for name in NAMES if (value := getattr(params, name))}
    if not images and not params.dynamic_masks:
        return params
    found: list[dict[str, Any]] = []

    def taken(field: str, value: str) -> str:
        if media.is_address(value):
            return value
        try:
            return one(actor, field, value)
        except InvalidRequest as refusal:
            found.extend(refusal.violations)
            return value

    changed: dict[str, Any] = {name: taken(name, value) for name, value in images.items()}
    changed["dynamic_masks"] = tuple(
        replace(m, mask=taken(written(("dynamic_masks", n, "mask")), m.mask))
        for n, m in enumerate(params.dynamic_masks)
    )
    made = replace(params, **changed)
    found = found or list(_unfit_brushes(actor, made))
    if found:
        raise InvalidRequest.all(found)
    return made


def _unfit_brushes(actor: Actor, params: Params) -> Iterator[dict[str, Any]]:
    """What of the motion brush does not fit the image; nothing where the image is an address.

    Kling fails a task whose masks have not the image's ratio of width and height, and reads the
    points of a trajectory as pixels of the image, from its lower left corner.
    """
    masks = {
        written(("dynamic_masks", n, "mask")): mask.mask
        for n, mask in enumerate(params.dynamic_masks)
    }
    if params.static_mask:
        masks["static_mask"] = params.static_mask
    size = _sizes(actor, [params.image or "", *masks.values()]) if masks else {}
    if params.image not in size:
        return
    width, height = size[params.image]
    for field, mask in masks.items():
        across, down = size.get(mask, (width, height))
        # Scaled to whole pixels, the two may differ by one.
        if abs(across * height - down * width) > max(width, height):
            yield {
                "field": field,
                "code": "bad_image",
                "message": f"{field}: {across}×{down} pixels, and the image has {width}×{height}: "
                "send a mask of the image's size.",
            }
    for position, moved in enumerate(params.dynamic_masks):
        beyond = [point for point in moved.trajectories if point[0] > width or point[1] > height]
        if beyond:
            field, (x, y) = written(("dynamic_masks", position, "trajectories")), beyond[0]
            yield {
                "field": field,
                "code": "out_of_range",
                "message": f"{field}: {x}, {y} lies outside of the image of {width}×{height} "
                f"pixels: send x from 0 to {width} and y from 0 to {height}.",
            }


def _sizes(actor: Actor, named: Iterable[str]) -> dict[str | None, tuple[int, int]]:
    """Width and height of those that are uploads, in pixels."""
    with tenancy.scope(actor.organisation_id):
        rows = Upload.objects.filter(public_id__in=[n for n in named if n.startswith(PREFIX)])
        return {each.public_id: (each.width, each.height) for each in rows}


def one(actor: Actor, field: str, value: str) -> str:
    """The upload of an image that came as bytes, or of one sent before. Raises InvalidRequest."""
    if value.startswith(PREFIX):
        with tenancy.scope(actor.organisation_id):
            known = Upload.objects.filter(public_id=value, livemode=actor.livemode).first()
        if known and not known.content_type.startswith("image"):
            is_one = known.content_type.partition("/")[0]
            raise InvalidRequest.one(
                field,
                "bad_media",
                f"{field}: {value} is of kind {is_one}, not image: send {media.FORMS}.",
            )
        if not known:
            raise InvalidRequest.one(
                field,
                "unknown_upload",
                f"{field}: there is no upload {value}: send the image again.",
            )
        return value
    encoded = value.partition(",")[2] if value.startswith("data:") else value
    try:
        raw = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise InvalidRequest.one(
            field, "not_an_image", f"{field}: neither an address nor base64: send one of the two."
        ) from None
    return store(actor, raw, field=field).public_id


def read(file: UploadedFile[bytes], *, field: str) -> bytes:
    """The bytes of a form's file, unless it is too large to be read. Raises InvalidRequest."""
    size = file.size or 0
    if size > MAX_BYTES:
        raise InvalidRequest.one(field, "bad_image", f"{field}: {size} bytes; {TOO_LARGE}")
    return bytes(file.read())


def store(
    actor: Actor, raw: bytes, *, field: str = "image", public_id: str = "", alone: bool = False
) -> Upload:
    """Check and store an image, or find the same one again. Raises InvalidRequest.

    `public_id` is its id if it is new, where it was told one before. `alone`: it came by itself,
    not in an order, and so does not go with one of somebody else.
    """
    call = _call.get()
    known = hashlib.sha256(raw).digest(), alone
    if call and known in call.pictures:
        return call.pictures[known]
    if call and call.pixels >= CALL_PIXELS:
        raise InvalidRequest.one(
            field,
            "too_large",
            f"{field}: the pictures of this call have more than {CALL_PIXELS // 10**6} million "
            "pixels in all: upload them one by one and send their ids.",
        )
    clean, content_type, width, height = _cleaned(raw, field)
    made = _kept(
        actor, io.BytesIO(clean), hashlib.sha256(clean).hexdigest(), alone,
        content_type=content_type, bytes=len(clean), width=width, height=height,
        **_called(public_id),
    )  # fmt: skip
    if call:
        call.pixels += width * height
        call.pictures[known] = made
    return made


def store_any(actor: Actor, raw: bytes, *, field: str) -> Upload:
    """An image, a film or a sound that came by itself, told apart by its first bytes.

    Raises InvalidRequest.
    """
    if media.is_image(raw):
        return store(actor, raw, field=field, alone=True)
    if len(raw) >= _HEAD and sounds.looks_like_one(raw[:_HEAD]):
        return store_medium(actor, [raw], "", field=field, alone=True)
    raise InvalidRequest.one(
        field,
        "bad_media",
        f"{field}: neither an image (JPEG, PNG, WebP), nor a film (MP4), nor a sound (MP3, WAV, "
        "M4A, AAC): send one of these.",
    )


def store_medium(
    actor: Actor,
    parts: Iterable[bytes],
    medium: str,
    *,
    field: str,
    public_id: str = "",
    alone: bool = False,
) -> Upload:
    """Measure and store a film or a sound, or find the same one again. Raises InvalidRequest.

    It goes through a file, so that its size costs no memory. The rest as with `store`.
    """
    with not_taken(), scratch.folder() as folder:
        path = folder / "sent"
        with path.open("wb") as file:
            file.writelines(parts)
        try:
            found = sounds.measure(path, medium)
        except BadFilm as problem:
            raise InvalidRequest.one(
                field, "bad_media", f"{field}: {problem}: send another file."
            ) from None
        shape = found.shape or sounds.Shape(0, 0, None)
        with path.open("rb") as content:
            return _kept(
                actor, content, found.sha256, alone, content_type=found.form.content_type,
                bytes=found.size, width=shape.width, height=shape.height, fps=shape.fps,
                duration_ms=found.duration_ms, **_called(public_id),
            )  # fmt: skip


def _called(public_id: str) -> dict[str, str]:
    return {"public_id": public_id} if public_id else {}


@contextmanager
def not_taken() -> Iterator[None]:
    """What fails here, on our disk or in the storage, is ours. Raises Unavailable."""
    try:
        yield
    except storage.TROUBLE as trouble:
        log.error("an upload could not be stored: %s", trouble)
        raise Unavailable(
            "Our storage did not take the file, and nothing was kept: send it again.",
            retry_after=_AGAIN,
        ) from trouble


def _kept(actor: Actor, content: IO[bytes], digest: str, alone: bool, **facts: Any) -> Upload:
    """The stored file's row, or that of the same file before. Raises Unavailable, keeping none."""
    key = f"inputs/{actor.organisation_id}/{digest}"
    with tenancy.scope(actor.organisation_id):
        mine = Upload.objects.filter(
            organisation_id=actor.organisation_id, livemode=actor.livemode, sha256=digest
        )
        if found := _again(actor, mine, alone):
            return found
        # A file is put before its row and deleted after it: without the lock, one that is sent
        # again could be deleted as the old row's.
        locks.hold(key)
        with not_taken():
            storage.put(key, content)
        try:
            with transaction.atomic():
                created: Upload = Upload.objects.create(
                    organisation_id=actor.organisation_id,
                    livemode=actor.livemode,
                    sha256=digest,
                    key=key,
                    sent_by=actor.end_user if alone else None,
                    **facts,
                )
        except IntegrityError:  # the same image, sent twice at once
            created = _again(actor, mine, alone) or mine.get()
    return created


def _again(actor: Actor, mine: QuerySet[Upload], alone: bool) -> Upload | None:
    """The row of the same file sent before; kept as long as one that comes for the first time."""
    # Of what two have sent no end user's order disposes: it is the organisation's.
    unknown = When(sent_by=None, then=Value(actor.end_user))
    sender = Case(unknown, When(sent_by=actor.end_user, then=F("sent_by")), default=Value(""))
    mine.update(sent_at=Now(), **({"sent_by": sender} if alone else {}))
    return mine.first()


def remove_file(key: str, limit: datetime | None = None) -> bool:
    """Delete a file that no upload names; False when one does by now, or it was written anew.

    `limit`: the moment since which it must not have been written.
    """
    with tenancy.system("a file is several uploads' when it was sent in both modes"):
        locks.hold(key)
        if Upload.objects.filter(key=key).exists():
            return False
        if limit and not (storage.written_at(key) or limit) < limit:
            return False
        storage.remove(key)
    return True


class UnreadableImage(ValueError):
    """Not an image we decode; the text says why and what to do."""


def opened(raw: bytes) -> Image.Image:
    """The decoded image, upright. Raises UnreadableImage, whatever is wrong with it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image: Image.Image = Image.open(io.BytesIO(raw), formats=["JPEG", "PNG", "WEBP"])
            width, height = image.size
            if width * height > MAX_PIXELS:
                most = MAX_PIXELS // 10**6
                raise UnreadableImage(
                    f"{width}×{height} pixels; at most {most} million: scale it down."
                )
            return ImageOps.exif_transpose(image)  # before the note that says so goes
    except UnreadableImage:
        raise
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError,
            Image.DecompressionBombWarning):  # fmt: skip
        raise UnreadableImage("not a JPEG, PNG or WebP image that can be decoded.") from None


def _cleaned(raw: bytes, field: str) -> tuple[bytes, str, int, int]:
    """The image re-encoded without metadata. Raises InvalidRequest with the limit it breaks."""

    def refuse(problem: str) -> InvalidRequest:
        return InvalidRequest.one(field, "bad_image", f"{field}: {problem}")

    if len(raw) > MAX_BYTES:
        raise refuse(f"{len(raw)} bytes; {TOO_LARGE}")
    try:
        image = opened(raw)
    except UnreadableImage as problem:
        raise refuse(str(problem)) from None
    width, height = image.size
    image.info = {k: v for k, v in image.info.items() if k in _KEPT_FACTS}
    if min(width, height) < LEAST_SIDE:
        raise refuse(f"{width}×{height} pixels; each side needs at least 300: send a larger one.")
    if not 1 / WIDEST <= width / height <= WIDEST:
        raise refuse(f"{width}×{height}; the ratio must lie between 1:2.5 and 2.5:1: crop it.")
    out = io.BytesIO()
    if image.mode in {"RGBA", "LA", "P"}:
        image.convert("RGBA").save(out, "PNG")
        return out.getvalue(), "image/png", width, height
    image.convert("RGB").save(out, "JPEG", quality=95)
    return out.getvalue(), "image/jpeg", width, height
