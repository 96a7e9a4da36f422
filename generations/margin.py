"""What films brought and what they cost us: by model and upstream account, live orders only.

A film counts on the day (UTC) its credits were captured; what it brought is its share of what was
paid for them (`billing.revenue`). A cost that the upstream told is exact; one that it did not tell
is an estimate: Kling's official units of the order at the account's cost book, as it is now. What
was ordered and never charged, and may be billed nevertheless, is counted apart, on the day of the
attempt. Costs are told in dollars; CURRENCY_PER_DOLLAR makes them cents of ours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from django.conf import settings
from django.db.models import Q, QuerySet

from billing import months, revenue
from billing.revenue import Share
from generations import attempts
from generations.catalogue.params import called
from generations.models import Attempt, AttemptOutcome, ProviderAccount, Status
from generations.reconciliation import books

_CHUNK = 500
_NOTHING = Share()
_MADE = """
  FROM billing_hold hold
  LEFT JOIN generations_generation film ON film.hold_id = hold.id
  LEFT JOIN generations_attempt took
    ON took.generation_id = film.id AND took.outcome = 'accepted'
 WHERE hold.status = 'captured' AND hold.livemode
   AND hold.settled_at >= %(since)s AND hold.settled_at < %(until)s
"""
_FILMS = f"""
SELECT film.model, film.kind, took.account_id, count(*), coalesce(sum(took.upstream_cost), 0)
{_MADE} GROUP BY 1, 2, 3
"""
_EARNED = f"""
SELECT film.model, film.kind, took.account_id, lot.cents,
    CASE lot.cents WHEN 0 THEN 1 ELSE lot.granted END, sum(spent.credits)::bigint
  FROM ({revenue.SPENT}) AS spent
  JOIN billing_lot lot ON lot.id = spent.lot_id
  LEFT JOIN generations_generation film ON film.hold_id = spent.hold_id
  LEFT JOIN generations_attempt took
    ON took.generation_id = film.id AND took.outcome = 'accepted'
 GROUP BY 1, 2, 3, 4, 5
"""  # noqa: S608 - our own words


@dataclass(frozen=True, slots=True)
class Line:
    """Films of one model at one account, both empty for what was no film's; or their sum.

    `cost` is in cents, `estimated` the part of it that no upstream told.
    """

    model: str = ""
    account: str = ""
    films: int = 0
    share: Share = _NOTHING
    cost: Fraction = Fraction(0)
    estimated: Fraction = Fraction(0)

    @property
    def margin(self) -> Fraction:
        """Cents that are left."""
        return self.share.cents - self.cost

    @property
    def percent(self) -> Fraction | None:
        """The margin's share of what was earned; None where nothing was."""
        return self.margin / self.share.cents * 100 if self.share.cents else None

    def __add__(self, other: Line) -> Line:
        return Line(
            self.model, self.account, self.films + other.films, self.share + other.share,
            self.cost + other.cost, self.estimated + other.estimated,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """`made`: films that were charged. `failed`: attempts that were not, and may be billed."""

    made: tuple[Line, ...]
    failed: tuple[Line, ...]

    @property
    def total(self) -> Line:
        """Everything: what is left after all costs."""
        return sum((*self.made, *self.failed), Line())


def report(first: date, last: date, organisation_id: int | None = None) -> Report:
    """The days `first` to `last`, of one organisation or of all."""
    with revenue.seen_by(organisation_id):
        return Report(_added(_made(first, last)), _added(_failed(first, last)))


def _made(first: date, last: date) -> Iterator[Line]:
    names = dict(ProviderAccount.objects.values_list("pk", "name"))
    for model, kind, account, films, told in revenue.rows(_FILMS, first, last):
        yield Line(_called(kind, model), names.get(account, ""), films, cost=_cents(told))
    for model, kind, account, cents, granted, spent in revenue.rows(_EARNED, first, last):
        paid = revenue.share(spent, cents, granted)
        yield Line(_called(kind, model), names.get(account, ""), share=paid)
    since, until = months.span(first, last)
    untold = Attempt.objects.filter(
        outcome=AttemptOutcome.ACCEPTED, upstream_cost=None, livemode=True,
        generation__hold__status="captured", generation__hold__settled_at__gte=since,
        generation__hold__settled_at__lt=until,
    )  # fmt: skip
    yield from map(_costing, _each(untold))


def _failed(first: date, last: date) -> Iterator[Line]:
    since, until = months.span(first, last)
    over = Attempt.objects.filter(
        livemode=True, started_at__gte=since, started_at__lt=until,
        generation__status__in=[Status.FAILED, Status.CANCELLED],
    )  # fmt: skip
    perhaps = over.filter(Q(upstream_cost__gt=0) | Q(upstream_cost=None) & books.may_be_billed())
    for attempt in _each(perhaps):
        yield _costing(attempt) + Line(films=1)


def _each(found: QuerySet[Attempt]) -> Iterator[Attempt]:
    return found.select_related("generation", "account").iterator(_CHUNK)


def _costing(attempt: Attempt) -> Line:
    """What one attempt cost, or may have."""
    film, told = attempt.generation, attempt.upstream_cost
    cost = _cents(attempts.expected_cost(film, attempt.account) if told is None else told)
    guessed = cost if told is None else Fraction(0)
    return Line(film.called, attempt.account.name, cost=cost, estimated=guessed)


def _added(lines: Iterator[Line]) -> tuple[Line, ...]:
    """One of each model and account, the dearest first."""
    known: dict[tuple[str, str], Line] = defaultdict(Line)
    for line in lines:
        key = line.model, line.account
        known[key] = line + known[key]
    return tuple(
        sorted(known.values(), key=lambda o: (-o.share.cents, -o.cost, o.model, o.account))
    )


def _called(kind: str | None, model: str | None) -> str:
    return called(kind, model) if kind and model else model or ""


def _cents(dollars: Decimal) -> Fraction:
    return Fraction(dollars) * Fraction(settings.CURRENCY_PER_DOLLAR) * 100
