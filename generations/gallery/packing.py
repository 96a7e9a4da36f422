"""Films as one ZIP file, made while it is sent: no film is ever held in memory.

Each film with its poster, and at the end two lists of all of them, `manifest.json` and
`manifest.csv`, with what they were ordered as and what they cost.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings

from generations import presenting, storage
from generations.models import Video
from kling_saas.lib.moments import iso
from kling_saas.lib.refusals import Conflict
from kling_saas.lib.sheets import written

_CHUNK = 256 * 1024
_COLUMNS = (
    "file", "poster", "id", "generation", "title", "tags", "prompt", "model", "mode", "kind",
    "seconds", "width", "height", "credits", "sha256", "created_at",
)  # fmt: skip


class _Outlet(io.RawIOBase):
    """Takes what is written until it is fetched; nothing written before can be reached again."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(self._parts[-1])

    def fetched(self) -> bytes:
        """What was written since the last time."""
        found = b"".join(self._parts)
        self._parts.clear()
        return found


def must_fit(films: Sequence[Video]) -> None:
    """Raises Conflict for more films or bytes than one file may have."""
    size = sum(film.bytes for film in films)
    if len(films) > settings.ZIP_MAX_FILMS or size > settings.ZIP_MAX_BYTES:
        raise Conflict(
            f"One ZIP file has at most {settings.ZIP_MAX_FILMS} films and "
            f"{settings.ZIP_MAX_BYTES / 10**9:.1f} GB; these are {len(films)} with "
            f"{size / 10**9:.1f} GB: choose fewer."
        )


def packed(films: Sequence[Video]) -> Iterator[bytes]:
    """The ZIP file, piece by piece. A film whose file is lost is in the lists without one."""
    outlet = _Outlet()
    rows = []
    with zipfile.ZipFile(outlet, "w") as archive:
        for film in films:
            row = _row(film)
            for column, key in (("file", film.key), ("poster", film.poster_key)):
                if key and storage.size(key) >= 0:
                    yield from _file(archive, outlet, row[column], key)
                else:
                    row[column] = ""
            rows.append(row)
        archive.writestr("manifest.json", json.dumps(rows, indent=2, ensure_ascii=False))
        archive.writestr("manifest.csv", "\ufeff" + _table(rows))
    yield outlet.fetched()


def _file(archive: zipfile.ZipFile, outlet: _Outlet, name: str, key: str) -> Iterator[bytes]:
    """One stored file; films and posters are compressed already."""
    with (
        storage.open_file(key) as stored,
        archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as entry,
    ):
        while chunk := stored.read(_CHUNK):
            entry.write(chunk)
            yield outlet.fetched()


def _row(film: Video) -> dict[str, Any]:
    made = film.generation
    order = made.order()
    name = presenting.file_name(made, "mp4")
    return {
        "file": name,
        "poster": name.removesuffix("mp4") + "webp",
        "id": film.public_id,
        "generation": made.public_id,
        "title": film.title,
        "tags": film.tags,
        "prompt": order.words,
        "model": made.model,
        "mode": order.mode,
        "kind": made.kind,
        "seconds": round(film.duration_ms / 1000, 3),
        "width": film.width,
        "height": film.height,
        "credits": made.charged,
        "sha256": film.sha256,
        "created_at": iso(film.created_at),
        "input": presenting.ordered(made.params),
    }


def _table(rows: Sequence[dict[str, Any]]) -> str:
    told = [{**row, "tags": ", ".join(row["tags"])} for row in rows]
    return written([_COLUMNS, *([row[name] for name in _COLUMNS] for row in told)])
