"""How fast credits are spent, and how long those that are left last at this pace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from django.db.models import Sum

from accounts import tenancy
from billing import months
from billing.models import Spending, Wallet

DAYS = 7


@dataclass(frozen=True, slots=True)
class Pace:
    """Credits charged a day over the last DAYS days, today among them (UTC).

    `days_left` is how many whole days what is available lasts; None when nothing was spent.
    """

    spent: int
    days_left: int | None

    @property
    def a_day(self) -> Fraction:
        """Exactly; for people it is rounded."""
        return Fraction(self.spent, DAYS)


def since() -> date:
    """The first of the DAYS days."""
    return months.today() - timedelta(days=DAYS - 1)


def after(spent: int, available: int) -> Pace:
    """The pace of a wallet that spent so much in these days and has so much left."""
    return Pace(spent, available * DAYS // spent if spent else None)


def of(organisation_id: int, livemode: bool) -> Pace:
    """The pace of a wallet."""
    with tenancy.scope(organisation_id):
        mine = {"organisation_id": organisation_id, "livemode": livemode}
        counted = Spending.objects.filter(
            day__gte=since(), wallet__in=Wallet.objects.filter(**mine)
        )
        spent = int(counted.aggregate(all=Sum("captured"))["all"] or 0)
        available = Wallet.objects.filter(**mine).values_list("available", flat=True).first() or 0
    return after(spent, available)
