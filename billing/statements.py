"""The statement as people read it: one line per film, whatever the ledger posted for it.

A film counts where it was ordered, with what it cost in the end, or what is reserved for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum

from accounts import tenancy
from billing import entries
from billing.filters import EVERYTHING, FILM, OF_FILMS, Wanted
from billing.models.ledger import HoldStatus, Transfer, TransferType


@dataclass(frozen=True, slots=True)
class Line:
    """A film, or credits that came or went otherwise; `change` of all lines is what is available.

    `state` is pending, captured or released for a film, else the transfer's type. `held`,
    `charged` and `returned` are credits of a film, None where there is no film or not yet.
    `balance` is the sum of the changes up to and with this line; `moved` is what it moved, though
    it changed nothing of what is available, such as a debt.
    """

    id: str
    created_at: datetime
    state: str
    generation: str | None
    held: int | None
    charged: int | None
    returned: int | None
    change: int
    moved: int
    balance: int
    lot: str | None
    reference: str
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """Lines, newest first; `next` is the cursor of the page after it, or None at the end."""

    lines: list[Line]
    next: str | None


@dataclass(frozen=True, slots=True)
class Totals:
    """What the lines of a period change, and the balances before and after it."""

    opening: int
    change: int
    closing: int


# One snapshot: a film that ends meanwhile changes a line and what is available together.
_LINES = """
WITH line AS (
    SELECT t.public_id, t.created_at, coalesce(h.status, t.type) AS state, t.hold_id, t.lot_id,
           h.amount AS held, h.captured, t.reference, t.actor, t.reason, t.sequence,
           t.amount AS moved,
           CASE WHEN h.id IS NULL THEN t.change_available
                WHEN h.status = 'pending' THEN -h.amount
                ELSE -coalesce(h.captured, 0) END AS change
      FROM billing_transfer t LEFT JOIN billing_hold h ON h.id = t.hold_id
     WHERE t.wallet_id = %(wallet)s AND (t.hold_id IS NULL OR t.type = 'hold')
)"""
_SHOWN = f"""{_LINES}, running AS (
    SELECT line.*,
           w.available + change - sum(change) OVER (ORDER BY line.sequence DESC) AS balance
      FROM line JOIN billing_wallet w ON w.id = %(wallet)s
     WHERE line.sequence >= %(oldest)s
)
SELECT running.public_id, running.created_at, state, hold_id, held, captured, change, moved,
       balance::bigint, lot.public_id AS lot, running.reference, actor, running.reason
  FROM running LEFT JOIN billing_lot lot ON lot.id = running.lot_id
 WHERE running.sequence = ANY (%(numbers)s) ORDER BY running.sequence DESC
"""  # noqa: S608
_SUMS = f"""{_LINES}
SELECT coalesce(sum(change) FILTER (WHERE sequence <= %(after)s), 0)::bigint,
       coalesce(sum(change) FILTER (WHERE sequence > %(after)s), 0)::bigint,
       coalesce(sum(change), 0)::bigint
  FROM line WHERE sequence <= %(last)s
"""  # noqa: S608


def page(
    organisation_id: int,
    livemode: bool,
    wanted: Wanted = EVERYTHING,
    *,
    after: str = "",
    limit: int = 50,
) -> Page:
    """Lines older than the line `after`, newest first; an unknown `after` gives an empty page."""
    with tenancy.scope(organisation_id):
        wallet_id = entries.wallet_of(organisation_id, livemode)
        before, last, *_ = entries.bounds(wallet_id, wanted)
        if after:
            last = min(last, entries.number_of(wallet_id, after) - 1)
        opening = _opening(wallet_id, before, last, wanted)
        found = list(opening.order_by("-sequence").values_list("sequence", flat=True)[: limit + 1])
        lines = _told(wallet_id, found[:limit])
    return Page(lines, lines[-1].id if len(found) > limit else None)


def totals(organisation_id: int, livemode: bool, wanted: Wanted = EVERYTHING) -> Totals:
    """Of all lines in the period of `wanted`, whatever else it asks for."""
    with tenancy.scope(organisation_id):
        wallet_id = entries.wallet_of(organisation_id, livemode)
        after, last, *_ = entries.bounds(wallet_id, wanted)
        with connection.cursor() as cursor:
            cursor.execute(_SUMS, {"wallet": wallet_id, "after": after, "last": last})
            return Totals(*cursor.fetchone())


def part(organisation_id: int, livemode: bool, wanted: Wanted) -> entries.Part:
    """The lines that `wanted` lets through; a film's change is that of all its transfers."""
    with tenancy.scope(organisation_id):
        wallet_id = entries.wallet_of(organisation_id, livemode)
        after, last, *_ = entries.bounds(wallet_id, wanted)
        lines = _opening(wallet_id, after, last, wanted)
        others = lines.aggregate(
            count=Count("pk"), net=Sum("change_available", filter=Q(hold__isnull=True))
        )
        of_films = Transfer.objects.filter(wallet_id=wallet_id, hold__in=lines.values("hold"))
        net = of_films.aggregate(net=Sum("change_available"))["net"]
    return entries.Part(others["count"], int(others["net"] or 0) + int(net or 0))


def _opening(wallet_id: int, after: int, last: int, wanted: Wanted) -> QuerySet[Transfer]:
    """The transfer that each line begins with: a film's hold, or what is no film's."""
    return entries.between(wallet_id, after, last).filter(
        Q(hold__isnull=True) | Q(type=TransferType.HOLD), _whole(wanted).condition()
    )


def _whole(wanted: Wanted) -> Wanted:
    """A film is one line: whoever asks for a part of it gets all."""
    return replace(wanted, type=FILM) if wanted.type in OF_FILMS else wanted


def _told(wallet_id: int, numbers: list[int]) -> list[Line]:
    if not numbers:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_SHOWN, {"wallet": wallet_id, "oldest": numbers[-1], "numbers": numbers})
        names = [column[0] for column in cursor.description or ()]
        return [_line(dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def _line(facts: dict[str, Any]) -> Line:
    of_film, held = facts["hold_id"] is not None, facts["held"]
    ended = of_film and facts["state"] != HoldStatus.PENDING
    charged = (facts["captured"] or 0) if ended else None
    return Line(
        id=facts["public_id"],
        created_at=facts["created_at"],
        state=facts["state"],
        generation=facts["reference"] if of_film else None,
        held=held,
        charged=charged,
        returned=None if charged is None else held - charged,
        change=facts["change"],
        moved=facts["moved"],
        balance=facts["balance"],
        lot=facts["lot"],
        reference=facts["reference"],
        actor=facts["actor"],
        reason=facts["reason"],
    )
