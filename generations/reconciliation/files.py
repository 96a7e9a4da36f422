"""Files that no row names: deleted when they are old and certainly nobody's.

Only keys of the shapes we write are deleted; what else lies there is told. A copy under `incoming/`
may be all there is of a film that an upstream has billed: it goes only when its order has a film,
or never had a call.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts import tenancy
from generations import faces, late, storage, uploads
from generations.downloads import STORED
from generations.models import Audio, Generation, Incoming, Status, Upload, Video
from generations.reconciliation.finding import Finding, Kind, Look, Page
from generations.storage import Stored
from generations.wire.task import RemoteVideo, Task, TaskState

_BATCH = 2_000
_INCOMING, _INPUTS, _PRESIGNED = "incoming/", "inputs/", "presigned/"
_PREFIXES = ("films/", _INCOMING, _INPUTS, _PRESIGNED)  # in the order of their bytes
_OF_AN_ORDER = re.compile(
    r"films/(gen_\w+)/[^/]+|incoming/\.?(gen_\w+)\.mp4[^/]*"
    r"|inputs/\d+/\.?(gen_\w+)-\w+-cropped\.jpg[^/]*"
)
_SENT = re.compile(r"inputs/\d+/[0-9a-f]{64}")
_ANNOUNCED = re.compile(r"presigned/\d+/\.?(upl_\w+)(\.[0-9a-f]{16})?")
_HALF = re.compile(r".*/\.[^/]+\.[0-9a-f]{16}")  # what a crash leaves of storage.put
_KEYS = (*(f"video__{name}" for name in Video.KEYS), *(f"audio__{name}" for name in Audio.KEYS))
_FACTS = (
    "public_id", "status", "finished_at", "media_url", "made", *_KEYS,
    "video__preview_due_at", "video__removed_at", "audio__removed_at",
)  # fmt: skip


def orphans(look: Look) -> Page:
    """The next two thousand files."""
    batch = list(islice(_stored(look.after), _BATCH))
    limit = timezone.now() - timedelta(hours=settings.ORPHAN_HOURS)
    old = [file.key for file in batch if file.at < limit]
    findings = (
        *_of_orders(old, limit, look),
        *_sent(old, limit, look),
        *_announced(old, limit, look),
        *_strange(old),
    )
    return Page(findings, batch[-1].key if len(batch) == _BATCH else "")


def _stored(after: str) -> Iterator[Stored]:
    for prefix in _PREFIXES:
        if after < prefix or after.startswith(prefix):
            yield from storage.listed(prefix, after if after.startswith(prefix) else "")


# -------------------------------------------------------------------- files of orders


def _of_orders(keys: Iterable[str], limit: datetime, look: Look) -> Iterator[Finding]:
    owners = {key: next(filter(None, m.groups())) for key in keys if (m := _match(key))}
    with tenancy.system("orphans are looked for across tenants"):
        rows = Generation.objects.filter(public_id__in=set(owners.values())).values(*_FACTS)
        orders = {row["public_id"]: row for row in rows}
    for key, owner in owners.items():
        if found := _judged(key, owner, orders.get(owner), limit, look):
            yield found


def _match(key: str) -> re.Match[str] | None:
    return _OF_AN_ORDER.fullmatch(key)


def _judged(
    key: str, owner: str, order: dict[str, Any] | None, limit: datetime, look: Look
) -> Finding | None:
    if order is None:
        says = f"there is no order {owner}: is this database an older copy?"
        return Finding(Kind.ORPHAN, key, says, left=True)
    if order["finished_at"] is None or order["finished_at"] > limit or _named(key, order):
        return None
    if key.startswith(_INCOMING) and not _HALF.fullmatch(key) and _only_copy(order):
        return _given_to_late(key, owner, look)
    return _deleted(key, f"{owner} has ended and does not name it", limit, look)


def _named(key: str, order: dict[str, Any]) -> bool:
    """Whether the order's rows name the file, or may soon."""
    if order["video__removed_at"] or order["audio__removed_at"]:
        return False  # they ended together, and something was written after that
    if order["video__preview_due_at"] and key.endswith(".preview.mp4"):
        return True
    waits = order["media_url"] == STORED + key and _only_copy(order)
    return waits or key in (*(order[column] for column in _KEYS), *faces.keys(order["made"]))


def _only_copy(order: dict[str, Any]) -> bool:
    """Whether a film that came for the order would be its first."""
    return order["status"] == Status.FAILED and order["video__key"] is None


def _given_to_late(key: str, owner: str, look: Look) -> Finding:
    if look.mend:
        with tenancy.system("a film that nobody knows of is of any tenant"):
            generation = Generation.objects.get(public_id=owner)
        film = RemoteVideo(url=STORED + key)
        late.keep(generation, Task(id=owner, state=TaskState.SUCCEEDED, videos=(film,)))
    says = f"the only copy of a film that came for {owner}, which was given up"
    return Finding(Kind.LATE, key, says, "taken in, and given free")


def _deleted(key: str, why: str, limit: datetime, look: Look) -> Finding | None:
    if look.mend and not uploads.remove_file(key, limit):
        return None
    return Finding(Kind.ORPHAN, key, why, "deleted")


# -------------------------------------------------------------------- what customers sent


def _sent(keys: Iterable[str], limit: datetime, look: Look) -> Iterator[Finding]:
    mine = [key for key in keys if _is_sent(key)]
    with tenancy.system("orphans are looked for across tenants"):
        known = set(Upload.objects.filter(key__in=mine).values_list("key", flat=True))
    for key in mine:
        if key in known or _match(key):
            continue
        if found := _deleted(key, "no upload names it", limit, look):
            yield found


def _is_sent(key: str) -> bool:
    half = key.startswith(_INPUTS) and _HALF.fullmatch(key)
    return bool(_SENT.fullmatch(key) or half)


def _announced(keys: Iterable[str], limit: datetime, look: Look) -> Iterator[Finding]:
    """What was sent past the API goes with its row, so it has none."""
    owners = {key: m[1] for key in keys if (m := _ANNOUNCED.fullmatch(key))}
    with tenancy.system("orphans are looked for across tenants"):
        rows = Incoming.objects.filter(public_id__in=set(owners.values()), became="")
        known = set(rows.values_list("public_id", flat=True))
    for key, owner in owners.items():
        if owner in known and not _HALF.fullmatch(key):
            continue
        if found := _deleted(key, "nobody announced it, or it is complete", limit, look):
            yield found


def _strange(keys: Iterable[str]) -> Iterator[Finding]:
    """What somebody else has laid beside our files, or a version of the product before this one."""
    for key in keys:
        if not (_match(key) or _is_sent(key) or _ANNOUNCED.fullmatch(key)):
            says = "no name that the product gives: delete it by hand if nobody needs it"
            yield Finding(Kind.ORPHAN, key, says, left=True)
