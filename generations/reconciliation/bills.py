"""Upstreams' bills against our books: what a meter moved by, and what our attempts say it may have.

An upstream counts late and we learn late, so our side is a span: the least that it must have
counted since a reading, and the most that it may have. Only what lies outside the span differs.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

from accounts import tenancy
from generations import providers
from generations.models import Alarm, AlarmKind, Attempt, MeterReading, ProviderAccount
from generations.providers import alarms, health
from generations.providers.codecs import CODECS, Meter
from generations.reconciliation import books
from generations.reconciliation.books import Span
from generations.reconciliation.finding import Finding, Kind, Look, Page
from generations.wire import plain
from generations.wire.meter import Shown
from generations.wire.task import Reason, Rejected
from kling_saas.lib.sealing import SealBroken

_WINDOW = timedelta(days=7)  # that a bill is compared over
_KEPT = timedelta(days=60)
_PERIOD = timedelta(days=366)  # of packs, up to now
_ASKED_FOR = 120.0  # seconds, of all accounts
_TOO_LONG = Rejected(Reason.UNAVAILABLE, "", "others took too long to answer")
_last_asked = 0.0


@dataclass(frozen=True, slots=True)
class Moved:
    """By how much the meter of some accounts moved between two readings, in `unit`."""

    accounts: tuple[ProviderAccount, ...]
    since: datetime
    until: datetime
    amount: Decimal
    unit: str


def compared(look: Look) -> Page:
    """Every account's meter and cost book. An alarm rings while they differ."""
    findings: list[Finding] = []
    readings: dict[int, MeterReading] = {}
    accounts = _accounts(look)
    give_up_at = time.monotonic() + _ASKED_FOR
    for account in accounts:
        shown = _TOO_LONG if time.monotonic() > give_up_at else _shown(account)
        if isinstance(shown, Rejected):
            says = f"its meter does not answer: {shown.code} {shown.message}"
            findings.append(Finding(Kind.UNSEEN, account.name, says, left=True))
        elif shown is not None:
            readings[account.pk] = _reading(account, shown)
    for now in _one_per_bill(readings.values()):
        findings += _judged_meter(now, look)
    for reading in readings.values() if look.mend else ():
        reading.save(force_insert=True)
    for account in accounts:
        findings += _judged_book(account, look)
    if look.mend:
        MeterReading.objects.filter(at__lt=timezone.now() - _KEPT).delete()
    return Page(tuple(findings))


def _accounts(look: Look) -> list[ProviderAccount]:
    if look.account:
        return [look.account]
    with tenancy.system("attempts of every tenant are one account's"):
        lately = Attempt.objects.filter(started_at__gte=timezone.now() - _WINDOW)
        busy = set(lately.order_by().values_list("account", flat=True).distinct())
    known = [a for a in ProviderAccount.objects.all() if not health.retired(a)]
    return [a for a in known if a.enabled or a.pk in busy]


# -------------------------------------------------------------------- readings


def _shown(account: ProviderAccount) -> Shown | Rejected | None:
    """What its upstream shows now, asked no more often than it allows."""
    global _last_asked
    meter = CODECS[account.protocol].meter
    if meter is None:
        return None
    time.sleep(max(0.0, _last_asked + meter.pause - time.monotonic()))
    now = timezone.now()
    found = providers.adapter(account).meter(_ms(now - _PERIOD), _ms(now))
    _last_asked = time.monotonic()
    return found


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _reading(account: ProviderAccount, shown: Shown) -> MeterReading:
    used = {pack.id: plain.decimal(pack.used) for pack in shown.packs}
    return MeterReading(account=account, used=used, balance=shown.balance_usd)


def _one_per_bill(readings: Iterable[MeterReading]) -> list[MeterReading]:
    """Accounts with the same packs or the same key are one at the upstream: one reading of each."""
    by_bill: dict[tuple[str, ...], MeterReading] = {}
    for reading in readings:
        own = tuple(sorted(f"account {each.pk}" for each in _with_its_key(reading.account)))
        by_bill.setdefault(tuple(sorted(reading.used)) or own, reading)
    return list(by_bill.values())


def _with_its_key(account: ProviderAccount) -> tuple[ProviderAccount, ...]:
    """The account first, then the others that ask the same meter of the same host with its key."""

    def asks(other: ProviderAccount) -> tuple[Meter | None, str, str]:
        host = urlsplit(other.base_url).netloc.lower()
        return CODECS[other.protocol].meter, host, other.credential()

    def same(other: ProviderAccount) -> bool:
        try:
            return asks(other) == asks(account)
        except SealBroken:
            return False

    others = ProviderAccount.objects.exclude(pk=account.pk).order_by("pk")
    return (account, *filter(same, others))


# -------------------------------------------------------------------- the meter


