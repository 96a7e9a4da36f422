"""What sold credits have earned, what we still owe for them, what expired, and what went back.

A credit's money is its lot's: `cents` of what was `granted`, without tax, as an exact fraction;
whoever shows it rounds, once. Money that went back is what refunds and lost disputes say, without
the tax in it. Live wallets only; days are UTC. A gift is owed from the day that it is paid, before
anybody has its credits: it is sold then, and not again when it is redeemed. One that was taken back
and is open after all is reinstated on that day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Any

from django.db import connection

from accounts import tenancy
from billing import months


class Kind(StrEnum):
    """How credits leave a lot. A debt is of credits spent before: what pays it is earned, too.

    What is reinstated returns to its lot, and what paid a debt that is undone comes back as a lot
    of its own: both count below zero.
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
class Back:
    """Money that went back on one day, by a refund or a lost dispute (`what`).

    `cents` without tax, `taken` the credits that left their lots for it.
    """

    day: date
    what: str
    cents: Fraction
    taken: Share

    @property
    def kept(self) -> Fraction:
        """What was paid for these credits and did not go back."""
        return max(Fraction(0), self.taken.cents - self.cents)

    @property
    def lost(self) -> Fraction:
        """What went back beyond that: for credits that stay where they are. They were spent, or a
        gift was redeemed before; they are earned, or will be.
        """
        return max(Fraction(0), self.cents - self.taken.cents)


