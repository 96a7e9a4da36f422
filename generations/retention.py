"""For how long films and sounds are kept: promised when they are stored, and only ever lengthened.

When its time is over, a film is gone for everybody at that moment; its files follow with the next
sweep. Its row stays, and tells when that was.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.db import connection
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from accounts import tenancy
from billing import plans
from generations import storage
from generations.models import AlarmKind, Audio, Video
from generations.models.retained import Retained
from generations.providers import alarms

log = logging.getLogger(__name__)
KEPT = Q(kept_until=None) | Q(kept_until__gt=Now())
KEPT_SQL = "(kept_until IS NULL OR kept_until > now())"
_SHELVES: tuple[type[Video] | type[Audio], ...] = (Video, Audio)
_OURS = "storage"  # what an alarm calls it
_SOON = timedelta(hours=1)
_BATCH, _SESSION = 100, 10.0  # rows; seconds of a sweep that other work waits for
R = TypeVar("R", bound=Retained)


def living(row: R | None) -> R | None:
    """The row while its files are kept; None when their time is over, or there is none."""
    return None if row is None or row.over else row


def store(made: Iterable[Video | Audio]) -> None:
    """Save what one generation made, to be kept for as long as its owner's plan says now.

    Needs the owner's scope. Raises IntegrityError when the like was stored already.
    """
    rows = list(made)
    if not rows:
        return
    days = _days_until_commit(rows[0].organisation_id)
    now = timezone.now()  # film and sound end together
    for each in rows:
        each.created_at = now
        each.kept_until = now + timedelta(days=days) if days else None
        each.save(force_insert=True)


def _days_until_commit(organisation_id: int) -> int | None:
    """No plan is applied meanwhile: who applies one finds what was stored before, and what is
    stored after finds the plan.
    """
    if settings.FILM_RETENTION_DAYS:
        with connection.cursor() as cursor:  # the ORM has no such lock; many may hold it at once
            cursor.execute(
                "SELECT FROM accounts_organisation WHERE id = %s FOR SHARE", [organisation_id]
            )
    return plans.retention([organisation_id])[organisation_id]


def held(rows: QuerySet[R]) -> QuerySet[R]:
    """Those of the rows that are kept, locked: asked of at once, none of them can be swept first.

    A statement's clock stands while it waits for others, and what ends meanwhile is swept. So the
    locks come first, and what is asked of after that leaves out what has ended. Needs a scope.
    """
    kept = rows.filter(KEPT).order_by("pk").select_for_update(no_key=True, of=("self",))
    list(kept.values_list("pk", flat=True))
    return rows.filter(KEPT)


# -------------------------------------------------------------------- longer


def follow_plan(organisation_id: int, **_: Any) -> None:
    """Receives `billing.plans.applied`: what is still kept is kept as long as the plan says now."""
    _prolong([organisation_id], Q())


def prolong_ending() -> None:
    """The same for what ends within the hour, of every tenant: nobody applies a plan itself, or the
    setting, when it was raised.
    """
    soon = Q(kept_until__lte=Now() + _SOON, removed_at=None)
    with tenancy.system("films of every tenant end"):
        owners = {
            owner
            for rows in _SHELVES
            for owner in rows.objects.filter(soon, kept_until__gt=Now())
            .values_list("organisation_id", flat=True)
            .distinct()
        }
        if owners:
            _prolong(sorted(owners), soon)  # in one order: several sweeps at once do not cross


def _prolong(organisations: Collection[int], which: Q) -> None:
    """What is over stays over, so that its files may be deleted at any moment. Needs a scope."""
    alike: dict[int | None, list[int]] = defaultdict(list)
    for organisation, days in plans.retention(organisations).items():
        alike[days].append(organisation)
    for days, theirs in alike.items():
        for rows in _SHELVES:
            ending = rows.objects.filter(
                which, organisation_id__in=theirs, kept_until__isnull=False
            )
            if days is None:
                held(ending).update(kept_until=None)
            else:
                until = F("created_at") + timedelta(days=days)
                held(ending.filter(kept_until__lt=until)).update(kept_until=until)


# -------------------------------------------------------------------- over


def remove_ended(seconds: float = _SESSION) -> int:
    """Delete the files whose time is over, for so long; how many rows are without them now.

    What cannot be deleted is tried again when all others have had their turn, at the earliest by
    the next sweep.
    """
    began, removed = timezone.now(), 0
    failed: list[tuple[Video | Audio, Exception]] = []
    for rows in _SHELVES:
        until = time.monotonic() + seconds / len(_SHELVES)
        for row in _ended(rows, began):
            try:
                removed += _remove(row)
            except storage.TROUBLE as error:
                log.warning("%s: not deleted yet: %r", row.public_id, error)
                _note(row, removal_failed_at=timezone.now())
                failed.append((row, error))
            if time.monotonic() >= until:
                break
    _tell(removed, failed)
    return removed


def _ended(rows: type[Video] | type[Audio], began: datetime) -> Iterator[Video | Audio]:
    """What is over, for good: the database refuses to keep longer what has ended.

    Who began to lengthen one in time has it locked: it is passed by.
    """
    turns = F("removal_failed_at").asc(nulls_first=True), "pk"
    while True:
        with tenancy.system("films of every tenant end"):
            over = rows.objects.filter(kept_until__lte=Now(), removed_at=None)
            due = over.exclude(removal_failed_at__gte=began).order_by(*turns)
            batch = list(due.select_for_update(skip_locked=True, of=("self",))[:_BATCH])
        if not batch:
            return
        yield from batch


def _remove(row: Video | Audio) -> int:
    """1, or 0 if another sweep was faster. Repeatable: files that are gone already do no harm."""
    for key in row.keys:
        storage.remove(key)
    return _note(row, removed_at=Now())


def _note(row: Video | Audio, **columns: Any) -> int:
    with tenancy.scope(row.organisation_id):
        left = type(row).objects.filter(pk=row.pk, removed_at=None, kept_until__lte=Now())
        return int(left.update(**columns))


def _tell(removed: int, failed: list[tuple[Video | Audio, Exception]]) -> None:
    """An alarm rings while something stays an hour too long."""
    long_ago = timezone.now() - _SOON
    overdue = [(row, why) for row, why in failed if row.kept_until and row.kept_until < long_ago]
    if overdue:
        row, why = overdue[0]
        says = f"{len(overdue)} of them, {row.public_id} the first: {why!r}"
        alarms.ring(AlarmKind.UNDELETED, _OURS, says)
    elif removed and not _waiting():
        alarms.clear(AlarmKind.UNDELETED, _OURS)


def _waiting() -> bool:
    """Whether something that could not be deleted is to be tried again, tried just now or not."""
    left = Q(kept_until__lte=Now(), removed_at=None, removal_failed_at__isnull=False)
    with tenancy.system("films of every tenant end"):
        return any(rows.objects.filter(left).exists() for rows in _SHELVES)
