"""Which account may be asked now, and what its answers teach about it.

Four gates in the order of their cost: in service, room, retry budget, breaker, which counts who
passes. The account's row is locked while they are passed, so that limits hold across processes.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from generations.models import AlarmKind, Breaker, BreakerState, ProviderAccount
from generations.models.provider_account import kept_words
from generations.providers import alarms, breakers
from generations.providers.base import NotSent
from generations.providers.codecs import CODECS
from generations.wire.task import Accepted, Outcome, Reason, Rejected, Unknown

NO_ROOM = math.inf  # seconds until a place is free: nobody knows, the queue looks for it
_LONGEST_HOLD = 300.0  # seconds, whatever Retry-After says
_THROTTLES = (1.0, 2.0, 4.0, 8.0, 16.0)  # seconds, for who does not say how long; then the last
_PROBE_MARGIN = 30.0
_WORKS = (Reason.INVALID, Reason.MODERATION, Reason.RATE, Reason.CONCURRENCY, Reason.DISCONTINUED)

_ITS_ALARMS = (AlarmKind.CREDENTIAL, AlarmKind.BALANCE, AlarmKind.REFUSED)
_OF_THE_RETIRED = (AlarmKind.STOPPED, AlarmKind.BILL, AlarmKind.OVERCHARGED)


def admit(account_id: int, model: str, *, retry: bool, seated: bool = False) -> float:
    """Seconds until one more create may be sent, or NO_ROOM; 0.0: now, and it is counted.

    Needs a transaction; the account's row is locked until its end. `retry`: this account had the
    order before. `seated`: it has its place there already.
    """
    account = ProviderAccount.objects.select_for_update().get(pk=account_id)
    now = timezone.now()
    if account.paused_until and account.paused_until > now:
        return (account.paused_until - now).total_seconds()
    if account.disabled_because or not account.enabled:
        return settings.ACCOUNT_PAUSE_SECONDS
    if not seated and _in_flight(account) >= account.concurrency:
        return NO_ROOM
    tokens = earned(account.retry_tokens, now - account.retry_tokens_at)
    if retry and tokens < 1:
        return _until_earned(tokens)
    if closed_for := breakers.wait(account.pk, model, _probe_lease(account)):
        return closed_for
    _spend(account, tokens + (-1 if retry else settings.RETRY_SHARE), now)
    return 0.0


def _in_flight(account: ProviderAccount) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT generations_in_flight(%s)", [account.pk])
        (busy,) = cursor.fetchone()
    return int(busy)


def _probe_lease(account: ProviderAccount) -> timedelta:
    """How long a probe is waited for before another order may try."""
    held = CODECS[account.protocol].blocking
    longest = settings.SEGMIND_WAIT_MAX if held else settings.UPSTREAM_TIMEOUT
    return timedelta(seconds=longest + _PROBE_MARGIN)


# -------------------------------------------------------------------- the retry budget


def earned(tokens: float | None, elapsed: timedelta) -> float:
    """Retries an account has now: what it had and what time brought, up to the reserve."""
    had = settings.RETRY_RESERVE if tokens is None else tokens
    more = elapsed.total_seconds() / settings.RETRY_TRICKLE_SECONDS
    return float(min(settings.RETRY_RESERVE, had + max(0.0, more)))


def _until_earned(tokens: float) -> float:
    return float((1 - tokens) * settings.RETRY_TRICKLE_SECONDS)


def _spend(account: ProviderAccount, tokens: float, now: datetime) -> None:
    ProviderAccount.objects.filter(pk=account.pk).update(
        retry_tokens=min(settings.RETRY_RESERVE, tokens), retry_tokens_at=now
    )


# -------------------------------------------------------------------- what answers teach


def learn(
    account: ProviderAccount,
    model: str,
    outcome: Outcome | NotSent,
    *,
    retry: bool,
    sent_at: datetime | None = None,
) -> None:
    """Count a create's outcome for its breaker, budget and service. `sent_at` None: just now."""
    if isinstance(outcome, NotSent) and outcome.ours:
        breakers.give_back(account.pk, model, sent_at or timezone.now())
        if outcome.unreadable:
            pause(account, settings.ACCOUNT_PAUSE_SECONDS, outcome.message)
            alarms.ring(AlarmKind.CREDENTIAL, account.name, outcome.message)
        return
    if isinstance(outcome, Accepted):
        _welcome(account, model)
    ok = isinstance(outcome, Accepted) or (
        isinstance(outcome, Rejected) and outcome.reason in (*_WORKS, Reason.AUTH, Reason.BALANCE)
    )
    why = _words(outcome)
    if breakers.record(account.pk, model, ok=ok, reason=why, sent_at=sent_at):
        ProviderAccount.objects.filter(pk=account.pk).update(
            last_error=kept_words(f"{model}: {why}")
        )
    if retry and isinstance(outcome, Accepted):
        _flow_off(account, breakers.share_failed(account.pk, model))
    if isinstance(outcome, Rejected):
        trouble(account, outcome)


