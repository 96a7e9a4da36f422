"""Files sent past the API: announced, sent to where they are kept, and then looked at.

The way for what is too large for a request. What is announced is a condition of the address, and
is looked at again when the file is here.
"""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from accounts import tenancy
from accounts.actors import Actor
from generations import access, fetching, storage, uploads
from generations.catalogue import media
from generations.errors import InvalidRequest, Needed, NotSent
from generations.models import Incoming, Upload
from generations.sounds import AUDIO_TYPES
from kling_saas.lib import pages, scratch
from kling_saas.lib.postgresql import locks
from kling_saas.lib.refusals import Conflict, Forbidden, NotFound, RateLimited

log = logging.getLogger(__name__)
TYPES = ("image/jpeg", "image/png", "image/webp", "video/mp4", *sorted(AUDIO_TYPES))
AT_ONCE = 50  # files announced, or lying here, and not complete, of one organisation and mode
VALID = timedelta(hours=1)
_KEPT = timedelta(days=1)
_PIECE = 256 * 1024
_BATCH = 500
_SALT = "incoming"


def most(content_type: str) -> int:
    """The largest file of a kind, in bytes."""
    is_image = content_type.startswith("image/")
    return media.IMAGE_MAX_BYTES if is_image else int(settings.UPLOAD_MAX_BYTES)


@dataclass(frozen=True, slots=True)
class Place:
    """Where to send a file by PUT, and the headers to send with it."""

    incoming: Incoming
    url: str
    headers: dict[str, str]


def announce(actor: Actor, *, content_type: str, size: int, sha256: str) -> Place:
    """A place for a file of this kind, of so many bytes with this SHA-256 (hex).

    Raises Forbidden, Unavailable, and RateLimited while too many are announced and not complete.
    """
    _must_send(actor)
    with tenancy.scope(actor.organisation_id):
        locks.hold(f"announced/{actor.organisation_id}/{actor.livemode}")
        if not _has_room(actor):
            raise RateLimited(
                f"{AT_ONCE} files are announced and not complete: complete some of them first.",
                retry_after=60,
            )
        incoming = Incoming.objects.create(
            organisation_id=actor.organisation_id,
            livemode=actor.livemode,
            content_type=content_type,
            bytes=size,
            sha256=sha256,
            expires_at=timezone.now() + VALID,
        )
    headers = {"Content-Type": content_type, "Content-Length": str(size)}
    if settings.S3_BUCKET:
        checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
        headers["x-amz-checksum-sha256"] = checksum
        address = storage.place(
            incoming.key,
            content_type=content_type,
            size=size,
            checksum=checksum,
            seconds=int(VALID.total_seconds()),
        )
        return Place(incoming, address, headers)
    token = Signer(salt=_SALT).sign(f"{actor.organisation_id}.{incoming.public_id}")
    address = f"{settings.SITE_URL}/api/v1/uploads/incoming/{quote(token)}"
    return Place(incoming, address, headers)


def _has_room(actor: Actor) -> bool:
    """Whether one more may be announced; what ended with nothing sent is forgotten for that."""
    waiting = _mine(actor).filter(became="")
    if waiting.count() < AT_ONCE:
        return True
    with uploads.not_taken():
        ended = waiting.filter(expires_at__lte=Now())
        empty = [each.pk for each in ended if storage.size(each.key) < 0]
    waiting.filter(pk__in=empty).delete()
    return bool(waiting.count() < AT_ONCE)


def _must_send(actor: Actor) -> None:
    if not actor.may_order:
        raise Forbidden(f"Your role ({actor.role}) sends no files: ask an owner.")


def _mine(actor: Actor) -> QuerySet[Incoming]:
    rows: QuerySet[Incoming] = Incoming.objects.filter(
        organisation_id=actor.organisation_id, livemode=actor.livemode
    )
    return rows


def expected(token: str) -> Incoming:
    """What may be sent to a signed address of ours now. Raises NotFound and Conflict."""
    try:
        owner, _, name = Signer(salt=_SALT).unsign(token).partition(".")
    except BadSignature:
        raise NotFound("This address is not one that we gave.") from None
    with tenancy.scope(int(owner)):
        found: Incoming | None = Incoming.objects.filter(public_id=name).first()
    if found is None or found.expires_at <= timezone.now():
        raise NotFound("This address has ended: announce the file again.")
    if found.became:
        raise Conflict(f"{found.public_id} is complete: it takes no other file.")
    return found


def receive(incoming: Incoming, read: Callable[[int], bytes]) -> None:
    """Store what comes, piece by piece. Raises InvalidRequest unless it is what was announced,
    RateLimited while too many send, and Unavailable.
    """
    with (
        fetching.ROOM.place(incoming.organisation_id),
        uploads.not_taken(),
        scratch.folder() as folder,
    ):
        path = folder / "sent"
        with path.open("wb") as file:
            file.writelines(_proven(incoming, iter(lambda: read(_PIECE), b"")))
        with path.open("rb") as file:
            storage.put(incoming.key, file)


