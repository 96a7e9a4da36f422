"""What the log of API calls adds up to: how many, how fast, how many refused, by hour and key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import TruncHour
from django.utils import timezone

from accounts import tenancy
from accounts.actors import Actor
from accounts.models import ApiCall

_REFUSED, _BROKEN = Q(status__gte=400, status__lt=500), Q(status__gte=500)
_PERCENTILES = """
SELECT percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY ms)
  FROM accounts_apicall
 WHERE organisation_id = %s AND livemode = %s AND at >= %s AND ms IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Hour:
    """Calls that came in the hour from `begin` on."""

    begin: datetime
    calls: int
    refused: int
    broken: int


@dataclass(frozen=True, slots=True)
class Group:
    """Calls with the same bad answer at the same address, and the newest of them."""

    status: int | None
    method: str
    path: str
    calls: int
    newest: datetime


@dataclass(frozen=True, slots=True)
class Figures:
    """Of a period; the medians in milliseconds are None without an answered call."""

    hours: list[Hour]
    errors: list[Group]
    p50: int | None
    p95: int | None

    @property
    def calls(self) -> int:
        """All of them."""
        return sum(hour.calls for hour in self.hours)

    @property
    def wrong(self) -> int:
        """Those answered 4xx or 5xx."""
        return sum(hour.refused + hour.broken for hour in self.hours)

    @property
    def error_percent(self) -> float:
        """The share of those."""
        return self.wrong * 100 / self.calls if self.calls else 0.0


def of_the_last(actor: Actor, hours: int, *, groups: int) -> Figures:
    """Of so many hours up to now, every hour with or without calls; `groups` errors at most."""
    now = timezone.now().astimezone(UTC)
    begin = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours - 1)
    with tenancy.scope(actor.organisation_id):
        rows = _mine(actor, begin)
        found = {
            one["hour"].astimezone(UTC): Hour(one["hour"], one["n"], one["no"], one["bad"])
            for one in rows.values(hour=TruncHour("at", tzinfo=UTC)).annotate(
                n=Count("pk"), no=Count("pk", filter=_REFUSED), bad=Count("pk", filter=_BROKEN)
            )
        }
        wrong = rows.filter(_REFUSED | _BROKEN).values("status", "method", "path")
        newest = wrong.annotate(calls=Count("pk"), newest=Max("at")).order_by("-newest")[:groups]
        errors = [Group(**one) for one in newest]
        with connection.cursor() as cursor:
            cursor.execute(_PERCENTILES, [actor.organisation_id, actor.livemode, begin])
            halves = cursor.fetchone()[0] or [None, None]
    moments = [begin + timedelta(hours=n) for n in range(hours)]
    p50, p95 = (None if half is None else round(half) for half in halves)
    return Figures([found.get(at, Hour(at, 0, 0, 0)) for at in moments], errors, p50, p95)


def by_credential(actor: Actor, hours: int) -> dict[str, int]:
    """How many calls each key and pair made in the last hours, by `key:5` or `pair:3`."""
    begin = timezone.now() - timedelta(hours=hours)
    with tenancy.scope(actor.organisation_id):
        rows = _mine(actor, begin).exclude(credential="").values("credential")
        return dict(rows.annotate(n=Count("pk")).values_list("credential", "n"))


def any_answered(actor: Actor) -> bool:
    """Whether a call was answered as it wanted to be."""
    with tenancy.scope(actor.organisation_id):
        mine = ApiCall.objects.filter(
            organisation_id=actor.organisation_id, livemode=actor.livemode
        )
        return bool(mine.filter(status__lt=400).exists())


def _mine(actor: Actor, begin: datetime) -> QuerySet[ApiCall]:
    rows: QuerySet[ApiCall] = ApiCall.objects.filter(
        organisation_id=actor.organisation_id, livemode=actor.livemode, at__gte=begin
    )
    return rows
