"""Look for what fell through: work that kills its workers, credits and answers that expired."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from accounts import calls, end_users, invitations, limits, outbox, tenancy, webhook_deliveries
from accounts import leaving as own_leaving
from accounts.models import IdempotencyRecord
from billing import upkeep
from generations import expiring, film_mails, leaving, lifecycle, outcomes, retention, sending
from generations.gallery import sharing
from generations.models import AlarmKind, Generation
from generations.providers import alarms
from kling_saas.lib import scratch
from kling_saas.lib.forgetting import FORGET_SECONDS, forget
from kling_saas.lib.repeating import each

log = logging.getLogger(__name__)
_NOT_PROCESSED = "It could not be processed; nothing was charged."
_KEEP_ANSWERS = timedelta(days=7)
_AT_ONCE = 50


def run() -> None:
    """Every sweep once, and what forgets while there is more, for FORGET_SECONDS each. Each is safe
    to run at any time, by any number of workers.

    One's trouble does not keep the others.
    """
    once = (
        give_up_stuck, upkeep.run, scratch.remove_forgotten, retention.prolong_ending,
        retention.remove_ended, invitations.mail_due, expiring.remove_inputs,
        own_leaving.tell_asked, leaving.carry_out_due, film_mails.mail_due,
    )  # fmt: skip
    forgetting = (
        forget_answers, webhook_deliveries.forget_old, outbox.forget_old, end_users.forget_old,
        limits.forget_old, calls.forget_old, sharing.forget_ended, sending.forget_incoming,
    )  # fmt: skip
    each(once)
    each(forgetting, within=FORGET_SECONDS)


def forget_answers() -> int:
    """Delete a batch of the answers kept for repeated calls that are a week old; how many."""
    with tenancy.system("what was answered is forgotten for every tenant"):
        old = IdempotencyRecord.objects.filter(created_at__lt=Now() - _KEEP_ANSWERS)
        return forget(old, by="created_at")


def give_up_stuck() -> int:
    """Fail generations whose step kills every worker, or fails until the deadline; how many.

    What an upstream may bill for one goes to suspense.
    """
    died = f"{settings.STEP_CRASHES} workers died of it"
    failed = "its step failed until its deadline: the log says why"
    return sum(
        _give_up(*case)
        for case in (
            (lifecycle.poison(), "internal", _NOT_PROCESSED, died),
            (lifecycle.hopeless(), "deadline", outcomes.NOT_FINISHED, failed),
        )
    )


def _give_up(which: Q, code: str, why: str, for_operator: str) -> int:
    with tenancy.system("stuck work is looked for across tenants"):
        found = Generation.objects.filter(which).order_by("pk").values_list("pk", flat=True)
        ids = list(found[:_AT_ONCE])
        stuck = list(Generation.objects.filter(pk__in=ids).order_by("pk")) if ids else []
    ended = 0
    for generation in stuck:
        try:
            if outcomes.give_up(generation, code, why):
                alarms.ring(AlarmKind.POISON, generation.public_id, for_operator)
                ended += 1
        except Exception:  # what cannot even be given up must not keep the others
            log.exception("%s: not given up", generation.public_id)
    return ended
