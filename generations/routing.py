"""Which upstream account may make a film: mode, model, capability, in the operator's order."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from generations import providers
from generations.catalogue.params import Params
from generations.errors import NoProvider
from generations.models import ProviderAccount, RefusedModel
from generations.wire.kling.codes import is_gone

_REFUSED_FOR = timedelta(hours=1)  # when the upstream's words are not clear
_FRESH_SECONDS = 2.0  # operators' changes are seen by every process within this time


@dataclass(slots=True)
class _Known:
    at: float = -1e9
    accounts: tuple[ProviderAccount, ...] = ()
    refused: frozenset[tuple[int, str]] = frozenset()


_known = _Known()


def _accounts(*, livemode: bool) -> list[ProviderAccount]:
    """Enabled accounts of a mode in order of priority, from a copy at most 2 s old."""
    if time.monotonic() - _known.at > _FRESH_SECONDS:
        _known.accounts = tuple(ProviderAccount.objects.filter(enabled=True))
        refused = RefusedModel.objects.filter(Q(until=None) | Q(until__gt=timezone.now()))
        _known.refused = frozenset(refused.values_list("account_id", "model"))
        _known.at = time.monotonic()
    return [a for a in _known.accounts if _serves(a, livemode=livemode)]


def forget() -> None:
    """Read the accounts anew at the next question."""
    _known.at = -1e9


def _serves(account: ProviderAccount, *, livemode: bool) -> bool:
    # Live credits buy sandbox films only where the whole place says that it is a demo.
    if account.is_sandbox and livemode and not settings.DEMO:
        return False
    return account.serves_live if livemode else account.serves_test


def candidates(params: Params, *, livemode: bool) -> list[ProviderAccount]:
    """Accounts that can make this film now, best first. Paused ones come last."""
    able = [
        account
        for account in _accounts(livemode=livemode)
        if (account.pk, params.model) not in _known.refused
        and params.duration <= account.max_seconds
        and providers.adapter(account).can(params)
    ]
    now = timezone.now()
    return sorted(able, key=lambda a: bool(a.paused_until and a.paused_until > now))


def require_provider(params: Params, *, livemode: bool) -> None:
    """Raises NoProvider when nobody could make this film; nothing has been held yet."""
    if not candidates(params, livemode=livemode):
        raise NoProvider(
            f"No upstream account can make this {params.model} film now; nothing was charged. "
            "Try another model, or again later.",
            retry_after=60,
        )


def longest_film(*, livemode: bool) -> int:
    """The longest multi-shot film any account takes, seconds; Kling's own API takes 15."""
    return max([15, *(a.max_seconds for a in _accounts(livemode=livemode))])


def only_sandbox(*, livemode: bool) -> bool:
    """Whether every account of this mode is the sandbox: then `seed` has a meaning."""
    return all(a.is_sandbox for a in _accounts(livemode=livemode))


def refuse_model(account: ProviderAccount, model: str, reason: str) -> None:
    """The upstream does not serve a model: not through this account, for good or for an hour."""
    until = None if is_gone(reason) else timezone.now() + _REFUSED_FOR
    RefusedModel.objects.update_or_create(
        account=account, model=model, defaults={"reason": reason[:300], "until": until}
    )
    forget()
