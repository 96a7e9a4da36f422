"""What an upstream's answer means for the generation: wait, retry, fail over, fetch or give up."""

from __future__ import annotations

import logging
import random
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from generations import attempts, lifecycle, routing
from generations.catalogue import billable
from generations.models import Attempt, AttemptOutcome, Generation, ProviderAccount, Status
from generations.providers import Exchange, Found, NotSent
from generations.wire.task import Accepted, Reason, Rejected, Task, TaskState, Unknown
from kling_saas.lib.logs import storable

log = logging.getLogger(__name__)

_CUSTOMERS = {Reason.INVALID: "upstream_refused", Reason.MODERATION: "moderation"}
_OPERATORS = {Reason.AUTH, Reason.BALANCE}
_PATIENCE = {Reason.RATE, Reason.CONCURRENCY}
_PAUSE = timedelta(seconds=60)
_MAX_ATTEMPTS = 8
_ABSENCES = 10  # polls in a row that do not know the film


def record(generation: Generation, attempt: Attempt, exchange: Exchange) -> None:
    """Write down a create's outcome and move the generation accordingly."""
    seen: dict[str, Any] = {"request": exchange.request, "response": exchange.response}
    outcome = exchange.outcome
    if isinstance(outcome, Unknown):
        note(generation, attempt, exchange)
    if isinstance(outcome, NotSent):
        attempts.close(generation, attempt, AttemptOutcome.NOT_SENT, **seen)
        _again(generation, "upstream_unreachable")
    elif isinstance(outcome, Accepted):
        _accepted(generation, attempt, outcome.task, seen)
    elif isinstance(outcome, Rejected) and not _may_be_its_twin(attempt, outcome):
        _rejected(generation, attempt, outcome, seen)
    else:
        lifecycle.release(generation, again_in=1.0, forgive=True)


def note(generation: Generation, attempt: Attempt, exchange: Exchange) -> None:
    """Keep what is known of a create whose outcome is not, for the operator."""
    message = exchange.outcome.message if isinstance(exchange.outcome, Unknown) else ""
    with lifecycle.scope(generation):
        Attempt.objects.filter(pk=attempt.pk).update(
            message=message[:500], request=exchange.request, response=exchange.response
        )


def _may_be_its_twin(attempt: Attempt, refusal: Rejected) -> bool:
    """Sent a second time under the same id, "invalid" may mean that the first one is there."""
    return attempt.look_ups > 0 and refusal.reason == Reason.INVALID


def adopt(generation: Generation, attempt: Attempt, found: Found) -> bool:
    """Take the task that a look-up found as the attempt's. False when it found none."""
    if isinstance(found, Rejected):
        return False
    _accepted(generation, attempt, found, {})
    return True


def certainly_absent(found: Found) -> bool:
    """Whether the upstream said that it does not know the id (rather than nothing at all)."""
    return isinstance(found, Rejected) and found.reason == Reason.NOT_FOUND


def abandon(generation: Generation, attempt: Attempt) -> None:
    """Nobody can tell whether the upstream took it: free the customer, leave it to the operator."""
    log.error("%s: outcome unknown for ever, cost to suspense", attempt.external_id)
    attempts.close(
        generation,
        attempt,
        AttemptOutcome.ABANDONED,
        message="No answer, and no way to ask.",
        upstream_cost=billable.usd_of(generation.credits),
    )
    lifecycle.fail(
        generation, "upstream_unknown", "The upstream's answer was lost; nothing was charged."
    )


def _accepted(generation: Generation, attempt: Attempt, task: Task, seen: dict[str, Any]) -> None:
    attempt.upstream_id = storable(task.id)[:120]
    with lifecycle.scope(generation):
        attempts.close(
            generation, attempt, AttemptOutcome.ACCEPTED, upstream_id=attempt.upstream_id, **seen
        )
        under_way(generation, attempt)


def under_way(generation: Generation, attempt: Attempt) -> None:
    """Watch the task of an accepted attempt; also when its worker lost the lease while sending."""
    lifecycle.advance(
        generation,
        Status.IN_FLIGHT,
        upstream_id=attempt.upstream_id,
        submitted_at=timezone.now(),
        next_run_at=timezone.now() + timedelta(seconds=min(1.0, settings.POLL_SECONDS)),
    )


