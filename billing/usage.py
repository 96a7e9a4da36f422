"""What was spent in a month: by day, by what was made, by key and by member.

Read from the counters that the ledger keeps (`Spending`): a film counts on the day it was ordered.
`captured` is spent, `reserved` is under way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from accounts import tenancy
from billing import naming, titles
from billing.entries import wallet_of
from billing.models import Spending
from billing.months import Month, today

GroupBy = Literal["day", "model", "key", "member", "end_user"]
GROUPS: tuple[GroupBy, ...] = ("day", "model", "key", "member", "end_user")
COLUMNS = ("day", "model", "name", "member", "key", "end_user", "captured", "reserved", "films")
_COLUMNS = {
    "day": "day", "model": "sku", "key": "credential", "member": "member", "end_user": "end_user"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """Credits of one day, SKU, key, member or end user: `value` as the ledger knows it, `name` in
    words.
    """

    value: str
    name: str
    captured: int
    reserved: int
    films: int


def by(organisation_id: int, livemode: bool, period: Month, group: GroupBy) -> list[Row]:
    """The month's credits grouped; days in order, all of them up to today, the rest by what was
    spent."""
    with tenancy.scope(organisation_id):
        column = _COLUMNS[group]
        counted = _counted(organisation_id, livemode, period)
        found = {
            row[column]: (row["spent"], row["held"], row["made"])
            for row in counted.values(column)
            .annotate(spent=Sum("captured"), held=Sum("reserved"), made=Sum("films"))
            .order_by(column)
            if any((row["spent"], row["held"], row["made"]))
        }
    if group == "day":
        return [_row(str(day), str(day), found.get(day, (0, 0, 0))) for day in _days(period)]
    named = _names(organisation_id, group, found)
    rows = [_row(*named[value], figures) for value, figures in found.items()]
    return sorted(rows, key=lambda row: (-row.captured, -row.reserved, row.name))


def by_day(
    organisation_id: int, livemode: bool, period: Month, group: GroupBy
) -> tuple[list[date], dict[str, list[int]]]:
    """The month's days up to today, and for each of a grouping (as `Row.value`) its credits of each
    of them, spent and under way.
    """
    days = _days(period)
    column = _COLUMNS[group]
    with tenancy.scope(organisation_id):
        rows = _counted(organisation_id, livemode, period).values("day", column)
        found = list(rows.annotate(n=Sum("captured") + Sum("reserved")))
        words = _names(organisation_id, group, {row[column] for row in found})
    shares: dict[str, list[int]] = {}
    for row in found:
        if row["day"] in days:
            name = words[row[column]][0]
            shares.setdefault(name, [0] * len(days))[days.index(row["day"])] = row["n"]
    return days, shares


def expected(spent: int, period: Month) -> int | None:
    """What a month that is not over comes to if it goes on as it did; None for one that is."""
    if not period.first <= today() < period.last:
        return None
    return spent * (period.end - period.first).days // len(_days(period))


def counters(organisation_id: int, livemode: bool, period: Month) -> list[tuple[Any, ...]]:
    """A month's counters with COLUMNS, by day; their sums are those of every grouping."""
    with tenancy.scope(organisation_id):
        found = list(_counted(organisation_id, livemode, period).order_by("day", "sku", "pk"))
    words = titles.of_skus()
    members = {one.member: f"user:{one.member}" if one.member else "" for one in found}
    names = naming.Names(organisation_id).of([*members.values(), *(c.credential for c in found)])
    return [
        (
            str(one.day),
            one.sku,
            name_of(one.sku, words),
            names[members[one.member]] if one.member else "",
            names[one.credential] if one.credential else "",
            one.end_user,
            one.captured,
            one.reserved,
            one.films,
        )
        for one in found
        if any((one.captured, one.reserved, one.films))
    ]


def any_of(row: Row) -> bool:
    """Whether there is anything in it."""
    return any((row.captured, row.reserved, row.films))


def total(rows: Iterable[Row]) -> Row:
    """The sum of rows."""
    all_rows = list(rows)
    return Row(
        "",
        _("All"),
        sum(row.captured for row in all_rows),
        sum(row.reserved for row in all_rows),
        sum(row.films for row in all_rows),
    )


def name_of(sku: str, words: dict[str, str]) -> str:
    """What is not on the price list any more bears its SKU."""
    return words.get(sku, sku) or _("Not told")


def _counted(organisation_id: int, livemode: bool, period: Month) -> QuerySet[Spending]:
    rows: QuerySet[Spending] = Spending.objects.filter(
        wallet_id=wallet_of(organisation_id, livemode), day__gte=period.first, day__lt=period.end
    )
    return rows


def _days(period: Month) -> list[date]:
    length = (min(period.end - timedelta(days=1), today()) - period.first).days + 1
    return [period.first + timedelta(days=n) for n in range(length)]


def _names(
    organisation_id: int, group: GroupBy, values: Iterable[str | int]
) -> dict[str | int, tuple[str, str]]:
    """The ledger's word and ours for each; nobody in particular has an empty one."""
    if group == "model":
        words = titles.of_skus()
        return {sku: (str(sku), name_of(str(sku), words)) for sku in values}
    if group == "end_user":
        return {user: (str(user), str(user) or _("Nobody in particular")) for user in values}
    actors = {v: (f"user:{v}" if v else "") if group == "member" else str(v) for v in values}
    nobody = _("Programs") if group == "member" else _("The website")
    known = naming.Names(organisation_id).of(actors.values())
    return {v: (actor, known[actor] if actor else nobody) for v, actor in actors.items()}


def _row(value: str, name: str, figures: tuple[int, int, int]) -> Row:
    return Row(value, name, *figures)
