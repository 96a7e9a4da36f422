"""Which upstream accounts may make a film, and in which order they are asked.

Who may: its mode, its models, and what its protocol carries. The order: those that carry the whole
order first, then the operator's priority, and among equals a weighted draw for each film. Whether
one can be asked right now is `providers.health`'s to say: a film waits for those in trouble.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from generations import providers
from generations.catalogue.params import Params
from generations.catalogue.spec import Spec
from generations.catalogue.violations import Findings, Violation
from generations.catalogue.violations import InvalidRequest as CatalogueRefusal
from generations.errors import InvalidRequest, NoProvider
from generations.models import AlarmKind, ProviderAccount, RefusedModel
from generations.models.provider_account import kept_words
from generations.providers import alarms
from generations.wire.kling.codes import is_gone

_REFUSED_FOR = timedelta(hours=1)  # when the upstream's words are not clear
_MADE_UP_FOR = {"aspect_ratio"}  # where it has no word for it, the first frame is cropped


@dataclass(slots=True)
class _Known:
    at: float = -1e9
    accounts: tuple[ProviderAccount, ...] = ()
    refused: frozenset[tuple[int, str]] = frozenset()


_known = _Known()


def _accounts(*, livemode: bool) -> list[ProviderAccount]:
    """Enabled accounts of a mode, from a copy at most OPERATOR_CHANGES_SECONDS old."""
    if time.monotonic() - _known.at > settings.OPERATOR_CHANGES_SECONDS:
        _known.accounts = tuple(ProviderAccount.objects.filter(enabled=True))
        _known.refused = frozenset(refused().values_list("account_id", "model"))
        _known.at = time.monotonic()
    return [a for a in _known.accounts if _serves(a, livemode=livemode)]


def refused() -> QuerySet[RefusedModel]:
    """What enabled accounts do not serve at this moment."""
    now = Q(until=None) | Q(until__gt=timezone.now())
    found: QuerySet[RefusedModel] = RefusedModel.objects.filter(now, account__enabled=True)
    return found


def standing() -> Hashable:
    """All that decides which lane an order is in, but the order: equal while lanes stay right."""
    both = {a.pk: a for mode in (True, False) for a in _accounts(livemode=mode)}
    sold = sorted(
        (a.pk, a.protocol, a.base_url, a.serves_live, a.serves_test, a.max_seconds, *a.models_sold)
        for a in both.values()
    )
    return tuple(sold), _known.refused


def forget() -> None:
    """Read the accounts anew at the next question."""
    _known.at = -1e9


def _serves(account: ProviderAccount, *, livemode: bool) -> bool:
    # Live credits buy sandbox films only where the whole place says that it is a demo.
    if account.is_sandbox and livemode and not settings.DEMO:
        return False
    return account.serves_live if livemode else account.serves_test


def candidates(params: Params, *, livemode: bool) -> list[ProviderAccount]:
    """Accounts that sell this film, in the order to ask them; another draw at every call."""
    return drawn(able(params, livemode=livemode), params, random.random)


def able(params: Params, *, livemode: bool) -> list[ProviderAccount]:
    """Accounts that sell this film, in no order."""
    return [
        account
        for account in _accounts(livemode=livemode)
        if (account.pk, params.called) not in _known.refused and _could(account, params)
    ]


def may_sell_again(params: Params, *, livemode: bool) -> set[int]:
    """Accounts that sell this film once an operator enables them or an hour's refusal is over,
    and those that do. One that said that the model is gone for good is none.
    """
    gone = RefusedModel.objects.filter(model=params.called, until=None).values("account")
    return {
        account.pk
        for account in ProviderAccount.objects.exclude(pk__in=gone)
        if _serves(account, livemode=livemode) and _could(account, params)
    }


def _could(account: ProviderAccount, params: Params) -> bool:
    return (
        account.sells(params.model)
        and (params.task != "" or params.duration <= account.max_seconds)
        and params.pin in (None, account.pk)
        and providers.adapter(account).can(params)
    )


def drawn(
    accounts: list[ProviderAccount], params: Params, chance: Callable[[], float]
) -> list[ProviderAccount]:
    """Whole orders before crippled ones, lower priority first, equals by lot.

    The lot is Efraimidis and Spirakis': an account comes first as often as its weight says.
    `chance` is random in [0, 1).
    """

    def place(account: ProviderAccount) -> tuple[bool, int, float]:
        cut = set(providers.adapter(account).lost(params)) - _MADE_UP_FOR
        lot = (1.0 - chance()) ** (1.0 / account.weight)
        return bool(cut), account.priority, -lot

    return sorted(accounts, key=place)


def lane(params: Params, *, livemode: bool) -> list[int]:
    """The lane an order waits in: ids of the accounts that could make it, ascending.

    Raises NoProvider when nobody could, and InvalidRequest when that is because of a limit that
    upstreams which we do not have may not have; nothing has been held yet. An account that only an
    operator can put back into service makes none; orders that it was to make wait for the
    operator until their deadline (`candidates`), new ones must not.
    """
    serving = able(params, livemode=livemode)
    if all(account.disabled_because for account in serving):
        _refuse_what_is_beyond(params, livemode=livemode)
        raise NoProvider(
            f"No service can make this {params.model} film at the moment; nothing was charged. "
            "Try another model, or again later.",
            retry_after=60,
        )
    return lane_of(serving)


def _refuse_what_is_beyond(params: Params, *, livemode: bool) -> None:
    """Names the limit to a customer whose order it is that no account takes as it is."""
    for account in _accounts(livemode=livemode):
        open_to = account.sells(params.model) and params.pin in (None, account.pk)
        refused = (account.pk, params.called) in _known.refused or account.disabled_because
        beyond = _too_long(account, params) or providers.adapter(account).beyond(params)
        if open_to and beyond and not refused:
            raise InvalidRequest.of(CatalogueRefusal((beyond,)))


def _too_long(account: ProviderAccount, params: Params) -> Violation | None:
    """Shots that add up to more than the account takes, though another might take some of them."""
    most = account.max_seconds
    if params.task or params.duration <= most:
        return None
    findings = Findings(lenient=False)
    findings.refuse(
        "multi_prompt",
        "out_of_range",
        f"adds up to {params.duration} s in {len(params.multi_prompt)} shots",
        limit=f"{most} s in all",
        way_out=f"send shots of at most {most} s in all",
    )
    return findings.violations[0]


def makes(spec: Spec, *, livemode: bool) -> bool:
    """Whether an account that is not disabled can make a plain film of the model, of any kind."""
    plain = (
        Params(model=spec.name, mode=mode, image="an image" if kind == "image2video" else None)
        for kind in spec.kinds
        for mode in spec.mode_names
    )
    return any(
        not account.disabled_because for film in plain for account in able(film, livemode=livemode)
    )


def lane_of(accounts: Iterable[ProviderAccount]) -> list[int]:
    """The lane that these accounts serve."""
    return sorted(account.pk for account in accounts)


def longest_film(*, livemode: bool) -> int:
    """The longest multi-shot film any account takes, seconds; Kling's own API takes 15."""
    return max([15, *(a.max_seconds for a in _accounts(livemode=livemode))])


def only_sandbox(*, livemode: bool) -> bool:
    """Whether every account of this mode is the sandbox: then `seed` has a meaning."""
    return all(a.is_sandbox for a in _accounts(livemode=livemode))


def refuse_model(account: ProviderAccount, model: str, reason: str) -> None:
    """The upstream does not serve a model: not through this account, for good or for an hour.

    It rings, because a model that no other account makes is no longer sold from then on.
    """
    gone = is_gone(reason)
    until = None if gone else timezone.now() + _REFUSED_FOR
    how_long = "until its refused model is deleted" if gone else "for an hour"
    alarms.ring(
        AlarmKind.REFUSED,
        alarms.model_at(account.name, model),
        f"{account.name} is not asked for {model} {how_long}: {reason}",
    )
    RefusedModel.objects.update_or_create(
        account=account, model=model, defaults={"reason": kept_words(reason), "until": until}
    )
    forget()
