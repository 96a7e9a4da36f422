"""Hand waiting generations to upstreams: fairly, within every limit, never twice.

One claimed generation goes through: find an account with room → write the attempt (`unknown`) →
POST → record what came of it. Whatever dies in between leaves an `unknown` attempt, which is
looked up by our external id, or given up where the upstream cannot be asked.
"""

from __future__ import annotations

import logging
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import cache

from django.conf import settings
from django.db import close_old_connections, connection, transaction
from django.db.models import Q
from django.utils import timezone

from accounts import tenancy
from generations import answers, attempts, lifecycle, outcomes, pictures, providers, routing, turns
from generations.lifecycle import LeaseLost
from generations.models import (
    Attempt,
    AttemptOutcome,
    Generation,
    Status,
)
from generations.providers import Exchange, codecs, health
from generations.providers.base import not_sent
from kling_saas.lib.points import passing

log = logging.getLogger(__name__)
_BATCH = 16  # all sent at once: a second wave could outlast the lease
_LOOK_AGAIN = 5.0  # seconds
_LONGEST_WAIT = 10.0
_LONGEST_SILENCE = 60.0  # between look-ups that nobody answers: each may keep a round waiting
_FULL = 1.0  # what was put back asks full accounts again
MAY_BE_BILLED = (AttemptOutcome.UNKNOWN, AttemptOutcome.ACCEPTED)
BLOCKING = Q(account__protocol=codecs.BLOCKING)


def run() -> int:
    """One round: claim a fair batch, submit it, record the outcomes. The number handled."""
    with tenancy.system("turns are taken across tenants"):
        ids = turns.due(_BATCH)
    if not ids:
        return 0
    mine = lifecycle.claim(
        [Status.ACCEPTED, Status.SUBMITTING], _BATCH, only=Q(pk__in=ids) & ~BLOCKING
    )
    list(_threads().map(_carry_on, mine))
    return len(mine)


@cache
def _threads() -> ThreadPoolExecutor:
    """One per worker process, each thread with a database connection of its own."""
    return ThreadPoolExecutor(_BATCH, thread_name_prefix="dispatch")


def _carry_on(generation: Generation) -> None:
    """One order's whole step. Its trouble is not the others': it is put aside and tried again.

    The tries were counted at the claim: what fails for ever is given up after its deadline.
    """
    close_old_connections()
    attempt = None
    try:
        if attempt := _next_step(generation):
            passing("create.placed")
            exchange = _send(generation, attempt)
            passing("create.answered")
            answers.keep(generation, attempt, exchange, outcomes.record)
            passing("create.recorded")
    except LeaseLost:
        log.warning("%s: somebody else has it now", generation.public_id)
        if attempt:
            outcomes.untold(generation, attempt)
    except Exception:
        log.exception("%s: this step failed", generation.public_id)
        connection.close()
        lifecycle.release(generation, again_in=_LOOK_AGAIN)


def _next_step(generation: Generation) -> Attempt | None:
    """The attempt to send now; None when there is nothing to send this time."""
    with lifecycle.scope(generation):
        open_attempt = (
            Attempt.objects.select_related("account")
            .filter(generation=generation, outcome__in=MAY_BE_BILLED)
            .first()
        )
    if open_attempt is not None:
        if open_attempt.outcome == AttemptOutcome.ACCEPTED:
            outcomes.under_way(generation, open_attempt)
            return None
        return _resolve(generation, open_attempt)
    if timezone.now() >= generation.deadline_at:
        lifecycle.fail(generation, "deadline", outcomes.NOT_TAKEN)
        return None
    return _place(generation)


