"""Files sent to the API: small ones in the request, large ones past it, to where it says."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kling_saas_client.api import Api, segment
from kling_saas_client.errors import APIError
from kling_saas_client.steps import Flow, Work

LARGE = 16 * 2**20  # bytes; what has more is sent past the API
_PIECE = 2**20
_BEGINNINGS = (
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"\x89PNG", 0, "image/png"),
    (b"WEBP", 8, "image/webp"),
    (b"WAVE", 8, "audio/wav"),
    (b"ftypM4A", 4, "audio/mp4"),
    (b"ftyp", 4, "video/mp4"),
    (b"ID3", 0, "audio/mpeg"),
    (b"\xff\xf1", 0, "audio/aac"),
    (b"\xff\xf9", 0, "audio/aac"),
    (b"\xff", 0, "audio/mpeg"),
)


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes | Path = field(repr=False)
    size: int
    sha256: str
    kind: str


def uploaded(
    api: Api,
    file: str | Path | bytes,
    content_type: str | None = None,
    presigned: bool | None = None,
) -> Flow[dict[str, Any]]:
    """The upload that was made of a file, or found again: the same bytes are one upload."""
    looked: _File = yield Work(lambda: _look(file, content_type))
    if presigned is None:
        presigned = looked.size > LARGE
    if presigned:
        return (yield from _past_the_api(api, looked))
    kind = {"Content-Type": looked.kind}
    request = api.request("POST", "/uploads", repeatable=True, headers=kind)
    answer = yield from api.send(replace(request, content=looked.content))
    return dict(api.told(answer))


def _past_the_api(api: Api, file: _File) -> Flow[dict[str, Any]]:
    announced = {"content_type": file.kind, "bytes": file.size, "sha256": file.sha256}
    place = yield from api.call("POST", "/uploads/presign", body=announced, repeatable=True)
    request = api.foreign(place["method"], place["url"], place["headers"])
    try:
        yield from api.send(replace(request, content=file.content))
    except APIError as error:
        if error.status != 409:  # a try whose answer was lost had brought it
            raise
    path = f"/uploads/{segment(place['id'])}/complete"
    return dict((yield from api.call("POST", path, repeatable=True)))


def _look(file: str | Path | bytes, content_type: str | None) -> _File:
    content = Path(file) if isinstance(file, str) else file
    if isinstance(content, bytes):
        size, digest, head = len(content), hashlib.sha256(content), content[:12]
    else:
        with content.open("rb") as opened:
            head, size, digest = opened.read(12), content.stat().st_size, hashlib.sha256()
            opened.seek(0)
            while piece := opened.read(_PIECE):
                digest.update(piece)
    return _File(content, size, digest.hexdigest(), content_type or type_of(head))


def type_of(head: bytes) -> str:
    """What a file's first bytes say that it is."""
    for beginning, place, kind in _BEGINNINGS:
        if head[place:].startswith(beginning):
            return kind
    return "application/octet-stream"
