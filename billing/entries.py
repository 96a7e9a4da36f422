"""The ledger as its owner reads it: entries by page, all of them in order, and what they add up to.

A period is a range of a wallet's numbers, because numbers and times tell one order
(billing/sql/guards.sql).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from accounts import tenancy
from billing.filters import EVERYTHING, Wanted
from billing.models import LotSource, Transfer, TransferType, Wallet
from kling_saas.lib.refusals import NotFound

MAX_PAGE = 1000
BATCH = 2000


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the ledger. `amount` is the signed change of what is available: the amounts of
    all entries add up to it. `generation` is what a hold was for, `lot` the lot it is about,
    `actor` who did it (`user:12`, `key:5`, `pair:3`, empty for ourselves; see billing.naming).
    """

    id: str
    created_at: datetime
    type: str
    amount: int
    balance_after: int
    reserved_after: int
    pending_after: int
    generation: str | None
    lot: str | None
    reference: str
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """Entries, newest first; `next` is the cursor of the page after it, or None at the end."""

    entries: list[Entry]
    next: str | None


@dataclass(frozen=True, slots=True)
class Part:
    """What filters let through of a period, all pages of it: by how much that changed what is
    available.
    """

    count: int
    amount: int


@dataclass(frozen=True, slots=True)
class Kind:
    """What the entries of one type did in a period; `moved` is what they moved, `amount` by how
    much they changed what is available. Gifts that were redeemed are a kind of their own among
    purchases: `source` is `gift` for them, else empty.
    """

    type: str
    source: str
    count: int
    amount: int
    moved: int


@dataclass(frozen=True, slots=True)
class Period:
    """What a wallet had before and after a period, and what came between.

    `opening` plus the amounts of `kinds` is `closing`. Numbers from `after` (excluded) to `last`.
    """

    wallet_id: int
    after: int
    last: int
    opening: int
    closing: int
    kinds: tuple[Kind, ...]

    @property
    def change(self) -> int:
        """The sum of all entries."""
        return sum(kind.amount for kind in self.kinds)


def page(
    organisation_id: int,
    livemode: bool,
    wanted: Wanted = EVERYTHING,
    *,
    after: str = "",
    limit: int = 50,
) -> Page:
    """Entries older than the entry `after`, newest first, at most `limit` (1–1000).

    Raises NotFound for an `after` that is none of the wallet's.
    """
    limit = max(1, min(limit, MAX_PAGE))
    with tenancy.scope(organisation_id):
        wallet_id = wallet_of(organisation_id, livemode)
        before, last, *_ = bounds(wallet_id, wanted)
        if after:
            number = number_of(wallet_id, after)
            if not number:
                raise NotFound(f"There is no entry {after[:60]!r}.")
            last = min(last, number - 1)
        rows = between(wallet_id, before, last).filter(wanted.condition()).order_by("-sequence")
        found = [_entry(row) for row in rows.values_list(*_FIELDS)[: limit + 1]]
    return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)


def every(
    organisation_id: int, livemode: bool, wanted: Wanted = EVERYTHING
) -> Iterator[list[Entry]]:
    """All entries that were there when it began, oldest first, in batches.

    Each batch is read in a scope of its own, so that a slow reader holds no transaction open.
    """
    with tenancy.scope(organisation_id):
        wallet_id = wallet_of(organisation_id, livemode)
        after, last, *_ = bounds(wallet_id, wanted)
    while True:
        with tenancy.scope(organisation_id):
            rows = between(wallet_id, after, last).filter(wanted.condition()).order_by("sequence")
            found = list(rows.values_list(*_FIELDS, "sequence")[:BATCH])
        if found:
            yield [_entry(row[:-1]) for row in found]
            after = found[-1][-1]
        if len(found) < BATCH:
            return


def totals(organisation_id: int, livemode: bool, wanted: Wanted = EVERYTHING) -> Period:
    """What the period of `wanted` began with, ended with, and what lay between."""
    with tenancy.scope(organisation_id):
        wallet_id = wallet_of(organisation_id, livemode)
        after, last, opening, closing = bounds(wallet_id, wanted)
        kinds = (
            between(wallet_id, after, last)
            .values("type", given=Q(type=TransferType.PURCHASE, reference__startswith="gift:"))
            .annotate(count=Count("pk"), net=Sum("change_available"), moved=Sum("amount"))
            .order_by("type", "given")
        )
        found = tuple(
            Kind(k["type"], LotSource.GIFT if k["given"] else "", k["count"], k["net"], k["moved"])
            for k in kinds
        )
    return Period(wallet_id, after, last, opening, closing, found)


def part(organisation_id: int, period: Period, wanted: Wanted) -> Part:
    """The entries of a period that `wanted` lets through."""
    with tenancy.scope(organisation_id):
        rows = between(period.wallet_id, period.after, period.last).filter(wanted.condition())
        found = rows.aggregate(count=Count("pk"), net=Sum("change_available"))
    return Part(found["count"], int(found["net"] or 0))


def number_of(wallet_id: int, public_id: str) -> int:
    """An entry's number in its wallet; 0 when there is none such."""
    mine = Transfer.objects.filter(wallet_id=wallet_id, public_id=public_id)
    return mine.values_list("sequence", flat=True).first() or 0


def wallet_of(organisation_id: int, livemode: bool) -> int:
    """The wallet's id; 0 when none was opened."""
    mine = Wallet.objects.filter(organisation_id=organisation_id, livemode=livemode)
    return mine.values_list("pk", flat=True).first() or 0


def between(wallet_id: int, after: int, last: int) -> QuerySet[Transfer]:
    """A wallet's transfers from number `after` (excluded) to `last`."""
    rows: QuerySet[Transfer] = Transfer.objects.filter(
        wallet_id=wallet_id, sequence__gt=after, sequence__lte=last
    )
    return rows


def bounds(wallet_id: int, wanted: Wanted) -> tuple[int, int, int, int]:
    """Of a period: the last number before it, its last number, and what was available at each.

    Later entries change none of them, so they need no snapshot with what is read after.
    """
    after, opening = _last_before(wallet_id, wanted.since) if wanted.since else (0, 0)
    last, closing = _last_before(wallet_id, wanted.until)
    return after, last, opening, closing


def _last_before(wallet_id: int, moment: datetime | None) -> tuple[int, int]:
    rows = Transfer.objects.filter(wallet_id=wallet_id)
    if moment:
        rows = rows.filter(created_at__lt=moment)
    found = rows.order_by("-sequence").values_list("sequence", "available_after").first()
    return found or (0, 0)


_FIELDS = (
    "public_id", "created_at", "type", "change_available", "available_after", "reserved_after",
    "pending_after", "hold_id", "lot__public_id", "reference", "actor", "reason",
)  # fmt: skip


def _entry(row: tuple[Any, ...]) -> Entry:
    facts = dict(zip(_FIELDS, row, strict=True))
    return Entry(
        id=facts["public_id"],
        created_at=facts["created_at"],
        type=facts["type"],
        amount=facts["change_available"],
        balance_after=facts["available_after"],
        reserved_after=facts["reserved_after"],
        pending_after=facts["pending_after"],
        generation=facts["reference"] if facts["hold_id"] else None,
        lot=facts["lot__public_id"],
        reference=facts["reference"],
        actor=facts["actor"],
        reason=facts["reason"],
    )
