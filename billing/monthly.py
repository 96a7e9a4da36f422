"""An organisation's month in figures: what the monthly statement shows, equal to the export."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from accounts import tenancy
from accounts.models import Organisation
from billing import entries, months, titles, usage
from billing.entries import Period
from billing.models import Lot, Transfer, TransferType
from billing.months import Month
from kling_saas.lib.refusals import NotFound


@dataclass(frozen=True, slots=True)
class Summary:
    """A month of the list: `opening` plus `change` is `closing`; `spent` is what was captured."""

    month: Month
    opening: int
    change: int
    closing: int
    spent: int


@dataclass(frozen=True, slots=True)
class Made:
    """What was captured in a month for one SKU."""

    name: str
    films: int
    credits: int


@dataclass(frozen=True, slots=True)
class Statement:
    """Everything on a month's paper. `lots` are those that came in or were not used up in it."""

    organisation: Organisation
    livemode: bool
    month: Month
    period: Period
    made: list[Made]
    lots: list[Lot]

    @property
    def over(self) -> bool:
        """Whether nothing can be posted in it any more."""
        return self.month < months.current()


def summaries(organisation_id: int, livemode: bool) -> list[Summary]:
    """Every month from the first entry until now, newest first."""
    with tenancy.scope(organisation_id):
        wallet_id = entries.wallet_of(organisation_id, livemode)
        grouped = (
            Transfer.objects.filter(wallet_id=wallet_id)
            .annotate(begin=TruncMonth("created_at", tzinfo=UTC))
            .values("begin")
            .annotate(
                change=Sum("change_available"),
                spent=Sum("amount", filter=Q(type=TransferType.CAPTURE), default=0),
            )
            .order_by("begin")
        )
        found = {months.of(row["begin"].date()): row for row in grouped}
    told: list[Summary] = []
    opening = 0
    for month in _from(min(found, default=None)):
        row = found.get(month, {"change": 0, "spent": 0})
        told.append(Summary(month, opening, row["change"], opening + row["change"], row["spent"]))
        opening += row["change"]
    return told[::-1]


def statement(organisation_id: int, livemode: bool, month: Month) -> Statement:
    """A month's figures. Raises NotFound for one in which there was nothing to state yet."""
    period = entries.totals(organisation_id, livemode, month.wanted)
    if month > months.current() or not period.last:
        raise NotFound(f"There is no statement for {month}.")
    with tenancy.scope(organisation_id):
        return Statement(
            organisation=Organisation.objects.get(pk=organisation_id),
            livemode=livemode,
            month=month,
            period=period,
            made=_made(period),
            lots=list(_lots(period, month)),
        )


def _from(first: Month | None) -> Iterable[Month]:
    while first and first <= months.current():
        yield first
        first = first.next


def _made(period: Period) -> list[Made]:
    captured = entries.between(period.wallet_id, period.after, period.last).filter(
        type=TransferType.CAPTURE
    )
    words = titles.of_skus()
    grouped = captured.values(sku=F("hold__spending__sku")).annotate(
        films=Count("pk"), credits=Sum("amount")
    )
    made = [Made(usage.name_of(row["sku"], words), row["films"], row["credits"]) for row in grouped]
    return sorted(made, key=lambda one: (-one.credits, one.name))


def _lots(period: Period, month: Month) -> QuerySet[Lot]:
    touched = entries.between(period.wallet_id, period.after, period.last).filter(lot__isnull=False)
    mine: QuerySet[Lot] = Lot.objects.filter(
        Q(open=True) | Q(pk__in=touched.values("lot")),
        wallet_id=period.wallet_id,
        created_at__lt=month.wanted.until,
    )
    return mine.order_by("created_at", "pk")
