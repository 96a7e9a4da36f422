"""Rows that name a file which is not there, or not whole: told, never mended by deleting."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from accounts import tenancy
from generations import retention, storage
from generations.models import AlarmKind, Audio, Upload, Video
from generations.providers import alarms
from generations.reconciliation.finding import Finding, Kind, Look, Page

_BATCH, _AT_ONCE = 200, 8  # rows; questions to the storage
_WHY = "files of every tenant are looked for"


@dataclass(frozen=True, slots=True)
class _Shelf:
    """A table whose rows name files; the row's `bytes` are the first column's.

    Only those that are `kept` must be there.
    """

    what: str
    rows: type[Video] | type[Audio] | type[Upload]
    columns: tuple[str, ...]
    kept: Q

    def naming(self) -> QuerySet[Any]:
        """Its rows whose files must be there. Needs a scope of every tenant."""
        found: QuerySet[Any] = self.rows.objects.filter(self.kept)
        return found


_SHELVES = (
    _Shelf("a film", Video, Video.KEYS, retention.KEPT),
    _Shelf("a sound", Audio, Audio.KEYS, retention.KEPT),
    _Shelf("an upload", Upload, ("key",), Q()),
)
Sizes = Mapping[str, int | None]  # by key; None where a row does not say it


def files(look: Look) -> Page:
    """The next few hundred rows. An alarm rings for each file until it is there again, whole."""
    if look.mend and not look.after:
        _resolve()
    place, _, last = (look.after or "0:0").partition(":")
    shelf = _SHELVES[int(place)]
    with tenancy.system(_WHY):
        following = shelf.naming().filter(pk__gt=int(last)).order_by("pk")
        rows = list(following.values_list("pk", "bytes", *shelf.columns)[:_BATCH])
    owners = {key: row for row, _, *keys in rows for key in keys if key}
    wrong = _wrong(_sizes(row[1:] for row in rows))
    named = _named_still(shelf, {owners[key] for key in wrong})
    findings = [
        Finding(Kind.MISSING, key, f"the file of {shelf.what} {trouble}", left=True)
        for key, trouble in wrong.items()
        if key in named
    ]
    for each in findings if look.mend else ():
        alarms.ring(AlarmKind.MISSING, each.subject, each.says)
    if len(rows) == _BATCH:
        return Page(tuple(findings), f"{place}:{rows[-1][0]}")
    more = int(place) + 1
    return Page(tuple(findings), f"{more}:0" if more < len(_SHELVES) else "")


def _sizes(rows: Iterable[tuple[Any, ...]]) -> dict[str, int | None]:
    """Of rows of `bytes` and keys."""
    found: dict[str, int | None] = {}
    for size, first, *beside in rows:
        found |= {first: size, **dict.fromkeys(filter(None, beside))}
    return found


def _wrong(sizes: Sizes) -> dict[str, str]:
    """What is not as it was stored, in words."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = dict(zip(sizes, pool.map(storage.size, sizes), strict=True))
    gone = {key: "is gone" for key, size in found.items() if size < 0}
    cut = {
        key: f"is damaged: {found[key]} bytes of {size}"
        for key, size in sizes.items()
        if size is not None and found[key] not in (size, -1)
    }
    return gone | cut


def _named_still(shelf: _Shelf, rows: set[int]) -> set[str]:
    """The keys of those rows, without the rows whose files were deleted meanwhile."""
    if not rows:
        return set()
    with tenancy.system(_WHY):
        named = shelf.naming().filter(pk__in=rows).values_list(*shelf.columns)
        return {key for keys in named for key in keys}


def _resolve() -> None:
    """What was wrong and is whole again, or is named no more, rings no more."""
    ringing = alarms.ringing(AlarmKind.MISSING)
    with tenancy.system(_WHY):
        named = {k: size for shelf in _SHELVES for k, size in _named_of(shelf, ringing).items()}
    still = _wrong({key: named[key] for key in ringing if key in named})
    alarms.clear(AlarmKind.MISSING, *(key for key in ringing if key not in still))


def _named_of(shelf: _Shelf, keys: Collection[str]) -> dict[str, int | None]:
    theirs = Q()
    for column in shelf.columns:
        theirs |= Q(**{f"{column}__in": keys})
    return _sizes(shelf.naming().filter(theirs).values_list("bytes", *shelf.columns))