@dataclass(frozen=True, slots=True)
class Report:
    """The days `first` to `last`. `deferred` is of now, by source; `sold` came in on these days.

    `unrecovered` credits were taken back after they were spent, and became a debt.
    """

    first: date
    last: date
    moved: tuple[Moved, ...]
    back: tuple[Back, ...]
    sold: dict[str, Share]
    deferred: dict[str, Share]
    unrecovered: int

    def total(self, *kinds: Kind, day: date | None = None) -> Share:
        """Of these kinds, on one day or all."""
        return added(
            one.share for one in self.moved if one.kind in kinds and day in {None, one.day}
        )

    def returned(self, day: date | None = None) -> Fraction:
        """Money that went back, on one day or all."""
        return sum((b.cents for b in self.back if day in {None, b.day}), Fraction(0))

    @property
    def kept(self) -> Fraction:
        """What was paid for credits that were taken back, and did not go back with them."""
        return sum((one.kept for one in self.back), Fraction(0))

    @property
    def lost(self) -> Fraction:
        """What went back for credits that stay where they are: revenue, by now or later."""
        return sum((one.lost for one in self.back), Fraction(0))

    @property
    def on_its_way(self) -> Fraction:
        """What was paid for credits that were taken back while their money has not gone yet: more
        than before these days, or less (below zero).
        """
        return self.total(*RETURNED).cents - (self.returned() + self.kept - self.lost)

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
# What left the lots, and what returned (below zero); the last is what paid a debt that is undone.
_GONE = f"""
SELECT at, 'spent' AS kind, lot_id, credits FROM ({SPENT}) AS spent
UNION ALL
SELECT created_at, type, lot_id, CASE type WHEN 'reinstate' THEN -amount ELSE amount END
  FROM billing_transfer
 WHERE type IN ('expire', 'refund', 'claw_back', 'reinstate', 'settle_debt')
   AND lot_id IS NOT NULL AND livemode
   AND created_at >= %(since)s AND created_at < %(until)s
UNION ALL
SELECT created_at, 'settle_debt', id, -granted FROM billing_lot
 WHERE livemode AND source = 'refund' AND created_at >= %(since)s AND created_at < %(until)s
"""  # noqa: S608 - our own words
_COST = "lot.cents, CASE lot.cents WHEN 0 THEN 1 ELSE lot.granted END AS granted"
# Lots that cost the same are added up here, as whole numbers: their fractions are exact outside.
_MOVED = f"""
SELECT (gone.at AT TIME ZONE 'UTC')::date, gone.kind, lot.source, {_COST}, sum(credits)::bigint
  FROM ({_GONE}) AS gone JOIN billing_lot lot ON lot.id = gone.lot_id
 GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3
"""  # noqa: S608 - our own words
_CAME = """
SELECT id AS lot_id, granted AS credits FROM billing_lot
 WHERE livemode AND source <> 'refund' AND created_at >= %(since)s AND created_at < %(until)s
"""
_SOLD = f"{_CAME} AND reference NOT LIKE 'gift:%%'"
# What is unspent before `since`: what is now, with what has left, without what has come since.
_UNSPENT = f"""
SELECT id AS lot_id, remaining AS credits FROM billing_lot WHERE open AND livemode
UNION ALL
SELECT pin.lot_id, pin.amount
  FROM billing_hold hold JOIN billing_holdlot pin ON pin.hold_id = hold.id
 WHERE hold.status = 'pending' AND hold.livemode
UNION ALL
SELECT lot_id, credits FROM ({_GONE}) AS gone
UNION ALL
SELECT lot_id, -credits FROM ({_CAME}) AS came
"""  # noqa: S608 - our own words
# What took a gift back, and until when: refunds that took no credits instead, and disputes from the
# day that they were lost, or later where a refund had it till then and failed.
_TAKEN = """
WITH refunded AS (
    SELECT refund.purchase_id, 'refund' AS kind, 'refund:' || refund.public_id AS reference,
        refund.created_at AS at,
        CASE refund.status WHEN 'failed' THEN refund.settled_at END AS undone_at
      FROM billing_refund refund JOIN billing_gift gift ON gift.purchase_id = refund.purchase_id
     WHERE refund.credits > 0 AND NOT EXISTS (
        SELECT FROM billing_transfer gone
         WHERE gone.organisation_id = refund.organisation_id AND gone.livemode = refund.livemode
           AND gone.reference IN (
               'refund:' || refund.public_id, 'refund:' || refund.public_id || ':bonus'))
)
SELECT * FROM refunded
UNION ALL
SELECT dispute.purchase_id, 'claw_back', 'dispute:' || dispute.stripe_id,
    greatest(dispute.closed_at, free.at), dispute.reversed_at
  FROM billing_dispute dispute JOIN billing_gift gift ON gift.purchase_id = dispute.purchase_id,
    LATERAL (
        SELECT max(coalesce(undone_at, 'infinity')) AS at FROM refunded
         WHERE purchase_id = dispute.purchase_id AND refunded.at < dispute.closed_at
    ) AS free
 WHERE dispute.credits = 0
   AND (gift.void_for = 'dispute:' || dispute.stripe_id
        OR greatest(dispute.closed_at, free.at) < dispute.reversed_at)
"""
# How gifts came to be owed, and ended (below zero), in two parts as the lots they will give.
_GIFTS = f"""
SELECT moved.at, moved.kind, moved.reference, part.source, part.cents,
    CASE part.cents WHEN 0 THEN 1 ELSE part.credits END AS granted, moved.way * part.credits AS owed
  FROM billing_gift gift JOIN billing_purchase purchase ON purchase.id = gift.purchase_id
  JOIN (
    SELECT id AS purchase_id, paid_at AS at, 'paid' AS kind, '' AS reference, 1 AS way
      FROM billing_purchase WHERE kind = 'gift'
    UNION ALL
    SELECT purchase_id, ended_at, 'redeemed', '', -1 FROM billing_gift WHERE status = 'redeemed'
    UNION ALL
    SELECT purchase_id, at, kind, reference, -1 FROM ({_TAKEN}) AS taken
    UNION ALL
    SELECT purchase_id, undone_at, 'reinstate', reference, 1 FROM ({_TAKEN}) AS taken
     WHERE undone_at IS NOT NULL
  ) AS moved ON moved.purchase_id = gift.purchase_id,
    LATERAL (VALUES
        ('gift', purchase.credits, purchase.paid_cents - purchase.tax_cents),
        ('bonus', purchase.bonus_credits, 0)
    ) AS part (source, credits, cents)
 WHERE gift.status <> 'unpaid' AND gift.livemode AND part.credits > 0
"""  # noqa: S608 - our own words
_GIFTS_SOLD = f"""
SELECT source, cents, granted, sum(owed)::bigint FROM ({_GIFTS}) AS gift
 WHERE kind = 'paid' AND at >= %(since)s AND at < %(until)s GROUP BY 1, 2, 3
"""  # noqa: S608 - our own words
_GIFTS_OPEN = f"""
SELECT source, cents, granted, sum(owed)::bigint FROM ({_GIFTS}) AS gift
 WHERE at < %(since)s GROUP BY 1, 2, 3
"""  # noqa: S608 - our own words
_GIFTS_GONE = f"""
SELECT (at AT TIME ZONE 'UTC')::date, kind, source, cents, granted, -sum(owed)::bigint
  FROM ({_GIFTS}) AS gift
 WHERE kind NOT IN ('paid', 'redeemed') AND at >= %(since)s AND at < %(until)s
 GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3
"""  # noqa: S608 - our own words
# What refunds and lost disputes say, with their money, the worth of their purchase, and by which
# references of the ledger they took credits: a dispute also those of refunds that failed.
_RETURNED = """
SELECT (back.at AT TIME ZONE 'UTC')::date AS day, back.what, back.reference, back.cents,
    CASE WHEN purchase.paid_cents > 0 THEN purchase.paid_cents - purchase.tax_cents ELSE 1 END
        AS net,
    CASE WHEN purchase.paid_cents > 0 THEN purchase.paid_cents ELSE 1 END AS paid,
    back.organisation_id, CASE back.what
        WHEN 'refund' THEN ARRAY[back.reference, back.reference || ':bonus']
        ELSE back.reference || ARRAY(
            SELECT back.reference || ':' || failed.public_id FROM billing_refund failed
             WHERE failed.purchase_id = back.purchase_id)
        END AS claims
  FROM (
    SELECT 'refund' AS what, 'refund:' || public_id AS reference, organisation_id, purchase_id,
        settled_at AS at, amount_cents AS cents
      FROM billing_refund
     WHERE status = 'succeeded' AND livemode
       AND settled_at >= %(since)s AND settled_at < %(until)s
    UNION ALL
    SELECT 'dispute', 'dispute:' || stripe_id, organisation_id, purchase_id, closed_at, amount_cents
      FROM billing_dispute
     WHERE status = 'lost' AND livemode AND closed_at >= %(since)s AND closed_at < %(until)s
  ) AS back
  JOIN billing_purchase purchase ON purchase.id = back.purchase_id
"""
# A row for each lot whose credits were taken for it, and for each part of a gift.
_BACK = f"""
SELECT back.day, back.what, back.reference, back.cents, back.net, back.paid,
    coalesce(lot.cents, 0), coalesce(lot.granted, 1),
    coalesce(sum(CASE gone.type WHEN 'reinstate' THEN -gone.amount ELSE gone.amount END), 0)::bigint
  FROM ({_RETURNED}) AS back
  LEFT JOIN billing_transfer gone
    ON gone.organisation_id = back.organisation_id AND gone.livemode AND gone.hold_id IS NULL
   AND gone.reference = ANY (back.claims)
   AND gone.type IN ('refund', 'claw_back', 'reinstate') AND gone.lot_id IS NOT NULL
  LEFT JOIN billing_lot lot ON lot.id = gone.lot_id
 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
UNION ALL
SELECT back.day, back.what, back.reference, back.cents, back.net, back.paid,
    gift.cents, gift.granted, -gift.owed
  FROM ({_RETURNED}) AS back
  JOIN ({_GIFTS}) AS gift ON gift.reference = back.reference AND gift.kind <> 'reinstate'
 ORDER BY 1, 2, 3
"""  # noqa: S608 - our own words
_UNRECOVERED = """
SELECT coalesce(sum(credits), 0)::bigint FROM (
    SELECT created_at, CASE type WHEN 'reinstate' THEN -amount ELSE amount END AS credits
      FROM billing_transfer
     WHERE livemode AND (type = 'claw_back' AND debit = 'receivable'
                         OR type = 'reinstate' AND credit = 'receivable')
    UNION ALL
    SELECT created_at, -granted FROM billing_lot WHERE livemode AND source = 'refund'
  ) AS debt WHERE created_at >= %(since)s AND created_at < %(until)s
"""
_EVER = date(9999, 12, 30)


