"""What our attempts say that some accounts must, and may, have been billed in a period."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, Now

from accounts import tenancy
from generations import attempts, patience
from generations.catalogue import billable
from generations.models import Attempt, AttemptOutcome, ProviderAccount, Status

_FREE = ("upstream_failed", "moderation")  # ends that upstreams do not bill
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Span:
    """The least and the most, in units or dollars."""

    least: Decimal
    most: Decimal

    def words(self, unit: str) -> str:
        """`10.00 units`, or `10.00 to 12.00 units`."""
        if self.least == self.most:
            return f"{self.most:.2f} {unit}"
        return f"{self.least:.2f} to {self.most:.2f} {unit}"


def span(
    accounts: Collection[ProviderAccount],
    since: datetime,
    until: datetime,
    lag: timedelta,
    *,
    units: bool,
) -> Span:
    """What a meter that is behind by at most `lag` has counted between two readings.

    Least: films that began after the first reading and were here `lag` before the second. Most:
    everything that may have ended since `lag` before the first, and what may be billed for
    attempts whose cost was not told: at work, of unknown outcome, or given up.
    """
    column = "upstream_units" if units else "upstream_cost"
    told = Q(outcome=AttemptOutcome.ACCEPTED, **{f"{column}__isnull": False})
    with tenancy.system("attempts of every tenant are one account's"):
        ours = Attempt.objects.filter(account__in=accounts).annotate(
            over_at=Coalesce(
                F("generation__upstream_finished_at"), F("generation__finished_at"), Now()
            )
        )
        recent = ours.filter(
            Q(over_at__gt=since - lag)
            | Q(generation__status=Status.FAILED, over_at__gt=since - lag - patience.LATE_FOR)
        )
        certain = ours.filter(
            told,
            generation__status=Status.SUCCEEDED,
            started_at__gt=since,
            over_at__lt=until - lag,
        )
        least = _sum(certain, column)
        most = _sum(recent.filter(told), column) + _untold(recent.exclude(told), units=units)
    return Span(least, most)


def _sum(found: QuerySet[Attempt], column: str) -> Decimal:
    return found.aggregate(all=Sum(column))["all"] or Decimal(0)


def may_be_billed() -> Q:
    """Attempts that an upstream may bill, of those whose cost it did not tell."""
    perhaps = [AttemptOutcome.UNKNOWN, AttemptOutcome.ACCEPTED, AttemptOutcome.ABANDONED]
    free = Q(outcome=AttemptOutcome.ACCEPTED, generation__error_code__in=_FREE)
    return Q(outcome__in=perhaps) & ~free


def _untold(found: QuerySet[Attempt], *, units: bool) -> Decimal:
    """What the catalogue expects of those that may be billed."""
    perhaps = found.filter(may_be_billed())
    total = Decimal(0)
    for attempt in perhaps.select_related("generation", "account").iterator(_CHUNK):
        if units:
            total += billable.official_units(attempt.generation.order())
        else:
            total += attempts.expected_cost(attempt.generation, attempt.account)
    return total
