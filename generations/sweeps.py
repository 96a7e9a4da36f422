"""Look for what fell through: work that kills its workers, credits and answers that expired."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone

from accounts import outbox, tenancy
from accounts.models import IdempotencyRecord
from billing import ledger, quotes
from generations import lifecycle, outcomes
from generations.models import AlarmKind, Attempt, AttemptOutcome, Generation
from generations.providers import alarms

log = logging.getLogger(__name__)
_KEEP_ANSWERS = timedelta(days=7)


def run() -> None:
    """Every sweep once. Each is safe to run at any time, by any number of workers."""
    give_up_poison()
    with tenancy.system("expiry is the same for every tenant"):
        ledger.expire_lots(timezone.now())
        IdempotencyRecord.objects.filter(created_at__lt=Now() - _KEEP_ANSWERS).delete()
    outbox.forget_old()
    quotes.forget_expired()


def give_up_poison() -> int:
    """Fail generations whose step kills every worker that takes it; how many.

    What an upstream may bill for one goes to suspense.
    """
    with tenancy.system("stuck work is looked for across tenants"):
        stuck = list(Generation.objects.filter(lifecycle.poison())[:50])
    for generation in stuck:
        with lifecycle.scope(generation):
            left = Attempt.objects.select_related("account").filter(
                generation=generation, outcome=AttemptOutcome.UNKNOWN
            )
            for attempt in left:
                outcomes.suspend(generation, attempt)
        message = "It could not be processed; nothing was charged."
        if lifecycle.fail(generation, "internal", message):
            alarms.ring(
                AlarmKind.POISON,
                generation.public_id,
                f"{settings.STEP_CRASHES} workers died of it",
            )
    return len(stuck)
