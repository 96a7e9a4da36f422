"""Billing periods: calendar months and years from an anchor, as Stripe counts them."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime

from billing.sandbox.store import Doc

_SECONDS = {"day": 24 * 3600, "week": 7 * 24 * 3600}
_MONTHS = {"month": 1, "year": 12}


def months_later(moment: int, months: int) -> int:
    """The same day and time so many months later; the last day where a month is too short."""
    then = datetime.fromtimestamp(moment, UTC)
    count = then.year * 12 + then.month - 1 + months
    year, month = divmod(count, 12)
    day = min(then.day, calendar.monthrange(year, month + 1)[1])
    return int(then.replace(year=year, month=month + 1, day=day).timestamp())


def end_of(anchor: int, start: int, recurring: Doc) -> int:
    """When the period that begins at `start` ends. Counted from the anchor, so that a subscription
    of the 31st returns to the 31st after a short month.
    """
    interval, count = recurring["interval"], recurring["interval_count"]
    if interval in _SECONDS:
        return start + int(_SECONDS[interval] * count)
    step: int = _MONTHS[interval] * count
    periods = 1
    while months_later(anchor, step * periods) <= start:
        periods += 1
    return months_later(anchor, step * periods)


def share(amount: int, left: int, whole: int) -> int:
    """The part of an amount for `left` of `whole` seconds, half a cent up."""
    return (2 * amount * left + whole) // (2 * whole)


def day(moment: int) -> str:
    """A date as invoices say it: 22 Nov 2026."""
    then = datetime.fromtimestamp(moment, UTC)
    return f"{then.day} {then:%b %Y}"
