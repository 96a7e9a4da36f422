"""Rows that name a file which is not there: told to a person, never mended by deleting."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from accounts import tenancy
from generations import storage
from generations.models import AlarmKind, Audio, Upload, Video
from generations.providers import alarms
from generations.reconciliation.finding import Finding, Kind, Look, Page

_BATCH, _AT_ONCE = 200, 8  # rows; questions to the storage
_WHY = "files of every tenant are looked for"


@dataclass(frozen=True, slots=True)
class _Shelf:
    """A table whose rows name files."""

    what: str
    rows: type[Video] | type[Audio] | type[Upload]
    columns: tuple[str, ...]


_SHELVES = (
    _Shelf("film", Video, ("key", "poster_key", "preview_key", "marked_key")),
    _Shelf("sound", Audio, ("key", "wav_key")),
    _Shelf("upload", Upload, ("key",)),
)


def files(look: Look) -> Page:
    """The next few hundred rows. An alarm rings for each file until it is there again."""
    if look.mend and not look.after:
        _resolve()
    place, _, last = (look.after or "0:0").partition(":")
    shelf = _SHELVES[int(place)]
    with tenancy.system(_WHY):
        rows = shelf.rows.objects.filter(pk__gt=int(last)).order_by("pk")
        rows = list(rows.values_list("pk", *shelf.columns)[:_BATCH])
    owners = {key: row for row, *keys in rows for key in keys if key}
    absent = _absent(owners)
    gone = _named_still(shelf, {owners[key] for key in absent})
    says = f"the file of a {shelf.what} is gone"
    findings = [Finding(Kind.MISSING, key, says, left=True) for key in absent if key in gone]
    for each in findings if look.mend else ():
        alarms.ring(AlarmKind.MISSING, each.subject, each.says)
    if len(rows) == _BATCH:
        return Page(tuple(findings), f"{place}:{rows[-1][0]}")
    following = int(place) + 1
    return Page(tuple(findings), f"{following}:0" if following < len(_SHELVES) else "")


def _absent(keys: Iterable[str]) -> list[str]:
    asked = list(keys)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        sizes = pool.map(storage.size, asked)
    return [key for key, size in zip(asked, sizes, strict=True) if size < 0]


def _named_still(shelf: _Shelf, rows: set[int]) -> set[str]:
    """The keys of those rows, without the rows that were deleted meanwhile, file and all."""
    if not rows:
        return set()
    with tenancy.system(_WHY):
        named = shelf.rows.objects.filter(pk__in=rows).values_list(*shelf.columns)
        return {key for keys in named for key in keys}


def _resolve() -> None:
    """What was missing and is back, or is named no more, rings no more."""
    ringing = alarms.ringing(AlarmKind.MISSING)
    absent = set(_absent(ringing))
    with tenancy.system(_WHY):
        named = {key for shelf in _SHELVES for key in _named_of(shelf, absent)}
    alarms.clear(AlarmKind.MISSING, *(key for key in ringing if key not in absent & named))


def _named_of(shelf: _Shelf, keys: set[str]) -> set[str]:
    found: set[str] = set()
    for column in shelf.columns:
        rows = shelf.rows.objects.filter(**{f"{column}__in": keys})
        found |= set(rows.values_list(column, flat=True))
    return found
