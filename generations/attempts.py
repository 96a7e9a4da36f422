"""The trail of tries: written before each request, so that a crash leaves a question, not a gap."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, QuerySet, Sum
from django.utils import timezone

from generations import lifecycle, standing
from generations.catalogue import billable
from generations.models import (
    AlarmKind,
    Attempt,
    AttemptOutcome,
    Generation,
    ProviderAccount,
    Status,
)
from generations.providers import alarms
from generations.wire.kling.codes import is_gone
from generations.wire.task import Reason, Task, TaskState
from kling_saas.lib.logs import kept

_SPOILT = (Reason.UNAVAILABLE, Reason.BROKEN, Reason.NOT_FOUND)
_TOLERANCE = Decimal("1.01")
_EARLIER = 5  # answers to earlier sends that are kept
_MOST = Decimal(10) ** 8  # what the columns hold


def begin(generation: Generation, account: ProviderAccount, *, retry: bool = False) -> Attempt:
    """The next attempt, `unknown` until its answer is recorded; the generation is submitting.

    `retry`: the account had this generation before.

    Raises LeaseLost when another worker has the generation now.
    """
    with lifecycle.scope(generation):
        number = Attempt.objects.filter(generation=generation).count() + 1
        lifecycle.hand_over(generation, account, keep_lease=True)
        attempt: Attempt = Attempt.objects.create(
            organisation_id=generation.organisation_id,
            livemode=generation.livemode,
            generation=generation,
            number=number,
            account=account,
            external_id=f"{generation.public_id}-{number}",
            retry=retry,
        )
    return attempt


def close(
    generation: Generation, attempt: Attempt, outcome: AttemptOutcome, **columns: Any
) -> bool:
    """Record how an attempt ended, once: a recorded outcome is not overwritten. False if it is not.

    That it was taken is true whoever learnt it. That it was not, only the one may say who has the
    order now: another worker may have sent the same attempt again.
    """
    with lifecycle.scope(generation):
        mine = lifecycle.is_mine(generation)
        if not mine and outcome != AttemptOutcome.ACCEPTED:
            return False
        left = Attempt.objects.filter(pk=attempt.pk, outcome=AttemptOutcome.UNKNOWN)
        return bool(left.update(outcome=outcome, ended_at=timezone.now(), **columns))


def came_late(generation: Generation, attempt: Attempt, *, upstream_id: str, **seen: Any) -> None:
    """It was taken after all, and told so when its order had been given up: keep by which id.

    It stays in suspense; by the id its film may be asked for (`late`), and found on a bill.
    """
    with lifecycle.scope(generation):
        left = Attempt.objects.filter(pk=attempt.pk, outcome=AttemptOutcome.ABANDONED)
        if left.update(upstream_id=upstream_id, **seen):
            Generation.objects.filter(pk=generation.pk, status=Status.FAILED).update(
                upstream_id=upstream_id
            )


def taken(generation: Generation) -> Attempt | None:
    """The attempt that an upstream took, with its account."""
    with lifecycle.scope(generation):
        its = Attempt.objects.select_related("account").filter(generation=generation)
        found: Attempt | None = its.filter(outcome=AttemptOutcome.ACCEPTED).first()
    return found


def looked(generation: Generation, attempt: Attempt) -> None:
    """Count a look-up that did not find the task."""
    with lifecycle.scope(generation):
        Attempt.objects.filter(pk=attempt.pk).update(look_ups=F("look_ups") + 1)


def again(generation: Generation, attempt: Attempt) -> bool:
    """It goes out once more under the same id: from now on it is as young as the second sending.

    What was looked up so far tells nothing about that. False when it has an answer by now. Needs a
    transaction. Raises LeaseLost.
    """
    with lifecycle.scope(generation):
        if not lifecycle.is_mine(generation):
            raise lifecycle.LeaseLost(generation.public_id)
        before = {
            "at": attempt.started_at.isoformat(),
            "message": attempt.message,
            "answered": attempt.response,
        }
        attempt.started_at, attempt.look_ups, attempt.retry = timezone.now(), 1, True
        left = Attempt.objects.filter(pk=attempt.pk, outcome=AttemptOutcome.UNKNOWN)
        sent = left.update(
            started_at=attempt.started_at,
            look_ups=1,
            retry=True,
            sends=F("sends") + 1,
            earlier=[*attempt.earlier, before][-_EARLIER:],
            message="",
            response={},
        )
        return bool(sent)


def tried(generation: Generation) -> set[int]:
    """The accounts that had it already."""
    with lifecycle.scope(generation):
        return set(
            Attempt.objects.filter(generation=generation).values_list("account_id", flat=True)
        )


def turned_away(generation: Generation) -> dict[int, bool]:
    """The accounts that told it that they do not serve its model, and whether that is for good.

    It is when they said so plainly; a sandbox says so for one order alone, as its prompt asks.
    """
    with lifecycle.scope(generation):
        refused = Attempt.objects.filter(generation=generation, reason=Reason.DISCONTINUED)
        told = refused.values_list("account_id", "account__is_sandbox", "message")
        return {pk: sandbox or is_gone(message) for pk, sandbox, message in told}


def count(generation: Generation) -> int:
    """How often it was sent, or was to be."""
    if generation.status == Status.ACCEPTED:
        return 0
    with lifecycle.scope(generation):
        sends = Attempt.objects.filter(generation=generation).aggregate(all=Sum("sends"))
        return int(sends["all"] or 0)


def counts(generations: Iterable[Generation]) -> dict[int, int]:
    """How often each was sent, by its key. Needs a scope that sees them; one query."""
    ids = [g.pk for g in generations]
    found = Attempt.objects.filter(generation__in=ids).values("generation_id")
    tries = dict(found.annotate(tries=Sum("sends")).values_list("generation_id", "tries"))
    return {pk: int(tries.get(pk, 0)) for pk in ids}


def burned(generation: Generation) -> int:
    """How many tries an upstream spoilt; "slow down" and trouble of ours or the line's are none."""
    with lifecycle.scope(generation):
        spoilt = Attempt.objects.filter(
            generation=generation, outcome=AttemptOutcome.REJECTED, reason__in=_SPOILT
        )
        return int(spoilt.count())


