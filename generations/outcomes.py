"""What an upstream's answer means for the generation: wait, retry, fail over, fetch or give up."""

from __future__ import annotations

import logging
import random
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from generations import attempts, lifecycle, polls, routing
from generations.catalogue.products.registry import PRODUCTS
from generations.models import AlarmKind, Attempt, AttemptOutcome, Generation, Status
from generations.providers import Exchange, Found, NotSent, alarms, breakers, health
from generations.providers.trail import fit
from generations.wire.task import Accepted, Reason, Rejected, Task, TaskState, Unknown
from kling_saas.lib.logs import kept, storable
from kling_saas.lib.points import passing

log = logging.getLogger(__name__)

_FINAL = {
    Reason.INVALID: "upstream_refused",
    Reason.MODERATION: "moderation",
    Reason.FAILED: "upstream_failed",
}
NO_MARK = "watermark: the service made the film without a copy that has the watermark."
NOT_TAKEN = "No service could take it before its deadline; nothing was charged."
NOT_MADE = "The service did not finish it before the deadline; nothing was charged."
NOT_FINISHED = "It was not finished before its deadline; nothing was charged."
_ENDED = {TaskState.SUCCEEDED, TaskState.FAILED}
_OF_THE_ACCOUNT = (Reason.AUTH, Reason.BALANCE, Reason.CONCURRENCY)  # "too often": see `asking`
_SOON = 1.0  # seconds
_ABSENCES = 10  # polls in a row that do not know the film


def record(generation: Generation, attempt: Attempt, exchange: Exchange) -> None:
    """Write down a create's outcome, move the generation accordingly, and learn from it."""
    _follow(generation, attempt, exchange)
    passing("record.followed")
    # Last: an answer that is not written down would be lost where nobody can be asked for it.
    health.learn(
        attempt.account,
        generation.called,
        exchange.outcome,
        retry=attempt.retry,
        sent_at=attempt.started_at,
    )


def _follow(generation: Generation, attempt: Attempt, exchange: Exchange) -> None:
    seen: dict[str, Any] = {"request": exchange.request, "response": exchange.response}
    outcome = exchange.outcome
    if isinstance(outcome, Rejected) and _may_be_its_twin(attempt, outcome):
        outcome = Unknown(outcome.code, outcome.message)
    if isinstance(outcome, Accepted):
        _accepted(generation, attempt, outcome.task, seen)
    elif isinstance(outcome, Rejected):
        _rejected(generation, attempt, outcome, seen)
    elif isinstance(outcome, NotSent):
        message = kept(outcome.message, 500)
        if outcome.ours:
            log.error("%s: not sent: %s", attempt.external_id, message)
        if _closed(generation, attempt, AttemptOutcome.NOT_SENT, message=message, **seen):
            passing("record.not_sent")
            lifecycle.put_back(generation, again_in=_backoff(attempts.count(generation)))
    else:
        note(generation, attempt, exchange)
        lifecycle.release(generation, again_in=_SOON, forgive=True)


def _closed(
    generation: Generation, attempt: Attempt, outcome: AttemptOutcome, **columns: Any
) -> bool:
    """Whether the attempt ended so; what to do otherwise is for whoever claims the order next."""
    if attempts.close(generation, attempt, outcome, **columns):
        return True
    lifecycle.release(generation, again_in=_SOON, forgive=True)
    return False


