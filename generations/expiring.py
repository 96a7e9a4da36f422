"""Deletes the files that an order began with, as many days after its end as it asked for.

What it made goes by itself (generations.retention).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import timedelta

from django.db.models import DurationField, ExpressionWrapper, F, Q, Value
from django.db.models.functions import Now

from accounts import tenancy
from generations import sources, storage, uploads
from generations.models import Generation, Upload
from kling_saas.lib.database import DATABASE_GONE

log = logging.getLogger(__name__)
_BATCH, _SESSION = 100, 10.0  # rows; seconds of a sweep that other work waits for


def remove_inputs(seconds: float = _SESSION) -> int:
    """Of orders whose days are over, for so long; how many are without them now.

    A file goes with the last order that names it, if all of them asked for it, unless somebody
    else than that order's end user also sent it by itself.
    """
    until, done = time.monotonic() + seconds, 0
    for generation in _due():
        try:
            done += _remove(generation)
        except DATABASE_GONE:
            raise
        except Exception:  # what fails for one keeps no other; the next sweep tries it again
            log.exception("%s: the files that it began with stay for now", generation.public_id)
        if time.monotonic() >= until:
            break
    return done


def _due() -> Iterator[Generation]:
    kept_for = ExpressionWrapper(
        F("retention_days") * Value(timedelta(days=1)), output_field=DurationField()
    )
    later = Q()
    while True:
        with tenancy.system("orders of every tenant ask for it"):
            due = Generation.objects.filter(
                later,
                retention_days__isnull=False,
                inputs_removed_at=None,
                finished_at__lte=Now() - kept_for,
            )
            batch = list(due.order_by("finished_at", "pk")[:_BATCH])
        if not batch:
            return
        yield from batch
        last = batch[-1]
        later = Q(finished_at__gt=last.finished_at) | Q(
            finished_at=last.finished_at, pk__gt=last.pk
        )


def _remove(generation: Generation) -> bool:
    """Take its name off its uploads, once, and delete those that nobody wants any more."""
    with tenancy.scope(generation.organisation_id):
        mine = Generation.objects.filter(pk=generation.pk, inputs_removed_at=None)
        if not mine.update(inputs_removed_at=Now()):
            return False
        named = Upload.objects.filter(
            organisation_id=generation.organisation_id,
            livemode=generation.livemode,
            public_id__in=sources.uploads_of(generation.order()),
            orders__gt=0,
        )
        taken = list(named.order_by("pk").select_for_update())
        rows = Upload.objects.filter(pk__in=[row.pk for row in taken])
        rows.update(orders=F("orders") - 1)
        rows.filter(Q(sent_by=None) | Q(sent_by=generation.end_user), orders=0).delete()
        left = set(rows.values_list("key", flat=True))
    for key in {row.key for row in taken} - left:
        try:
            uploads.remove_file(key)
        except storage.TROUBLE as trouble:  # found again as a file that nobody names
            log.warning("%s: not deleted yet: %r", key, trouble)
    return True