def _proven(incoming: Incoming, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same pieces; in the end raises InvalidRequest if they are not what was announced."""
    digest, size = hashlib.sha256(), 0
    for piece in pieces:
        size += len(piece)
        if size > incoming.bytes:
            break
        digest.update(piece)
        yield piece
    if size != incoming.bytes:
        came = "more" if size > incoming.bytes else f"{size}"
        raise InvalidRequest.one(
            "bytes",
            "conflict",
            f"bytes: {came} came, {incoming.bytes} were announced: send it again.",
        )
    if digest.hexdigest() != incoming.sha256:
        raise InvalidRequest.one(
            "sha256", "conflict", "sha256: what came has another one: send it again."
        )


def complete(actor: Actor, public_id: str) -> Upload:
    """Look at what was sent, and keep it as an upload. Repeatable.

    Raises Forbidden, NotFound, NotSent, Unavailable, and InvalidRequest for what is not what was
    announced or is no such file: that is deleted, and may be sent again.
    """
    _must_send(actor)
    with tenancy.scope(actor.organisation_id):
        incoming = _mine(actor).filter(public_id=public_id).first()
    if incoming is None:
        raise _unknown(public_id)
    if not incoming.became:
        with uploads.not_taken():
            if storage.size(incoming.key) < 0:
                _refresh(incoming)
                if not incoming.became:
                    raise NotSent(f"Nothing was sent for {public_id}: PUT the file first.")
    if not incoming.became:
        _look_at(actor, incoming)
    return find(actor, incoming.became)


def _refresh(incoming: Incoming) -> None:
    with tenancy.scope(incoming.organisation_id):
        incoming.refresh_from_db()


def _look_at(actor: Actor, incoming: Incoming) -> None:
    try:
        upload = _kept(actor, incoming)
    except InvalidRequest:
        with uploads.not_taken():
            storage.remove(incoming.key)
        raise
    with tenancy.scope(actor.organisation_id):
        Incoming.objects.filter(pk=incoming.pk).update(became=upload.public_id)
    incoming.became = upload.public_id
    try:
        storage.remove(incoming.key)
    except storage.TROUBLE as trouble:  # goes with the row
        log.warning("%s: not deleted yet: %r", incoming.key, trouble)


def _kept(actor: Actor, incoming: Incoming) -> Upload:
    pieces = _proven(incoming, _stored(incoming))
    medium = incoming.content_type.partition("/")[0]
    named = incoming.public_id
    if medium == "image":
        with uploads.not_taken():
            raw = b"".join(pieces)
        return uploads.store(actor, raw, field="file", public_id=named, alone=True)
    return uploads.store_medium(actor, pieces, medium, field="file", public_id=named, alone=True)


def _stored(incoming: Incoming) -> Iterator[bytes]:
    with storage.open_file(incoming.key) as file:
        yield from iter(lambda: file.read(_PIECE), b"")


# -------------------------------------------------------------------- what was sent


@dataclass(frozen=True, slots=True)
class Sent:
    """A page of uploads; `after` is the cursor of the next one."""

    uploads: list[Upload]
    after: str | None


def _kept_by(actor: Actor) -> QuerySet[Upload]:
    rows: QuerySet[Upload] = Upload.objects.filter(
        organisation_id=actor.organisation_id, livemode=actor.livemode
    )
    return rows


def _unknown(public_id: str) -> NotFound:
    return NotFound(f"There is no upload {public_id[:60]!r}.")


def find(actor: Actor, public_id: str) -> Upload:
    """An upload of the actor's. Raises NotFound."""
    with tenancy.scope(actor.organisation_id):
        found = _kept_by(actor).filter(public_id=public_id).first()
    if found is None:
        raise _unknown(public_id)
    return found


def page(actor: Actor, *, after: str = "", limit: int = 20, pictures: bool = False) -> Sent:
    """Uploads, or `pictures` alone, newest first.

    Raises NotFound for a cursor that is not the actor's, and Forbidden for an end user: nobody
    knows whose each of them is.
    """
    if actor.end_user:
        raise Forbidden("An end user's token lists no uploads: ask your own server.")
    with tenancy.scope(actor.organisation_id):
        rows = _kept_by(actor)
        if pictures:
            rows = rows.filter(content_type__startswith="image/")
        if after:
            rows = rows.filter(pk__lt=find(actor, after).pk)
        return Sent(*pages.first(rows.order_by("-pk"), limit))


def delete(actor: Actor, public_id: str) -> None:
    """Delete an upload. Raises Forbidden, NotFound, and Needed while an order under way names it.

    An order that is being accepted has the row locked, or finds it gone and is refused.
    """
    _must_send(actor)
    with tenancy.scope(actor.organisation_id), transaction.atomic():
        row = _kept_by(actor).filter(public_id=public_id).select_for_update().first()
        if row is None:
            raise _unknown(public_id)
        if order := access.unfinished_with(actor, [public_id]):
            raise Needed(f"{order} is under way and begins with {public_id}.")
        row.delete()
    try:
        uploads.remove_file(row.key)
    except storage.TROUBLE as trouble:  # found again as a file that nobody names
        log.warning("%s: not deleted yet: %r", row.key, trouble)


def forget_incoming() -> int:
    """Delete a batch of what was announced a day ago, its files first; how many."""
    with tenancy.system("files that are not completed are forgotten for every tenant"):
        old = Incoming.objects.filter(created_at__lt=Now() - _KEPT)
        batch = list(old.order_by("created_at")[:_BATCH])
        for incoming in batch:
            storage.remove(incoming.key)
        Incoming.objects.filter(pk__in=[incoming.pk for incoming in batch]).delete()
    return len(batch)
