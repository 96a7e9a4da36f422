"""Files come whole or not at all: beside their place first, proven by length and SHA-256."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, TypeAlias

from kling_saas_client import errors
from kling_saas_client.api import Api
from kling_saas_client.exchange import pause
from kling_saas_client.steps import Answer, Close, Flow, Lost, Read, Sleep, Work

Progress: TypeAlias = Callable[[int, int], Any]
_EXPIRED = {401, 403, 404, 410}  # what storages answer to a link that has ended


@dataclass(frozen=True, slots=True)
class Source:
    """A file behind a link, and what proves it."""

    url: str = field(repr=False)
    bytes: int
    sha256: str


class _Part:
    """What has come so far, in a file beside the place."""

    def __init__(self, place: Path) -> None:
        self.path = place.with_name(f".{place.name}.{secrets.token_hex(4)}.part")
        self.file: IO[bytes] = self.path.open("xb")
        self.begin()

    def begin(self) -> None:
        """Anew."""
        self.file.seek(0)
        self.file.truncate()
        self.size, self.digest = 0, hashlib.sha256()

    def add(self, piece: bytes) -> None:
        self.file.write(piece)
        self.digest.update(piece)
        self.size += len(piece)

    def keep(self, place: Path) -> None:
        """It is whole: it takes its place in one step."""
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        self.path.replace(place)

    def drop(self) -> None:
        """Nothing is left of it, unless it took its place."""
        try:
            self.file.close()  # which may write what a full disk has no room for
        finally:
            self.path.unlink(missing_ok=True)


def try_place(place: Path) -> None:
    """Raises OSError where no file can be made to be saved at the place."""
    _Part(place).drop()


def save(
    api: Api, ask: Callable[[], Flow[Source]], place: Path, progress: Progress | None
) -> Flow[Path]:
    """The file that `ask` tells of, at `place`; what was there is replaced when it is whole.

    A connection that breaks is taken up where it broke, a link that ended is asked for anew.
    Raises DownloadFailed, and what `ask` does.
    """
    part: _Part = yield Work(lambda: _Part(place))
    try:
        failures = 0
        while True:
            source = yield from ask()
            before = part.size
            why = yield from _fetched(api, source, part, progress)
            if not why:
                break
            failures = 1 if part.size > before else failures + 1
            if failures > api.settings.max_retries:
                raise errors.DownloadFailed(f"{place}: {why}")
            yield Sleep(pause(failures))
        yield Work(lambda: part.keep(place))
    finally:
        part.drop()
    return place


def _fetched(api: Api, source: Source, part: _Part, progress: Progress | None) -> Flow[str]:
    """Adds what one connection brings; why it is not whole, or ""."""
    came = yield from _opened(api, source, part)
    if isinstance(came, str):
        return came
    if part.size and came.status != 206:
        part.begin()
    while piece := (yield Read()):
        if isinstance(piece, Lost):
            return piece.why
        yield Work(lambda piece=piece: part.add(piece))  # type: ignore[misc]
        if part.size > source.bytes:
            break
        if progress:
            progress(part.size, source.bytes)
    yield Close()
    if part.size < source.bytes:
        return f"{part.size} of {source.bytes} bytes came"
    if part.digest.hexdigest() != source.sha256:
        part.begin()
        return "what came is another file"
    return ""


def _opened(api: Api, source: Source, part: _Part) -> Flow[Answer | str]:
    more = {"Range": f"bytes={part.size}-"} if part.size else {}
    request = api.foreign("GET", source.url, {"Accept-Encoding": "identity", **more})
    try:
        return (yield from api.open(request))
    except errors.ConnectionFailed as error:
        return str(error)
    except errors.APIError as error:
        if error.status == 416:
            part.begin()
        elif error.status not in _EXPIRED:
            raise
        return error.detail