def _place(generation: Generation) -> Attempt | None:
    """Write the attempt at the best account that takes one now; wait when none does."""
    tried = attempts.tried(generation)
    refusals = attempts.turned_away(generation) if tried else {}
    if refusals:
        routing.forget()  # what another process was told a moment ago
    gone = {account for account, for_good in refusals.items() if for_good}
    able = routing.candidates(generation.order(), livemode=generation.livemode)
    able = [account for account in able if account.pk not in gone]
    if not able:
        _wait_for_any(generation, gone)
        return None
    waits = []
    for account in sorted(able, key=lambda a: a.pk in tried):
        again = account.pk in tried
        with lifecycle.scope(generation), transaction.atomic():
            if not turns.seat(generation):  # its organisation's, whichever the account
                waits.append(health.NO_ROOM)
                break
            if closed_for := health.admit(account.pk, generation.called, retry=again):
                waits.append(closed_for)
            elif providers.adapter(account).blocking:
                lifecycle.hand_over(generation, account)
                return None
            else:
                return attempts.begin(generation, account, retry=again)
    _wait(generation, min(waits), routing.lane_of(able))
    return None


def _wait_for_any(generation: Generation, gone: set[int]) -> None:
    """No account sells it now: its own lane until one does, or its end when none can again."""
    if routing.may_sell_again(generation.order(), livemode=generation.livemode) - gone:
        _wait(generation, _LONGEST_WAIT, [])
    else:
        lifecycle.fail(generation, "no_provider", "No service can make this film any more.")


def _wait(
    generation: Generation,
    seconds: float,
    lane: list[int] | None = None,
    *,
    longest: float = _LONGEST_WAIT,
) -> None:
    """Look again when something may be open: soon, spread, and by the deadline.

    What only wants for a place is due at once: its turn comes when its lane has one.
    """
    left = (generation.deadline_at - timezone.now()).total_seconds()
    spread = random.uniform(0.8, 1.2)  # noqa: S311 - no secrecy
    full = seconds == health.NO_ROOM
    pause = max(0.1, min(left, min(_FULL if full else seconds, longest) * spread))
    if full and generation.status == Status.ACCEPTED:  # not what was put back: it had its turn
        pause = 0.0
    lifecycle.release(generation, again_in=pause, forgive=True, lane=lane)


def _resolve(generation: Generation, attempt: Attempt) -> Attempt | None:
    """An attempt whose answer was lost: adopt what the upstream has, or send the same id again."""
    adapter = providers.adapter(attempt.account)
    found = adapter.find(generation.order().kind, attempt.external_id)
    passing("find.answered")
    if found is None:
        outcomes.abandon(generation)
        return None
    if outcomes.adopt(generation, attempt, found):
        return None
    if timezone.now() >= generation.deadline_at:
        outcomes.abandon(generation)
        return None
    settled = attempt.started_at + timedelta(seconds=settings.UNKNOWN_GRACE_SECONDS)
    absent = outcomes.certainly_absent(found)
    if absent and attempt.look_ups >= 2 and timezone.now() > settled:
        return _resend(generation, attempt)
    attempts.looked(generation, attempt)
    passing("find.counted")
    pause = _LOOK_AGAIN * 2.0 ** max(0, attempt.look_ups - 2)
    _wait(generation, pause, longest=_LONGEST_WAIT if absent else _LONGEST_SILENCE)
    return None


def _resend(generation: Generation, attempt: Attempt) -> Attempt | None:
    """The same id once more where it certainly never arrived, as soon as the account is well."""
    with transaction.atomic():
        closed_for = health.admit(attempt.account_id, generation.called, retry=True, seated=True)
        sends = not closed_for and attempts.again(generation, attempt)
    if not sends:
        _wait(generation, closed_for)
        return None
    log.warning("%s was never taken, sending it again", attempt.external_id)
    passing("resend.admitted")
    return attempt


def _send(generation: Generation, attempt: Attempt) -> Exchange:
    """The create, once. What fails on our side before it is "not sent". Raises LeaseLost."""
    try:
        adapter = providers.adapter(attempt.account)
        params = pictures.for_upstream(generation, attempt.account)
        # The last look before it goes out: who slept until here may find that somebody else has
        # looked the attempt up and sent it, and a second one would be a second film.
        lifecycle.renew(generation)
    except pictures.TROUBLE as error:
        return not_sent(error)
    return adapter.create(
        params,
        external_id=attempt.external_id,
        callback_url=f"{settings.CALLBACK_URL}/callbacks/{generation.callback_token}",
    )
