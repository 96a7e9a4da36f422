"""Circuit breakers per (account, model): stop sending where nothing works, and try now and then.

Closed, creates are counted in a window. Enough failures open it, or fewer that have been all there
was for a while: nothing is sent. After a pause one order may go out (half open); it closes the
breaker or opens it for longer; one that stays open rings. The rules are pure; the rows are shared
by every process and change by compare-and-set.
"""

from __future__ import annotations

import logging
import random
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from generations.models import AlarmKind, Breaker, BreakerState
from generations.models.provider_account import kept_words
from generations.providers import alarms

log = logging.getLogger(__name__)
_RINGS_AT = 3  # openings in a row: twice the order that was to try has failed as well
_SWAPS = 50  # tries of a compare-and-set; the others' swaps are as short as ours


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers: see BREAKER_* in the settings."""

    window: timedelta
    failures: int
    share: float
    in_a_row: int
    row_lasts: timedelta
    first_pause: timedelta
    longest_pause: timedelta


@dataclass(frozen=True, slots=True)
class Figures:
    """What a breaker knows. `window_at`: since when it counts, or since when it is not closed."""

    state: str
    window_at: datetime
    successes: int = 0
    failures: int = 0
    in_a_row: int = 0
    failing_since: datetime | None = None
    openings: int = 0
    next_probe_at: datetime | None = None
    reason: str = ""


def after(
    seen: Figures,
    *,
    ok: bool,
    reason: str,
    sent_at: datetime,
    now: datetime,
    rules: Rules,
    spread: float,
) -> Figures:
    """The figures after a create that worked or did not. `spread` is random in [0, 1).

    Once it is open, what was sent before changes nothing, also while one order is out to try.
    """
    if seen.state == BreakerState.OPEN:
        return seen
    if seen.state == BreakerState.HALF_OPEN:
        if sent_at <= seen.window_at:
            return seen
        if ok:
            return Figures(BreakerState.CLOSED, now, successes=1)
        return _opened(seen, reason, now, rules, spread)
    if now - seen.window_at > rules.window:
        seen = replace(seen, window_at=now, successes=0, failures=0, reason="")
    if ok:
        return replace(seen, successes=seen.successes + 1, in_a_row=0, failing_since=None)
    seen = replace(
        seen,
        failures=seen.failures + 1,
        in_a_row=seen.in_a_row + 1,
        failing_since=seen.failing_since or now,
        reason=reason,
    )
    return _opened(seen, reason, now, rules, spread) if _fails(seen, now, rules) else seen


def _fails(seen: Figures, now: datetime, rules: Rules) -> bool:
    """Whether enough have failed: of many, or all of the few that there were for a while."""
    share = seen.failures / (seen.failures + seen.successes)
    lasts = now - (seen.failing_since or now)
    of_many = seen.failures >= rules.failures and share >= rules.share
    return of_many or (seen.in_a_row >= rules.in_a_row and lasts >= rules.row_lasts)


def _opened(seen: Figures, reason: str, now: datetime, rules: Rules, spread: float) -> Figures:
    """Full jitter over a pause that doubles, yet never at once."""
    pause = min(rules.longest_pause, rules.first_pause * 2 ** min(seen.openings, 16))
    pause = max(rules.first_pause / 2, pause * spread)
    return Figures(
        BreakerState.OPEN,
        now,
        seen.successes,
        seen.failures,
        openings=seen.openings + 1,
        next_probe_at=now + pause,
        reason=reason,
    )


def probing(seen: Figures, *, now: datetime, lease: timedelta) -> Figures | None:
    """The figures with one order out to try; None when it is not time. A lost probe ends so too."""
    if seen.next_probe_at is None or now < seen.next_probe_at:
        return None
    return replace(seen, state=BreakerState.HALF_OPEN, next_probe_at=now + lease)


# -------------------------------------------------------------------- the shared rows


def rules() -> Rules:
    """From the settings."""
    return Rules(
        window=timedelta(seconds=settings.BREAKER_WINDOW_SECONDS),
        failures=settings.BREAKER_FAILURES,
        share=settings.BREAKER_SHARE,
        in_a_row=settings.BREAKER_IN_A_ROW,
        row_lasts=timedelta(seconds=settings.BREAKER_IN_A_ROW_SECONDS),
        first_pause=timedelta(seconds=settings.BREAKER_OPEN_SECONDS),
        longest_pause=timedelta(seconds=settings.BREAKER_OPEN_MAX),
    )


def record(
    account_id: int, model: str, *, ok: bool, reason: str = "", sent_at: datetime | None = None
) -> bool:
    """Count the end of a create that went out at `sent_at`; None: just now. Whether it opened."""
    known, reason = rules(), kept_words(reason)
    if ok and _counted(account_id, model, timezone.now() - known.window):
        return False
    for _ in range(_SWAPS):
        row, _ = Breaker.objects.get_or_create(account_id=account_id, model=model)
        seen = _figures(row)
        spread = random.random()  # noqa: S311 - no secrecy
        now = timezone.now()
        then = after(
            seen, ok=ok, reason=reason, sent_at=sent_at or now, now=now, rules=known, spread=spread
        )
        if then == seen or _swapped(row, then):
            return then.openings > seen.openings
    log.warning("%s at account %s: a result was not counted", model, account_id)
    return False


def _counted(account_id: int, model: str, since: datetime) -> bool:
    """The usual case, in one statement: it works, and has worked."""
    closed = Breaker.objects.filter(
        account_id=account_id, model=model, state=BreakerState.CLOSED, window_at__gt=since
    )
    return bool(
        closed.update(
            successes=F("successes") + 1,
            in_a_row=0,
            failing_since=None,
            version=F("version") + 1,
        )
    )


def wait(account_id: int, model: str, lease: timedelta) -> float:
    """Seconds until something may be sent; 0 when it may now, which takes the place of a probe."""
    row = Breaker.objects.filter(account_id=account_id, model=model).first()
    if row is None or row.state == BreakerState.CLOSED:
        return 0.0
    now = timezone.now()
    trying = probing(_figures(row), now=now, lease=lease)
    if trying is not None and _swapped(row, trying):
        return 0.0
    if row.next_probe_at is None:
        return 1.0
    return max(1.0, (row.next_probe_at - now).total_seconds())


def share_failed(account_id: int, model: str) -> float:
    """Of the creates in its window, how many failed, 0 to 1; 1 while it is not closed."""
    row = Breaker.objects.filter(account_id=account_id, model=model).first()
    if row is None:
        return 0.0
    if row.state != BreakerState.CLOSED:
        return 1.0
    counts = row.failures and row.window_at > timezone.now() - rules().window
    return row.failures / (row.failures + row.successes) if counts else 0.0


def not_closed(model: str) -> set[int]:
    """The accounts that are sent no order of the model, but for one to try."""
    found = Breaker.objects.filter(model=model).exclude(state=BreakerState.CLOSED)
    return set(found.values_list("account_id", flat=True))


def give_back(account_id: int, model: str, sent_at: datetime) -> None:
    """What was to go out at `sent_at` told nothing: was it the one out to try, another may now.

    While it is half open, nothing else is sent after it opened.
    """
    trying = Breaker.objects.filter(
        account_id=account_id, model=model, state=BreakerState.HALF_OPEN, window_at__lt=sent_at
    )
    trying.update(next_probe_at=timezone.now(), version=F("version") + 1)


def close(row: Breaker) -> None:
    """An operator knows better."""
    _swapped(row, Figures(BreakerState.CLOSED, timezone.now()))


def _figures(row: Breaker) -> Figures:
    return Figures(
        row.state,
        row.window_at,
        row.successes,
        row.failures,
        row.in_a_row,
        row.failing_since,
        row.openings,
        row.next_probe_at,
        row.reason,
    )


def _swapped(row: Breaker, then: Figures) -> bool:
    """Write `then` unless somebody else wrote since `row` was read. It rings as it stays open."""
    mine = Breaker.objects.filter(pk=row.pk, version=row.version)
    with transaction.atomic():
        if not mine.update(version=F("version") + 1, **asdict(then)):
            return False
        if then.state != row.state:
            _tell(row, then)
    return True


def _tell(row: Breaker, then: Figures) -> None:
    log.warning(
        "%s at account %s: breaker %s (%s)", row.model, row.account_id, then.state, then.reason
    )
    subject = alarms.model_at(row.account.name, row.model)
    if then.state == BreakerState.CLOSED:
        alarms.clear(AlarmKind.STOPPED, subject)
    elif then.state == BreakerState.OPEN and then.openings >= _RINGS_AT:
        tried = f"tried again {then.openings - 1} times in vain"
        words = f"{row.account.name} takes no order of {row.model}, {tried}"
        alarms.ring(AlarmKind.STOPPED, subject, f"{words}: {then.reason}")
