"""Where films lie and how they are reached: keys, signed links that expire, byte ranges."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import IO
from urllib.parse import quote

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.core.signing import BadSignature, Signer

_CHUNK = 256 * 1024
TROUBLE: tuple[type[Exception], ...] = (OSError,)  # what a storage out of order raises
if settings.S3_BUCKET:  # boto3 is a third of what a worker reads at its start
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    TROUBLE += (Boto3Error, BotoCoreError, ClientError)


def film_key(generation_id: str, sha256: str) -> str:
    """Unguessable and final: the same film of the same generation is the same key."""
    return f"films/{generation_id}/{sha256[:32]}.mp4"


def sound_key(generation_id: str, sha256: str, suffix: str) -> str:
    """As `film_key`; the suffix says the format."""
    return f"films/{generation_id}/{sha256[:32]}{suffix}"


def picture_key(generation_id: str, sha256: str) -> str:
    """As `film_key`, of a picture that belongs to a result."""
    return f"films/{generation_id}/{sha256[:32]}.webp"


def put(key: str, content: IO[bytes]) -> None:
    """Store under `key`, replacing what a crashed try left there; visible only when whole."""
    if settings.S3_BUCKET:  # one PUT is atomic there
        default_storage.save(key, File(content))
    else:
        _put_file(Path(default_storage.path(key)), content)


def _put_file(final: Path, content: IO[bytes]) -> None:
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary = final.with_name(f".{final.name}.{secrets.token_hex(8)}")  # threads store too
    with temporary.open("wb") as file:
        while chunk := content.read(_CHUNK):
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(final)


def size(key: str) -> int:
    """Bytes stored under `key`; -1 when there is nothing."""
    return default_storage.size(key) if default_storage.exists(key) else -1


def written_at(key: str) -> datetime | None:
    """When what is stored under `key` was written; None when there is nothing."""
    return default_storage.get_modified_time(key) if default_storage.exists(key) else None


def remove(key: str) -> None:
    """Delete what is stored under `key`, if anything."""
    default_storage.delete(key)


@dataclass(frozen=True, slots=True)
class Stored:
    """A file: its key, and when it was last written."""

    key: str
    at: datetime


def listed(prefix: str, after: str = "") -> Iterator[Stored]:
    """What lies under `prefix` (ends with a slash) behind the key `after`, in order of the bytes.

    As it is now, read piece by piece; what is stored or deleted meanwhile may be there or not.
    """
    if settings.S3_BUCKET:
        bucket = default_storage.bucket  # type: ignore[attr-defined]
        for found in bucket.objects.filter(Prefix=prefix, Marker=after):
            yield Stored(found.key, found.last_modified)
    else:
        yield from _in_folder(Path(default_storage.path(prefix)), prefix, after)


def _in_folder(folder: Path, prefix: str, after: str) -> Iterator[Stored]:
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        names = sorted(entry.name + "/" * entry.is_dir() for entry in entries)
    for key in (prefix + name for name in names):
        if key.endswith("/") and (key > after or after.startswith(key)):
            yield from _in_folder(folder / key[len(prefix) :], key, after)
        elif not key.endswith("/") and key > after:
            try:
                written = (folder / key[len(prefix) :]).stat().st_mtime
            except FileNotFoundError:
                continue
            yield Stored(key, datetime.fromtimestamp(written, UTC))


def open_file(key: str) -> IO[bytes]:
    """The stored bytes."""
    return default_storage.open(key, "rb")


def link(key: str, *, name: str = "", until: datetime | None = None) -> str:
    """An absolute address of `key` that works for LINK_SECONDS, in a browser too.

    `name` is what a browser saves the file as; `until` is when it works no more in any case.
    """
    now, last = time.time(), until.timestamp() if until else inf
    if settings.S3_BUCKET:
        parameters = {"ResponseContentDisposition": f'inline; filename="{name}"'} if name else {}
        left = max(1, int(min(settings.LINK_SECONDS, last - now)))
        return str(default_storage.url(key, parameters=parameters, expire=left))  # type: ignore[call-arg]
    # Rounded up, so that a page asked for twice shows the same address and the cache holds.
    expires = int(min((now // 300 + 1) * 300 + settings.LINK_SECONDS, last))
    token = Signer(salt="media").signature(_signed(key, str(expires), name))
    named = f"&name={quote(name)}" if name else ""
    return f"{settings.SITE_URL}/media/{key}?expires={expires}{named}&sig={token}"


def place(key: str, *, content_type: str, size: int, checksum: str, seconds: int) -> str:
    """An address in the bucket that takes one PUT of such a file. `checksum`: base64 of SHA-256."""
    client = default_storage.connection.meta.client  # type: ignore[attr-defined]
    wanted = {
        "Bucket": settings.S3_BUCKET,
        "Key": key,
        "ContentType": content_type,
        "ContentLength": size,
        "ChecksumSHA256": checksum,
    }
    return str(client.generate_presigned_url("put_object", Params=wanted, ExpiresIn=seconds))


def _signed(key: str, expires: str, name: str) -> str:
    return f"{key}:{expires}:{name}" if name else f"{key}:{expires}"


def link_expires_at(address: str) -> int | None:
    """When a local link ends, Unix seconds; None for a link of another storage."""
    _, found, rest = address.partition("?expires=")
    return int(rest.partition("&")[0]) if found else None


def check_link(key: str, expires: str, signature: str, *, name: str = "") -> bool:
    """Whether a local link is ours, unchanged and not over."""
    try:
        Signer(salt="media").unsign(f"{_signed(key, expires, name)}:{signature}")
    except BadSignature:
        return False
    return expires.isdigit() and int(expires) > time.time()


@dataclass(frozen=True, slots=True)
class Range:
    """A part of a file: first byte, last byte (inclusive), and the file's whole length."""

    first: int
    last: int
    total: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


def parse_range(header: str, total: int) -> Range | None:
    """The one range of a `Range` header (RFC 9110 §14); None when it is not one we serve.

    Raises ValueError when it lies outside the file: the answer is 416.
    """
    unit, _, spec = header.partition("=")
    if unit.strip().lower() != "bytes" or "," in spec:
        return None
    first, dash, last = (part.strip() for part in spec.partition("-"))
    digits = first + last
    if not dash or not (digits.isascii() and digits.isdigit()):
        return None
    if not first:
        start, end = max(0, total - int(last)), total - 1
        if int(last) == 0:
            raise ValueError("an empty suffix")
    else:
        start, end = int(first), min(int(last), total - 1) if last else total - 1
    if start >= total or start > end:
        raise ValueError("outside the file")
    return Range(start, end, total)


def chunks(file: IO[bytes], part: Range) -> Iterator[bytes]:
    """The bytes of `part`; closes the file at the end."""
    with file:
        file.seek(part.first)
        left = part.length
        while left > 0 and (chunk := file.read(min(_CHUNK, left))):
            left -= len(chunk)
            yield chunk
