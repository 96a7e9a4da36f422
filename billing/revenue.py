"""What sold credits have earned, what we still owe for them, what expired, and what went back.

A credit's money is its lot's: `cents` of what was `granted`, without tax, as an exact fraction;
whoever shows it rounds, once. Live wallets only; days are UTC.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Any

from django.db import connection

from accounts import tenancy
from billing import months


class Kind(StrEnum):
    """How credits leave a lot. A debt is of credits spent before: what pays it is earned, too.

    What is reinstated returns to its lot, so it counts below zero.
    """

    SPENT = "spent"
    SETTLED = "settle_debt"
    EXPIRED = "expire"
    REFUNDED = "refund"
    CLAWED_BACK = "claw_back"
    REINSTATED = "reinstate"


EARNED = (Kind.SPENT, Kind.SETTLED)
RETURNED = (Kind.REFUNDED, Kind.CLAWED_BACK, Kind.REINSTATED)


@dataclass(frozen=True, slots=True)
class Share:
    """Credits, and the cents that were paid for exactly these."""

    credits: int = 0
    cents: Fraction = Fraction(0)

    def __add__(self, other: Share) -> Share:
        return Share(self.credits + other.credits, self.cents + other.cents)


def share(amount: int, cents: int, granted: int) -> Share:
    """So many credits of lots that cost `cents` for each `granted`."""
    return Share(amount, Fraction(cents * amount, granted))


@dataclass(frozen=True, slots=True)
class Moved:
    """What left the lots of one source on one day in one way."""

    day: date
    kind: Kind
    source: str
    share: Share


@dataclass(frozen=True, slots=True)
class Report:
    """The days `first` to `last`. `deferred` is of now, by source; `sold` came in on these days.

    `unrecovered` credits were taken back after they were spent, and became a debt.
    """

    first: date
    last: date
    moved: tuple[Moved, ...]
    sold: dict[str, Share]
    deferred: dict[str, Share]
    unrecovered: int

    def total(self, *kinds: Kind, day: date | None = None) -> Share:
        """Of these kinds, on one day or all."""
        return added(
            one.share for one in self.moved if one.kind in kinds and day in {None, one.day}
        )

    @property
    def days(self) -> list[date]:
        """All of them, in order."""
        return [self.first + timedelta(n) for n in range((self.last - self.first).days + 1)]


# The pins that captured holds have spent, since and until. Nearly every hold is captured whole; of
# the others the first pins are spent, as billing_unpin_lots gives the last ones back.
SPENT = """
SELECT hold.id AS hold_id, hold.settled_at AS at, pin.lot_id, pin.amount AS credits
  FROM billing_hold hold JOIN billing_holdlot pin ON pin.hold_id = hold.id
 WHERE hold.status = 'captured' AND hold.livemode AND hold.captured = hold.amount
   AND hold.settled_at >= %(since)s AND hold.settled_at < %(until)s
UNION ALL
SELECT part.hold_id, part.at, part.lot_id, least(part.amount, part.captured - part.before)
  FROM (
    SELECT hold.id AS hold_id, hold.settled_at AS at, hold.captured, pin.lot_id, pin.amount,
        sum(pin.amount) OVER (PARTITION BY hold.id ORDER BY pin.id)::bigint - pin.amount AS before
      FROM billing_hold hold JOIN billing_holdlot pin ON pin.hold_id = hold.id
     WHERE hold.status = 'captured' AND hold.livemode AND hold.captured < hold.amount
       AND hold.settled_at >= %(since)s AND hold.settled_at < %(until)s
  ) AS part WHERE part.before < part.captured
"""
# Lots that cost the same are added up here, as whole numbers: their fractions are exact outside.
_MOVED = f"""
SELECT (gone.at AT TIME ZONE 'UTC')::date, gone.kind, lot.source, lot.cents,
    CASE lot.cents WHEN 0 THEN 1 ELSE lot.granted END AS granted, sum(gone.credits)::bigint
  FROM (
    SELECT at, 'spent' AS kind, lot_id, credits FROM ({SPENT}) AS spent
    UNION ALL
    SELECT created_at, type, lot_id, CASE type WHEN 'reinstate' THEN -amount ELSE amount END
      FROM billing_transfer
     WHERE type IN ('expire', 'refund', 'claw_back', 'reinstate', 'settle_debt')
       AND lot_id IS NOT NULL AND livemode
       AND created_at >= %(since)s AND created_at < %(until)s
  ) AS gone JOIN billing_lot lot ON lot.id = gone.lot_id
 GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3
"""  # noqa: S608 - our own words
_DEFERRED = """
SELECT source, cents, granted, sum(credits)::bigint FROM (
    SELECT source, cents, CASE cents WHEN 0 THEN 1 ELSE granted END AS granted,
        remaining AS credits
      FROM billing_lot WHERE open AND livemode
    UNION ALL
    SELECT lot.source, lot.cents, CASE lot.cents WHEN 0 THEN 1 ELSE lot.granted END, pin.amount
      FROM billing_hold hold
      JOIN billing_holdlot pin ON pin.hold_id = hold.id
      JOIN billing_lot lot ON lot.id = pin.lot_id
     WHERE hold.status = 'pending' AND hold.livemode
) AS left_of GROUP BY 1, 2, 3
"""
_SOLD = """
SELECT source, cents, granted, sum(granted)::bigint FROM billing_lot
 WHERE livemode AND created_at >= %(since)s AND created_at < %(until)s GROUP BY 1, 2, 3
"""
_UNRECOVERED = """
SELECT coalesce(sum(CASE type WHEN 'reinstate' THEN -amount ELSE amount END), 0)::bigint
  FROM billing_transfer
 WHERE livemode AND (type = 'claw_back' AND debit = 'receivable'
                     OR type = 'reinstate' AND credit = 'receivable')
   AND created_at >= %(since)s AND created_at < %(until)s
"""


def report(first: date, last: date, organisation_id: int | None = None) -> Report:
    """Of one organisation or of all, read in a handful of statements."""
    with seen_by(organisation_id):
        moved = tuple(
            Moved(day, Kind(kind), source, share(amount, cents, granted))
            for day, kind, source, cents, granted, amount in rows(_MOVED, first, last)
        )
        sold = _by_source(rows(_SOLD, first, last))
        deferred = _by_source(rows(_DEFERRED, first, last))
        ((unrecovered,),) = rows(_UNRECOVERED, first, last)
    return Report(first, last, moved, sold, deferred, unrecovered)


def seen_by(organisation_id: int | None) -> AbstractContextManager[None]:
    """The scope in which one organisation's books are read, or everybody's."""
    if organisation_id is None:
        return tenancy.system("revenue is added up across tenants")
    return tenancy.scope(organisation_id)


def rows(query: str, first: date, last: date) -> list[tuple[Any, ...]]:
    """The answer to a query about the days `first` to `last`, `since` and `until` in it."""
    since, until = months.span(first, last)
    with connection.cursor() as cursor:
        cursor.execute(query, {"since": since, "until": until})
        return list(cursor.fetchall())


def added(shares: Iterable[Share]) -> Share:
    """Their sum."""
    return sum(shares, Share())


def _by_source(found: list[tuple[Any, ...]]) -> dict[str, Share]:
    known: dict[str, Share] = defaultdict(Share)
    for source, cents, granted, amount in found:
        known[source] += share(amount, cents, granted)
    return dict(known)
