"""Days and calendar months, which statements, usage and reports are cut into; UTC, as everything
in the books.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.utils import timezone

from billing.filters import Wanted
from kling_saas.api.errors import InvalidQuery


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month, UTC."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.number, 1)

    @property
    def last(self) -> date:
        """Its last day."""
        return self.end - timedelta(days=1)

    @property
    def wanted(self) -> Wanted:
        """All that was posted in it."""
        since, until = span(self.first, self.last)
        return Wanted(since=since, until=until)

    @property
    def query(self) -> str:
        """The same as filters of an address."""
        return f"from={self.first}&to={self.last}"

    @property
    def end(self) -> date:
        """The first day of the month after it."""
        return self.next.first

    @property
    def next(self) -> Month:
        """The month after it."""
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    @property
    def previous(self) -> Month:
        """The month before it."""
        return of(self.first - timedelta(days=1))


def today() -> date:
    """The day that it is."""
    return timezone.now().astimezone(UTC).date()


def begins(day: date) -> datetime:
    """The moment at which a day begins."""
    return datetime.combine(day, time(), UTC)


def span(first: date, last: date) -> tuple[datetime, datetime]:
    """When the days `first` to `last` begin, and when they are over."""
    return begins(first), begins(last + timedelta(days=1))


def of(day: date) -> Month:
    """The month that a day lies in."""
    return Month(day.year, day.month)


def current() -> Month:
    """The month that it is now."""
    return of(today())


def read(text: str) -> Month:
    """A month as an address says it, `2026-11`; empty is this month. Raises InvalidQuery."""
    if not text:
        return current()
    year, _dash, number = text.partition("-")
    digits = len(text) == 7 and text.isascii() and year.isdigit() and number.isdigit()
    if not digits or not 2000 <= int(year) <= 2999 or not 1 <= int(number) <= 12:
        raise InvalidQuery("period", "period must be a month such as 2026-11.")
    return Month(int(year), int(number))