def note(generation: Generation, attempt: Attempt, exchange: Exchange) -> None:
    """Keep what is known of a create whose outcome is not, for the operator."""
    told = exchange.outcome
    message = f"{told.code}: {told.message}" if isinstance(told, Rejected | Unknown) else ""
    with lifecycle.scope(generation):
        Attempt.objects.filter(pk=attempt.pk).update(
            message=kept(message, 500), request=exchange.request, response=exchange.response
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


def abandon(generation: Generation) -> None:
    """Nobody can tell whether the upstream took it: free the customer, leave it to the operator.

    Unless the answer has come meanwhile, to a worker that had lost the step: then it goes on.
    """
    with lifecycle.scope(generation):
        if lifecycle.is_mine(generation) and attempts.taken(generation):
            lifecycle.release(generation, again_in=_SOON, forgive=True)
            return
        why = "The service's answer was lost; nothing was charged."
        give_up(generation, "upstream_unknown", why)


def give_up(generation: Generation, code: str, message: str) -> bool:
    """Fail it, and put what an upstream may bill for it into suspense: both or neither.

    An attempt that is closed while its order goes on would be followed by a second create. False
    when somebody else has the order now.
    """
    with lifecycle.scope(generation):
        if not lifecycle.fail(generation, code, message):
            return False
        passing("give_up.failed")
        left = Attempt.objects.select_related("account").filter(
            generation=generation, outcome=AttemptOutcome.UNKNOWN
        )
        for attempt in left:
            suspend(generation, attempt)
        if not generation.upstream_id and (taken := attempts.taken(generation)):
            _remember(generation, taken)
    return True


def _remember(generation: Generation, taken: Attempt) -> None:
    """Given up between an upstream's yes and the note of it: its film may be asked for (`late`)."""
    Generation.objects.filter(pk=generation.pk).update(upstream_id=taken.upstream_id)
    if not taken.account.is_sandbox:
        words = f"{taken.account.name} took it as {taken.upstream_id} when it was given up"
        alarms.ring(AlarmKind.SUSPENSE, taken.external_id, words)


def suspend(generation: Generation, attempt: Attempt) -> None:
    """What an upstream may bill for an attempt goes to suspense; a recorded outcome stands."""
    cost = attempts.expected_cost(generation, attempt.account)
    attempts.close(generation, attempt, AttemptOutcome.ABANDONED, upstream_cost=cost)
    untold(generation, attempt)
    if not attempt.account.is_sandbox:
        alarms.ring(
            AlarmKind.SUSPENSE, attempt.external_id, f"{attempt.account.name} may bill ${cost}"
        )


def out_of_suspense(generation: Generation) -> None:
    """What an upstream may bill for has come: no operator needs to look. In the giving's scope."""
    its = Attempt.objects.filter(generation=generation)
    alarms.clear(AlarmKind.SUSPENSE, *its.values_list("external_id", flat=True))


def untold(generation: Generation, attempt: Attempt) -> None:
    """Nobody will learn from it how the account does."""
    breakers.give_back(attempt.account_id, generation.called, attempt.started_at)


def _accepted(generation: Generation, attempt: Attempt, task: Task, seen: dict[str, Any]) -> None:
    attempt.upstream_id = storable(task.id)[:120]
    with lifecycle.scope(generation):
        taken = {"upstream_id": attempt.upstream_id, **seen}
        if not attempts.close(generation, attempt, AttemptOutcome.ACCEPTED, **taken):
            log.warning("%s: taken as %s after its end", attempt.external_id, task.id)
            attempts.came_late(generation, attempt, **taken)
        passing("record.accepted")
        if generation.kind in PRODUCTS and _whole(generation, task):
            attempts.ended(generation, task)
            _ready(generation, task, upstream_id=attempt.upstream_id, submitted_at=timezone.now())
        else:
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
    if not _closed(
        generation,
        attempt,
        AttemptOutcome.REJECTED,
        reason=reason,
        message=kept(f"{refusal.code}: {refusal.message}", 500),
        **seen,
    ):
        return
    passing("record.rejected")
    if reason.final:
        lifecycle.fail(generation, _FINAL[reason], refusal.message)
    elif reason == Reason.DISCONTINUED:
        if not attempt.account.is_sandbox:  # there a prompt says so, for its own order alone
            routing.refuse_model(attempt.account, generation.called, refusal.message)
        lifecycle.put_back(generation, again_in=0)
    elif attempts.burned(generation) >= settings.SUBMIT_ATTEMPTS:
        lifecycle.fail(
            generation, "upstream_unavailable", "No service could take it; nothing was charged."
        )
    else:
        lifecycle.put_back(generation, again_in=_backoff(attempts.count(generation)))


def _backoff(tries: int) -> float:
    """Full jitter over 0.5, 1, 2, … 30 seconds."""
    return random.uniform(0.2, min(30.0, 0.5 * 2**tries))  # noqa: S311 - spread, not secrecy


def is_news(turn: polls.Turn, found: Found) -> bool:
    """Whether a poll's answer may change anything: most say "still at work", and some nothing."""
    if turn.is_over:
        return True
    if isinstance(found, Task):
        return found.state in _ENDED or turn.missed > 0
    return certainly_absent(found) or found.reason in _OF_THE_ACCOUNT


def polled(generation: Generation, found: Found) -> None:
    """What a poll told: ready to fetch, failed, lost, or still at work (its next turn stands)."""
    if isinstance(found, Task) and found.state in _ENDED:
        attempts.ended(generation, found)
        passing("poll.noted")
    if isinstance(found, Task) and _whole(generation, found):
        _ready(generation, found)
    elif isinstance(found, Task) and found.state == TaskState.FAILED:
        lifecycle.fail(
            generation, _FINAL[found.reason], found.message or "The service could not make it."
        )
    elif timezone.now() >= generation.deadline_at:
        lifecycle.fail(generation, "deadline", NOT_MADE)
    elif isinstance(found, Task):
        polls.seen(generation)
    elif found.reason in _OF_THE_ACCOUNT and generation.account:
        health.trouble(generation.account, found)
    elif certainly_absent(found) and polls.missed(generation) > _ABSENCES:
        lifecycle.fail(generation, "upstream_lost", "The service no longer knows this film.")


def _whole(generation: Generation, task: Task) -> bool:
    """Whether it has succeeded and everything that was ordered is there."""
    product = PRODUCTS.get(generation.kind)
    there = {"video": task.videos, "audio": task.audios, "facts": task.facts}
    wanted = product.outputs if product else ("video",)
    return task.state == TaskState.SUCCEEDED and all(there[name] for name in wanted)


def _ready(generation: Generation, task: Task, **columns: Any) -> None:
    if _unmarked(generation, task):
        columns["warnings"] = [*generation.warnings, NO_MARK]
    with lifecycle.scope(generation):
        lifecycle.advance(
            generation,
            Status.FETCHING,
            media_url=film_address(task),
            made=told(task),
            upstream_finished_at=timezone.now(),
            **columns,
        )


def film_address(task: Task) -> str:
    """Where its film is, without a watermark; empty when it has no film."""
    return storable(task.videos[0].url) if task.videos else ""


def _unmarked(generation: Generation, task: Task) -> bool:
    """Whether the watermark that was ordered did not come with the film."""
    wanted = bool(generation.params.get("watermark")) and bool(task.videos)
    return wanted and not task.videos[0].watermark_url


def told(task: Task) -> dict[str, Any]:
    """What is kept of a result: ids by which the upstream knows it, where its sound and its marked
    film are, facts."""
    kept: dict[str, Any] = {}
    if task.videos and task.videos[0].id:
        kept["video"] = storable(task.videos[0].id)
    if task.videos and task.videos[0].watermark_url:
        kept["marked_url"] = storable(task.videos[0].watermark_url)
    if task.audios:
        kept |= {"audio": storable(task.audios[0].id), "audio_url": storable(task.audios[0].url)}
    if task.facts:
        kept["facts"] = fit(task.facts)
    return kept
