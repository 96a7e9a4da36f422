"""Attempts nobody closed, holds nobody settles, films nobody took: each has its rule's remedy."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from accounts import tenancy
from generations import attempts, invariants, late, outcomes
from generations.models import (
    AlarmKind,
    Attempt,
    AttemptOutcome,
    Generation,
    ProviderAccount,
    Status,
)
from generations.providers import alarms
from generations.reconciliation.finding import Finding, Kind, Look, Page
from generations.wire.task import Reason, Rejected

_GRACE = timedelta(hours=1)  # after a deadline, as invariant I8 has it
_WAITING = timedelta(hours=25)  # for our storage
_LOOKED_BACK = timedelta(days=7)
_BATCH = 50
_MOST = 200  # late films that are asked about in one reconciliation


# -------------------------------------------------------------------- unknown submits


def unknown(look: Look) -> Page:
    """Attempts without an outcome whose order has ended, and suspense that nobody has resolved."""
    with tenancy.system("attempts of every tenant are looked at"):
        left = _of(look.account).filter(
            outcome=AttemptOutcome.UNKNOWN, generation__finished_at__lt=Now() - _GRACE
        )
        open_ = list(left.select_related("generation", "account").order_by("pk")[:_BATCH])
        rung = _of(look.account).filter(external_id__in=alarms.ringing(AlarmKind.SUSPENSE))
        waiting = list((rung & attempts.in_suspense()).select_related("account"))
    found = [_into_suspense(attempt, look) for attempt in open_]
    return Page((*found, *(_suspense(attempt) for attempt in waiting)))


def _of(account: ProviderAccount | None) -> QuerySet[Attempt]:
    every: QuerySet[Attempt] = Attempt.objects.all()
    return every.filter(account=account) if account else every


def _into_suspense(attempt: Attempt, look: Look) -> Finding:
    if look.mend:
        outcomes.suspend(attempt.generation, attempt)
    says = f"{attempt.account.name}: its order has ended, and its outcome is not known"
    return Finding(Kind.UNKNOWN, attempt.external_id, says, "put into suspense")


def _suspense(attempt: Attempt) -> Finding:
    says = f"{attempt.account.name} may bill ${attempt.upstream_cost}, and no film came"
    return Finding(Kind.UNKNOWN, attempt.external_id, says, left=True)


# -------------------------------------------------------------------- stuck holds


def holds(look: Look) -> Page:
    """Orders long past their deadline that hold credits, and holds that no order will settle."""
    with tenancy.system("holds of every tenant are looked at"):
        waits = Q(status__in=[Status.FETCHING, Status.STORING], deadline_at__gte=Now() - _WAITING)
        stuck = Generation.objects.filter(
            Q(lease_until=None) | Q(lease_until__lte=Now()),
            finished_at=None,
            deadline_at__lt=Now() - _GRACE,
        ).exclude(waits)
        orders = list(stuck.order_by("pk")[:_BATCH])
        broken = invariants.of_rule("I5")
    found = [_given_back(order, look) for order in orders]
    if look.mend:
        names = {breach.offender for breach in broken}
        alarms.clear(AlarmKind.STUCK, *set(alarms.ringing(AlarmKind.STUCK)) - names)
        for breach in broken:
            alarms.ring(AlarmKind.STUCK, breach.offender, breach.rule)
    found += [Finding(Kind.HOLD, b.offender, f"not so: {b.rule}", left=True) for b in broken]
    return Page(tuple(found))


def _given_back(order: Generation, look: Look) -> Finding:
    says = f"{order.credits} credits are held since {order.created_at:%Y-%m-%d %H:%M}"
    why = "It was not finished before its deadline; nothing was charged."
    if look.mend and not outcomes.give_up(order, "deadline", why):
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
