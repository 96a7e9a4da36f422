"""Deletes the files that an order began with, as many days after its end as it asked for.

What it made goes by itself (generations.retention).
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db.models import DurationField, ExpressionWrapper, F, Value
from django.db.models.functions import Now

from accounts import tenancy
from accounts.actors import Actor
from generations import sending, sources
from generations.errors import Needed
from generations.models import Generation
from kling_saas.lib.refusals import NotFound

log = logging.getLogger(__name__)
_BATCH = 100


def remove_inputs() -> int:
    """Of a batch of orders whose days are over; how many are without them now.

    A file that an order under way begins with waits for that one's end: the next sweep looks again.
    """
    kept_for = ExpressionWrapper(
        F("retention_days") * Value(timedelta(days=1)), output_field=DurationField()
    )
    with tenancy.system("orders of every tenant ask for it"):
        due = Generation.objects.filter(
            retention_days__isnull=False,
            inputs_removed_at=None,
            finished_at__lte=Now() - kept_for,
        )
        batch = list(due.order_by("finished_at")[:_BATCH])
    return sum(_remove(generation) for generation in batch)


def _remove(generation: Generation) -> bool:
    owner = Actor(organisation_id=generation.organisation_id, livemode=generation.livemode)
    for name in sources.uploads_of(generation.order()):
        try:
            sending.delete(owner, name)
        except NotFound:
            continue
        except Needed as still:
            log.info("%s: %s", generation.public_id, still.detail)
            return False
    with tenancy.scope(generation.organisation_id):
        mine = Generation.objects.filter(pk=generation.pk, inputs_removed_at=None)
        return bool(mine.update(inputs_removed_at=Now()))
