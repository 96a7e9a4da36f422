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
from generations import lifecycle
from generations.models import Generation

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
    """Fail generations whose step kills every worker that takes it; how many."""
    with tenancy.system("stuck work is looked for across tenants"):
        stuck = list(
            Generation.objects.filter(
                finished_at=None,
                step_attempts__gte=settings.STEP_ATTEMPTS + 3,
                lease_until__lte=Now(),
            )[:50]
        )
    for generation in stuck:
        log.error("%s: given up after %s tries", generation.public_id, generation.step_attempts)
        lifecycle.fail(generation, "internal", "It could not be processed; nothing was charged.")
    return len(stuck)
