"""Attempts nobody closed, holds nobody settles, films nobody took: each has its rule's remedy."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from accounts import tenancy
from generations import attempts, invariants, late, outcomes, patience
from generations.invariants import Breach
from generations.models import AlarmKind, Attempt, AttemptOutcome, Generation, Status
from generations.providers import alarms
from generations.reconciliation.finding import Finding, Kind, Look, Page
from generations.wire.task import Reason, Rejected

_LOOKED_BACK = timedelta(days=7)
_BATCH = 50
_MOST = 200  # late films that are asked about in one reconciliation


# -------------------------------------------------------------------- unknown submits


def unknown(look: Look) -> Page:
    """The next of what is in suspense, then of the attempts whose order ended without them.

    Suspense is told until an operator resolves its alarm, which rings for all of it.
    """
    place, _, last = (look.after or "suspense:0").partition(":")
    with tenancy.system("attempts of every tenant are looked at"):
        rows = attempts.unsettled() if place == "suspense" else _left_open()
        if look.account:
            rows = rows.filter(account=look.account)
        rows = rows.filter(pk__gt=int(last)).select_related("generation", "account")
        batch = list(rows.order_by("pk")[:_BATCH])
    told = _suspense if place == "suspense" else _into_suspense
    after = f"{place}:{batch[-1].pk}" if len(batch) == _BATCH else ""
    following = "open:0" if place == "suspense" else ""
    return Page(tuple(told(attempt, look) for attempt in batch), after or following)


def _left_open() -> QuerySet[Attempt]:
    rows: QuerySet[Attempt] = Attempt.objects.filter(
        outcome=AttemptOutcome.UNKNOWN, generation__finished_at__lt=Now() - patience.DEADLINE_GRACE
    )
    return rows


def _into_suspense(attempt: Attempt, look: Look) -> Finding:
    if look.mend:
        outcomes.suspend(attempt.generation, attempt)
    says = f"{attempt.account.name}: its order has ended, and its outcome is not known"
    return Finding(Kind.UNKNOWN, attempt.external_id, says, "put into suspense")


def _suspense(attempt: Attempt, look: Look) -> Finding:
    says = f"{attempt.account.name} may bill ${attempt.upstream_cost}, and no film came"
    if look.mend and attempt.external_id not in alarms.ringing(AlarmKind.SUSPENSE):
        alarms.ring(AlarmKind.SUSPENSE, attempt.external_id, says)
    return Finding(Kind.UNKNOWN, attempt.external_id, says, left=True)


# -------------------------------------------------------------------- stuck holds


def holds(look: Look) -> Page:
    """Holds that no order will settle, and the next orders long past their deadline."""
    broken = [] if look.after else _unsettled(look)
    found = [Finding(Kind.HOLD, b.offender, f"not so: {b.rule}", left=True) for b in broken]
    with tenancy.system("holds of every tenant are looked at"):
        waits = Q(
            status__in=[Status.FETCHING, Status.STORING],
            deadline_at__gte=Now() - patience.STORAGE_GRACE,
        )
        stuck = Generation.objects.filter(
            Q(lease_until=None) | Q(lease_until__lte=Now()),
            finished_at=None,
            deadline_at__lt=Now() - patience.DEADLINE_GRACE,
            pk__gt=int(look.after or 0),
        ).exclude(waits)
        orders = list(stuck.order_by("pk")[:_BATCH])
    found += [_given_back(order, look) for order in orders]
    return Page(tuple(found), str(orders[-1].pk) if len(orders) == _BATCH else "")


def _unsettled(look: Look) -> list[Breach]:
    """The first of them; an alarm rings for each until it is mended, also when it is not listed."""
    ringing = alarms.ringing(AlarmKind.STUCK)
    with tenancy.system("holds of every tenant are looked at"):
        broken = invariants.of_rule("I5")
        still = {breach.offender for breach in invariants.of_rule("I5", among=ringing)}
    if look.mend:
        alarms.clear(AlarmKind.STUCK, *set(ringing) - still)
        for breach in broken:
            alarms.ring(AlarmKind.STUCK, breach.offender, breach.rule)
    return broken


def _given_back(order: Generation, look: Look) -> Finding:
    says = f"{order.credits} credits are held since {order.created_at:%Y-%m-%d %H:%M}"
    if look.mend and not outcomes.give_up(order, "deadline", outcomes.NOT_FINISHED):
        return Finding(Kind.HOLD, order.public_id, says, "somebody else moved it on")
    return Finding(Kind.HOLD, order.public_id, says, "given up, and given back")


# -------------------------------------------------------------------- late films


def late_films(look: Look) -> Page:
    """A film of the last week that was given up a day ago or earlier, asked about once more.

    An account that does not answer is asked about no other film: its rest waits for another day.
    """
    count, last, silent = (look.after or "0::").split(":")
    with tenancy.system("late films are looked for across tenants"):
        rows = late.overdue(_LOOKED_BACK)
        rows = rows.filter(account__enabled=True, account__disabled_because="")
        if look.account:
            rows = rows.filter(account=look.account)
        if last:
            rows = rows.filter(pk__lt=int(last))
        if silent:
            rows = rows.exclude(account__in=[int(each) for each in silent.split(",")])
        order = rows.order_by("-pk").first()
    asked = int(count) + 1
    if order is None or order.account is None:
        return Page()
    answer = late.ask(order, order.account)
    if isinstance(answer, Rejected) and answer.reason == Reason.UNAVAILABLE:
        silent = f"{silent},{order.account.pk}".lstrip(",")
    task, findings = late.made_of(order.kind, answer), []
    if task and (not look.mend or late.take_in(order, task)):
        says = f"{order.account.name} made it after it was given up"
        findings.append(Finding(Kind.LATE, order.public_id, says, "taken in, and given free"))
    return Page(tuple(findings), f"{asked}:{order.pk}:{silent}" if asked < _MOST else "")