def _judged_meter(now: MeterReading, look: Look) -> list[Finding]:
    moved = _moved(now)
    if moved is None:  # the first reading, or nothing that could be compared
        return []
    span = books.span(moved.accounts, moved.since, moved.until, _lag(now), units=bool(now.used))
    difference = _outside(moved.amount, span, top_ups=now.balance is not None)
    if look.mend:
        alarms.clear(AlarmKind.BILL, *(each.name for each in moved.accounts[1:]))
    since = f"since {moved.since:%Y-%m-%d %H:%M}"
    says = f"took {moved.amount:.2f} {moved.unit} {since}; our books say {span.words(moved.unit)}"
    return _told(moved.accounts[0].name, says, difference, look)


def _lag(reading: MeterReading) -> timedelta:
    meter = CODECS[reading.account.protocol].meter
    return timedelta(hours=meter.lag_hours if meter else 0)


def _moved(now: MeterReading) -> Moved | None:
    earlier = MeterReading.objects.filter(account=now.account, at__lt=now.at)
    since = max(now.at - _WINDOW, _accepted(now.account.name) or now.at - _WINDOW)
    base = earlier.filter(at__lte=since).order_by("-at").first() or earlier.order_by("at").first()
    if base is None:
        return None
    if now.balance is not None:
        return _fallen(base, now)
    if not now.used:
        return None
    amount = Decimal(0)
    for pack, used in now.used.items():
        before, after = Decimal(base.used.get(pack, "0")), Decimal(used)
        # A pack that starts anew each month counts from nothing again.
        amount += after - before if after >= before else after
    sharers = MeterReading.objects.filter(used__has_any_keys=list(now.used))
    others = ProviderAccount.objects.filter(pk__in=sharers.values("account"))
    mine = dict.fromkeys((*_with_its_key(now.account), *others))
    return Moved(tuple(mine), base.at, now.at, amount, "units")


def _accepted(subject: str) -> datetime | None:
    """When somebody, or the bill itself, last put an end to a difference."""
    rung = Alarm.objects.filter(kind=AlarmKind.BILL, subject=subject)
    last = rung.exclude(resolved_at=None).order_by("-resolved_at").first()
    return last.resolved_at if last else None


def _fallen(base: MeterReading, now: MeterReading) -> Moved | None:
    """From the last time that the balance rose: how much was paid in is not told."""
    between = MeterReading.objects.filter(account=now.account, at__gt=base.at, at__lt=now.at)
    before = base
    for reading in (*between.order_by("at"), now):
        if (reading.balance or Decimal(0)) > (before.balance or Decimal(0)):
            base = reading
        before = reading
    if base is now:
        return None
    amount = (base.balance or Decimal(0)) - (now.balance or Decimal(0))
    return Moved(_with_its_key(now.account), base.at, now.at, amount, "dollars")


def _outside(amount: Decimal, span: Span, *, top_ups: bool) -> Decimal:
    """By how much it lies outside the span and its tolerance; what was paid in hides spending."""
    tolerance = Decimal(str(settings.RECONCILE_TOLERANCE)) / 100 * max(span.most, amount)
    if amount > span.most + tolerance:
        return amount - span.most
    if amount < span.least - tolerance and not top_ups:
        return span.least - amount
    return Decimal(0)


# -------------------------------------------------------------------- the cost book


def _judged_book(account: ProviderAccount, look: Look) -> list[Finding]:
    """What it told of its costs, against what its cost book expected of the same films.

    Films that began before its alarm was last resolved were judged by a book that is mended.
    """
    subject, a_week_ago = f"{account.name} cost book", timezone.now() - _WINDOW
    since = max(a_week_ago, _accepted(subject) or a_week_ago)
    with tenancy.system("attempts of every tenant are one account's"):
        told = Attempt.objects.filter(
            account=account,
            started_at__gte=since,
            upstream_cost__isnull=False,
            expected_cost__isnull=False,
        ).aggregate(took=Sum("upstream_cost"), expected=Sum("expected_cost"))
    took, expected = told["took"] or Decimal(0), told["expected"] or Decimal(0)
    difference = _outside(took, Span(expected, expected), top_ups=False)
    lately = "a week's films" if since == a_week_ago else f"films since {since:%Y-%m-%d %H:%M}"
    says = f"told ${took:.2f} for {lately}; its cost book expects ${expected:.2f}"
    return _told(subject, says, difference, look)


def _told(subject: str, says: str, difference: Decimal, look: Look) -> list[Finding]:
    if look.mend and difference:
        alarms.ring(AlarmKind.BILL, subject, says)
    elif look.mend:
        alarms.clear(AlarmKind.BILL, subject)
    return [Finding(Kind.BILL, subject, says, left=True)] if difference else []