def trouble(account: ProviderAccount, refusal: Rejected) -> None:
    """What a refusal, of a create or of a query, says about the account itself."""
    why = f"{refusal.reason}: {refusal.message}"
    if refusal.reason == Reason.AUTH:
        _refused(account, why)
    elif refusal.reason == Reason.BALANCE:
        pause(account, settings.ACCOUNT_PAUSE_SECONDS, why)
        alarms.ring(AlarmKind.BALANCE, account.name, why)
    elif refusal.reason == Reason.RATE and refusal.retry_after:
        pause(account, rest_after(0, refusal.retry_after), why)
    elif refusal.reason in (Reason.RATE, Reason.CONCURRENCY) and not account.is_sandbox:
        _throttled(account, why)  # a sandbox says so for one order alone, as its prompt asks


def _words(outcome: Outcome | NotSent) -> str:
    if isinstance(outcome, Rejected | Unknown):
        return f"{outcome.code}: {outcome.message}"
    return outcome.message if isinstance(outcome, NotSent) else ""


def _welcome(account: ProviderAccount, model: str) -> None:
    """It takes orders: refusals are not in a row any more, and whatever it was is over."""
    if account.auth_failures or account.throttled:
        ProviderAccount.objects.filter(pk=account.pk).update(auth_failures=0, throttled=0)
    alarms.clear_any(_ITS_ALARMS, account.name, alarms.model_at(account.name, model))


def _flow_off(account: ProviderAccount, failed: float) -> None:
    """A retry worked. Where few creates fail it earns its place back, and has cost nothing; where
    none does the trouble is over: it earns another one, so that a queue of retries goes faster and
    faster. Where many fail it is paid for like all.
    """
    if failed < settings.RETRY_FREE_SHARE:
        earns = 1 if failed else 2
        ProviderAccount.objects.filter(pk=account.pk).update(retry_tokens=F("retry_tokens") + earns)


def _refused(account: ProviderAccount, why: str) -> None:
    """Count a refused credential once per pause, however many calls were refused together."""
    now = timezone.now()
    again = ProviderAccount.objects.filter(
        Q(paused_until=None) | Q(paused_until__lte=now), pk=account.pk, disabled_because=""
    ).update(
        auth_failures=F("auth_failures") + 1,
        paused_until=now + timedelta(seconds=settings.ACCOUNT_PAUSE_SECONDS),
        last_error=kept_words(why),
    )
    if not again:
        return
    given_up = ProviderAccount.objects.filter(
        pk=account.pk, auth_failures__gte=settings.AUTH_FAILURES, disabled_because=""
    ).update(disabled_because=kept_words(why))
    after = "disabled until an operator puts it back into service" if given_up else "paused"
    alarms.ring(AlarmKind.CREDENTIAL, account.name, f"{after}: {why}")


def _throttled(account: ProviderAccount, why: str) -> None:
    """It takes no more now, and the whole queue must not ask. Counted once per pause."""
    now = timezone.now()
    open_now = ProviderAccount.objects.filter(
        Q(paused_until=None) | Q(paused_until__lte=now), pk=account.pk
    )
    for before in open_now.values_list("throttled", flat=True):
        until = now + timedelta(seconds=rest_after(before))
        open_now.filter(throttled=before).update(
            throttled=before + 1, paused_until=until, last_error=kept_words(why)
        )


def rest_after(refusals: int, told: float | None = None) -> float:
    """Seconds to leave alone who takes no more now: as `told`, or the longer the more refusals in
    a row came before.
    """
    return min(told or _THROTTLES[min(refusals, len(_THROTTLES) - 1)], _LONGEST_HOLD)


def pause(account: ProviderAccount, seconds: float, why: str) -> None:
    """Nothing more is sent there for a while."""
    until = timezone.now() + timedelta(seconds=seconds)
    ProviderAccount.objects.filter(
        Q(paused_until=None) | Q(paused_until__lt=until), pk=account.pk
    ).update(paused_until=until, last_error=kept_words(why))


def back_in_service(account: ProviderAccount) -> None:
    """An operator has mended it: what was learnt of it holds no more, and orders go out at once."""
    ProviderAccount.objects.filter(pk=account.pk).update(
        disabled_because="", auth_failures=0, throttled=0, paused_until=None, last_error=""
    )
    for breaker in Breaker.objects.filter(account=account).exclude(state=BreakerState.CLOSED):
        breakers.close(breaker)
    alarms.clear_any((AlarmKind.CREDENTIAL, AlarmKind.BALANCE), account.name)


def resting(accounts: QuerySet[ProviderAccount]) -> QuerySet[ProviderAccount]:
    """Those of them that are enabled and that nothing is sent to for now."""
    found: QuerySet[ProviderAccount] = accounts.filter(
        ~Q(disabled_because="") | Q(paused_until__gt=Now()), enabled=True
    )
    return found


def retired(account: ProviderAccount) -> bool:
    """Whether an operator has taken it out of service for good: `enabled` alone is a pause."""
    return not (account.enabled or account.serves_live or account.serves_test)


def retire(account: ProviderAccount) -> None:
    """Nobody needs to mend it any more: what rings about it rings no more."""
    alarms.clear_account(_ITS_ALARMS + _OF_THE_RETIRED, account.name)