def report(first: date, last: date, organisation_id: int | None = None) -> Report:
    """Of one organisation or of all, read in a handful of statements."""
    with seen_by(organisation_id):
        moved = tuple(
            Moved(day, Kind(kind), source, share(amount, cents, granted))
            for query in (_MOVED, _GIFTS_GONE)
            for day, kind, source, cents, granted, amount in rows(query, first, last)
        )
        back = _back(rows(_BACK, first, last))
        sold = _by_source(_of_lots(_SOLD), _GIFTS_SOLD, first, last)
        ((unrecovered,),) = rows(_UNRECOVERED, first, last)
    now = deferred(months.today(), organisation_id)
    return Report(first, last, moved, back, sold, now, unrecovered)


def deferred(day: date, organisation_id: int | None = None) -> dict[str, Share]:
    """What was unspent when a day was over, by source; as of now while it is not."""
    with seen_by(organisation_id):
        found = _by_source(_of_lots(_UNSPENT), _GIFTS_OPEN, day + timedelta(days=1), _EVER)
    return {source: one for source, one in found.items() if one != Share()}


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


def _of_lots(query: str) -> str:
    """The credits of a query's lots, by source and by what was paid for how many."""
    return f"""
        SELECT lot.source, {_COST}, sum(found.credits)::bigint
          FROM ({query}) AS found JOIN billing_lot lot ON lot.id = found.lot_id GROUP BY 1, 2, 3
    """  # noqa: S608 - our own words


def _by_source(of_lots: str, of_gifts: str, first: date, last: date) -> dict[str, Share]:
    """The credits that two queries find, and what was paid for them."""
    known: dict[str, Share] = defaultdict(Share)
    for query in (of_lots, of_gifts):
        for source, cents, granted, amount in rows(query, first, last):
            known[source] += share(amount, cents, granted)
    return dict(known)


def _back(found: list[tuple[Any, ...]]) -> tuple[Back, ...]:
    known: dict[str, Back] = {}
    for day, what, reference, gross, net, paid, cents, granted, amount in found:
        one = known.get(reference) or Back(day, what, Fraction(gross * net, paid), Share())
        taken = one.taken + share(amount, cents, granted)
        known[reference] = replace(one, taken=taken)
    return tuple(known.values())
