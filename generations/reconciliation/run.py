"""All looks in turn: by hand at one go, by the bell in sessions that any process goes on with.

A session takes the open reconciliation by raising its version and writes only while that is its
own, so that no two processes do one stage twice, and a killed one costs its last page.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from generations import due
from generations.models import ProviderAccount, Reconciliation
from generations.reconciliation import bills, files, missing, promises, unused
from generations.reconciliation.finding import Finding, Kind, Look, Page
from kling_saas.lib.postgresql import locks
from kling_saas.lib.postgresql.base import NoDatabase

log = logging.getLogger(__name__)
_SESSION = 10.0  # seconds; films are taken in by the same workers
_LEASE = timedelta(seconds=settings.FILM_STEP_SECONDS)  # a page may be a late film
_LISTED = 50  # findings kept of each kind


@dataclass(frozen=True, slots=True)
class Stage:
    """A look, page by page. `of_accounts`: it can be had of one account alone."""

    name: str
    page: Callable[[Look], Page]
    of_accounts: bool = False


STAGES = (
    Stage("unknown submits", promises.unknown, of_accounts=True),
    Stage("holds", promises.holds),
    Stage("bills", bills.compared, of_accounts=True),
    Stage("uploads", unused.forgotten),
    Stage("orphans", files.orphans),
    Stage("missing files", missing.files),
    Stage("late films", promises.late_films, of_accounts=True),
)


def by_hand(*, mend: bool, account: ProviderAccount | None = None) -> Iterator[Finding]:
    """Everything at one go, as it is found. Without `mend` nothing changes, no record is kept."""
    log_row = Reconciliation(by_hand=True, account=account.name if account else "")
    for stage in STAGES:
        if account and not stage.of_accounts:
            continue
        look, more = Look(mend, account), True
        while more:
            page = _looked(stage, look)
            _note(log_row, page.findings)
            yield from page.findings
            look, more = replace(look, after=page.after), bool(page.after)
    if mend:
        log_row.finished_at = timezone.now()
        log_row.save(force_insert=True)


def _looked(stage: Stage, look: Look) -> Page:
    """One page. What cannot be looked at is a finding, and keeps no other stage from its turn."""
    try:
        return stage.page(look)
    except NoDatabase:
        raise
    except Exception as error:
        log.exception("reconciliation: %s", stage.name)
        connection.close_if_unusable_or_obsolete()
        says = f"{type(error).__name__}: {error}"[:300]
        return Page((Finding(Kind.UNSEEN, stage.name, says, left=True),))


def _note(row: Reconciliation, findings: tuple[Finding, ...]) -> None:
    """Count what was found, and keep the first of each kind."""
    for each in findings:
        counts: Counter[str] = Counter(row.counts.get(each.kind, {}))
        counts.update({"found": 1, "done": bool(each.done), "left": each.left})
        row.counts[each.kind] = dict(counts)
        if counts["found"] <= _LISTED:
            row.findings.append(asdict(each))
        row.left += each.left


# -------------------------------------------------------------------- by the bell


def session() -> None:
    """Go on with the open reconciliation, or begin one that is due, for some seconds."""
    _begin()
    row = _taken()
    if row is None:
        return
    began = time.monotonic()
    while row.stage < len(STAGES) and time.monotonic() - began < _SESSION:
        page = _looked(STAGES[row.stage], Look(mend=True, after=row.after))
        _note(row, page.findings)
        row.after = page.after
        row.stage += not page.after
        if not _written(row, lease_until=Now() + _LEASE):
            return
    _written(row, lease_until=Now(), finished_at=None if row.stage < len(STAGES) else Now())


def _begin() -> None:
    """A new one, if one is due and none is open; of many who try, one makes it."""
    with transaction.atomic():
        locks.hold("reconciliation")
        if due.reconciliation():
            new = Reconciliation(started_at=Now(), lease_until=Now())
            Reconciliation.objects.bulk_create([new], ignore_conflicts=True)


def _taken() -> Reconciliation | None:
    """The open one, if nobody is at it."""
    free = Reconciliation.objects.filter(by_hand=False, finished_at=None, lease_until__lte=Now())
    row = free.first()
    if row is None:
        return None
    mine = free.filter(pk=row.pk, version=row.version)
    if not mine.update(version=F("version") + 1, lease_until=Now() + _LEASE):
        return None
    row.version += 1
    return row


def _written(row: Reconciliation, **columns: Any) -> bool:
    mine = Reconciliation.objects.filter(pk=row.pk, version=row.version)
    told = {name: getattr(row, name) for name in ("stage", "after", "counts", "findings", "left")}
    return bool(mine.update(**told, **columns))