def _rejected(
    generation: Generation, attempt: Attempt, refusal: Rejected, seen: dict[str, Any]
) -> None:
    reason = refusal.reason
    attempts.close(
        generation,
        attempt,
        AttemptOutcome.REJECTED,
        reason=reason,
        message=storable(f"{refusal.code}: {refusal.message}")[:500],
        **seen,
    )
    if reason in _CUSTOMERS:
        lifecycle.fail(generation, _CUSTOMERS[reason], refusal.message)
    elif reason == Reason.DISCONTINUED:
        routing.refuse_model(attempt.account, generation.order().model, refusal.message)
        lifecycle.put_back(generation, again_in=0)
    elif reason in _OPERATORS:
        pause(attempt.account, f"{reason}: {refusal.message}")
        lifecycle.put_back(generation, again_in=1.0)
    elif reason in _PATIENCE:
        wait = refusal.retry_after or _backoff(attempts.count(generation))
        lifecycle.put_back(generation, again_in=wait)
    else:
        _again(generation, "upstream_unavailable")


def pause(account: ProviderAccount, why: str) -> None:
    """Our own trouble at an upstream: an alarm for the operator, and no try for a minute."""
    log.error("account %s paused: %s", account.name, why)
    ProviderAccount.objects.filter(pk=account.pk).update(
        paused_until=timezone.now() + _PAUSE, last_error=why[:300]
    )
    routing.forget()


def _again(generation: Generation, code: str) -> None:
    """Try once more a little later, elsewhere if possible; give up after too many."""
    tries = attempts.count(generation)
    if tries >= _MAX_ATTEMPTS:
        lifecycle.fail(generation, code, "No upstream could be reached; nothing was charged.")
    else:
        lifecycle.put_back(generation, again_in=_backoff(tries))


def _backoff(tries: int) -> float:
    """Full jitter over 0.5, 1, 2, … 30 seconds."""
    return random.uniform(0.2, min(30.0, 0.5 * 2**tries))  # noqa: S311 - spread, not secrecy


def polled(generation: Generation, found: Found) -> None:
    """What a poll told: still working, ready to fetch, failed, or nothing of use."""
    if isinstance(found, Task) and found.state == TaskState.SUCCEEDED and found.videos:
        _ready(generation, found)
    elif isinstance(found, Task) and found.state == TaskState.FAILED:
        code = "moderation" if _is_moderation(found.message) else "upstream_failed"
        lifecycle.fail(generation, code, found.message or "The upstream could not make it.")
    elif timezone.now() >= generation.deadline_at:
        lifecycle.fail(generation, "deadline", "The upstream did not finish before the deadline.")
    elif isinstance(found, Task):
        lifecycle.release(generation, again_in=_poll_pause(generation), forgive=True)
    elif not certainly_absent(found):
        if found.reason in _OPERATORS and generation.account:
            pause(generation.account, f"{found.reason}: {found.message}")
        lifecycle.release(generation, again_in=_poll_pause(generation), forgive=True)
    elif generation.step_attempts > _ABSENCES:
        lifecycle.fail(generation, "upstream_lost", "The upstream no longer knows this film.")
    else:
        lifecycle.release(generation, again_in=_poll_pause(generation))


def _ready(generation: Generation, task: Task) -> None:
    film = task.videos[0]
    marked = bool(generation.params.get("watermark")) and film.watermark_url
    with lifecycle.scope(generation):
        if task.cost_usd is not None:
            Attempt.objects.filter(generation=generation, outcome=AttemptOutcome.ACCEPTED).update(
                upstream_cost=task.cost_usd
            )
        lifecycle.advance(
            generation,
            Status.FETCHING,
            media_url=film.watermark_url if marked else film.url,
            upstream_finished_at=timezone.now(),
        )


def _is_moderation(message: str) -> bool:
    words = message.lower()
    return any(sign in words for sign in ("policy", "sensitive", "risk control", "moderation"))


def _poll_pause(generation: Generation) -> float:
    """A fifth of the time since hand-over, at least a second, at most POLL_SECONDS, spread."""
    since = generation.submitted_at or generation.created_at
    elapsed = (timezone.now() - since).total_seconds()
    pause_seconds = max(1.0, min(settings.POLL_SECONDS, elapsed / 5))
    return pause_seconds * random.uniform(0.8, 1.2)  # noqa: S311 - spread, not secrecy