def ended(generation: Generation, task: Task) -> None:
    """Write down what the upstream takes for a task that has ended, and why it failed.

    Kling tells units, which cost what the account's book says; Segmind tells dollars.
    """
    account = generation.account
    if account is None:
        return
    cost = task.cost_usd
    if cost is None and task.units is not None:
        cost = task.units * account.usd_per_unit(generation.model)
    usual = expected_cost(generation, account)
    columns = {
        "upstream_units": task.units,
        "upstream_cost": cost,
        "expected_cost": None if cost is None else usual,
        "upstream_balance": task.remaining_usd,
    }
    told: dict[str, Any] = {name: value for name, value in columns.items() if _storable(value)}
    if task.state == TaskState.FAILED:
        told["message"] = kept(task.message, 500)
    with lifecycle.scope(generation):
        if told:
            Attempt.objects.filter(generation=generation, outcome=AttemptOutcome.ACCEPTED).update(
                **told
            )
    if cost is not None and cost > usual * _TOLERANCE and not account.is_sandbox:
        alarms.ring(
            AlarmKind.OVERCHARGED,
            account.name,
            f"{generation.public_id}: took ${cost}, its cost book says ${usual}",
        )


def spoilt(generation: Generation, message: str) -> None:
    """Note for the operator why the film of the attempt that was accepted is not taken in."""
    with lifecycle.scope(generation):
        Attempt.objects.filter(generation=generation, outcome=AttemptOutcome.ACCEPTED).update(
            message=kept(message, 500)
        )


def margin(attempt: Attempt) -> Decimal | None:
    """Dollars that its film brought at list price, less what the upstream took, when told."""
    if attempt.upstream_cost is None:
        return None
    charged = attempt.generation.charged or 0
    earned = billable.usd_of(charged if attempt.outcome == AttemptOutcome.ACCEPTED else 0)
    return earned - attempt.upstream_cost


def expected_cost(generation: Generation, account: ProviderAccount) -> Decimal:
    """What the account's book says that the film costs us, in dollars."""
    units = billable.official_units(generation.order())
    return units * account.usd_per_unit(generation.model)


def _storable(value: Decimal | None) -> bool:
    return value is not None and abs(value) < _MOST


def in_suspense() -> QuerySet[Attempt]:
    """Tries that an upstream may bill and that brought no film. Needs a scope of every tenant.

    Their outcome is not known, or they were taken and cost something.
    """
    unknown = Q(outcome=AttemptOutcome.ABANDONED)
    paid = Q(outcome=AttemptOutcome.ACCEPTED, upstream_cost__gt=0)
    found: QuerySet[Attempt] = Attempt.objects.filter(
        unknown | paid, standing.nothing_given("generation__")
    )
    return found


def unsettled() -> QuerySet[Attempt]:
    """Of what is in suspense, what rang and no operator has looked at; a sandbox bills nobody."""
    rows = in_suspense().filter(account__is_sandbox=False)
    return rows.exclude(external_id__in=alarms.resolved(AlarmKind.SUSPENSE))
