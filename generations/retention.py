"""For how long films and sounds are kept: promised when they are stored, and only ever lengthened,
to what the plan says or to what their order allows, whichever is sooner.

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
from django.db.models.functions import Coalesce, Least, Now
from django.utils import timezone

from accounts import tenancy
from billing import plans
from generations import storage, terms
from generations.models import AlarmKind, Audio, Video
from generations.models.retained import Retained
from generations.providers import alarms

log = logging.getLogger(__name__)
KEPT = Q(kept_until=None) | Q(kept_until__gt=Now())
SHOWN = KEPT & Q(trashed_at=None)
KEPT_SQL = "(kept_until IS NULL OR kept_until > now())"
_SHELVES: tuple[type[Video] | type[Audio], ...] = (Video, Audio)
_OURS = "storage"  # what an alarm calls it
_SOON = timedelta(hours=1)
_BATCH, _SESSION = 100, 10.0  # rows; seconds of a sweep that other work waits for
R = TypeVar("R", bound=Retained)


def living(row: R | None) -> R | None:
    """The row while it is shown; None when it is over or in the trash, or there is none."""
    return None if row is None or row.away else row


def store(made: Iterable[Video | Audio]) -> None:
    """Save what one generation made, to be kept for as long as its owner's plan says now, or for
    as long as its order allows.

    Needs the owner's scope. Raises IntegrityError when the like was stored already.
    """
    rows = list(made)
    if not rows:
        return
    days = _days_until_commit(rows[0].organisation_id)
    now = timezone.now()  # film and sound end together
    for each in rows:
        each.created_at = now
        own = each.generation.retention_days
        each.ends_by = now + timedelta(days=own) if own else None
        promised = now + timedelta(days=days) if days else None
        each.kept_until = min(filter(None, (promised, each.ends_by)), default=None)
        if each.generation.trashed_at:  # given late, to who wants none of it any more
            each.trashed_at, each.promised_until = now, each.kept_until
            each.kept_until = min(filter(None, (each.kept_until, now + in_trash())))
        each.save(force_insert=True)
    terms.add(each for each in rows if isinstance(each, Video))


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


# -------------------------------------------------------------------- the trash


def in_trash() -> timedelta:
    """For how long films stay in the trash at most."""
    return timedelta(days=settings.TRASH_DAYS)


def trash(rows: QuerySet[R]) -> int:
    """Show these nobody any more, and let them end with the trash; how many. Needs a scope.

    What is over, or in the trash already, stays as it is.
    """
    shown = held(rows).filter(trashed_at=None)
    return shown.update(
        trashed_at=Now(),
        promised_until=F("kept_until"),
        kept_until=Least(F("kept_until"), Now() + in_trash()),
    )


def restore(rows: QuerySet[R]) -> int:
    """Show these again, kept as was promised, or as the plan says by now; how many. Needs a scope.

    What is over stays over.
    """
    found = list(held(rows).filter(trashed_at__isnull=False))
    mine = Q(pk__in=[row.pk for row in found])
    back = rows.model._default_manager.filter(mine)  # noqa: SLF001 - documented by Django
    restored = back.update(trashed_at=None, kept_until=F("promised_until"), promised_until=None)
    _prolong({row.organisation_id for row in found}, mine, shelves=(rows.model,))
    return restored


def end(rows: QuerySet[R]) -> list[R]:
    """From now on these are over, for good; those of them that were not before. Needs a scope.

    Their files go by `remove`, or with the next sweep.
    """
    kept = list(held(rows))
    rows.filter(pk__in=[row.pk for row in kept]).update(
        kept_until=Now(), trashed_at=Coalesce(F("trashed_at"), Now())
    )
    return kept


# -------------------------------------------------------------------- longer


def follow_plan(organisation_id: int, **_: Any) -> None:
    """Receives `billing.plans.applied`: what is still kept is kept as long as the plan says now."""
    _prolong([organisation_id], Q())


def prolong_ending() -> None:
    """The same for what ends within the hour, of every tenant: nobody applies a plan itself, or the
    setting, when it was raised.
    """
    soon = Q(kept_until__lte=Now() + _SOON, removed_at=None, trashed_at=None)
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


def _prolong(
    organisations: Collection[int],
    which: Q,
    shelves: Iterable[type[Retained]] = _SHELVES,
) -> None:
    """What is over stays over, so that its files may be deleted at any moment. Needs a scope.

    What is in the trash ends with it.
    """
    alike: dict[int | None, list[int]] = defaultdict(list)
    for organisation, days in plans.retention(organisations).items():
        alike[days].append(organisation)
    for days, theirs in alike.items():
        for rows in shelves:
            ending = rows.objects.filter(
                which, organisation_id__in=theirs, kept_until__isnull=False, trashed_at=None
            )
            if days is None:
                longer = Q(ends_by=None) | Q(kept_until__lt=F("ends_by"))
                held(ending.filter(longer)).update(kept_until=F("ends_by"))
            else:  # of which the database passes over what is null
                until = Least(F("created_at") + timedelta(days=days), F("ends_by"))
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
            error = remove(row)
            if error is None:
                removed += 1
            else:
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


def remove(row: Video | Audio) -> Exception | None:
    """Delete the files of what is over; the storage's trouble, if it is left to a later sweep.

    Repeatable: files that are gone already do no harm.
    """
    try:
        for key in row.keys:
            storage.remove(key)
    except storage.TROUBLE as error:
        log.warning("%s: not deleted yet: %r", row.public_id, error)
        _note(row, removal_failed_at=timezone.now())
        return error
    _note(row, removed_at=Now())
    return None


def _note(row: Video | Audio, **columns: Any) -> None:
    with tenancy.scope(row.organisation_id):
        left = type(row).objects.filter(pk=row.pk, removed_at=None, kept_until__lte=Now())
        left.update(**columns)
        if "removed_at" in columns and isinstance(row, Video):
            terms.forget(row)


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
