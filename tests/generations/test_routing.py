"""Whose turn it is to make a film, and how often an account may be asked again."""

from __future__ import annotations

import random
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from generations import routing
from generations.catalogue.validation import check
from generations.errors import NoProvider
from generations.models import Alarm, Protocol, ProviderAccount
from generations.providers import NotSent, health
from generations.providers.base import not_sent
from generations.wire.task import Accepted, Reason, Rejected, Task, TaskState, Unknown
from kling_saas.lib.sealing import SealBroken

FILM = check({"model": "kling-v1-6", "prompt": "A kite"}).params
TASK = Task(id="1", state=TaskState.QUEUED)


def seller(name: str, protocol: Protocol = Protocol.KLING, **more: int) -> ProviderAccount:
    return ProviderAccount(name=name, protocol=protocol, **more)


def first_of(accounts: list[ProviderAccount], draws: int) -> Counter[str]:
    chance = random.Random(7)
    return Counter(routing.drawn(accounts, FILM, chance.random)[0].name for _ in range(draws))


def test_equals_share_the_orders_by_weight() -> None:
    shares = first_of([seller("one", weight=1), seller("three", weight=3)], 8000)
    assert shares["three"] / 8000 == pytest.approx(0.75, abs=0.02)


def test_a_lower_priority_is_asked_only_after_the_best() -> None:
    accounts = [seller("heavy", priority=20, weight=1000), seller("best", priority=10)]
    assert first_of(accounts, 200) == {"best": 200}


def test_who_carries_the_whole_order_is_asked_before_who_cuts_it() -> None:
    wish = {"model": "kling-v2-6", "prompt": "A kite", "negative_prompt": "rain"}
    order = check(wish).params
    cuts = seller("cuts", Protocol.KLING_2026, priority=1)
    whole = seller("whole", priority=99)
    found = routing.drawn([cuts, whole], order, random.Random(7).random)
    assert [a.name for a in found] == ["whole", "cuts"]
    plain = check({"model": "kling-v2-6", "prompt": "A kite"}).params
    found = routing.drawn([cuts, whole], plain, random.Random(7).random)
    assert [a.name for a in found] == ["cuts", "whole"]


@pytest.fixture
def account() -> Iterator[ProviderAccount]:
    """An enabled row of its own that serves neither mode."""
    found = ProviderAccount.objects.create(
        name=f"gate-{secrets.token_hex(4)}", protocol=Protocol.KLING, serves_live=False,
        base_url="http://127.0.0.1:1", concurrency=2, retry_tokens=1.0,
    )  # fmt: skip
    yield found
    ProviderAccount.objects.filter(pk=found.pk).update(enabled=False)


def admitted(account: ProviderAccount, *, retry: bool = False) -> float:
    with transaction.atomic():
        return health.admit(account.pk, "kling-v1", retry=retry)


def now(account: ProviderAccount) -> ProviderAccount:
    return ProviderAccount.objects.get(pk=account.pk)


def test_retries_are_a_tenth_of_first_creates_and_a_reserve() -> None:
    assert health.earned(None, timedelta(0)) == settings.RETRY_RESERVE
    assert health.earned(0.0, timedelta(seconds=settings.RETRY_TRICKLE_SECONDS * 2)) == 2.0
    assert health.earned(4.5, timedelta(days=1)) == settings.RETRY_RESERVE


def test_an_account_without_budget_is_not_asked_again_and_is_asked_first_times(
    account: ProviderAccount,
) -> None:
    assert admitted(account, retry=True) == 0.0
    assert admitted(account, retry=True) > 0
    for _ in range(10):
        assert admitted(account) == 0.0
    assert admitted(account, retry=True) == 0.0  # ten first creates have earned one


def test_a_retry_that_worked_gives_its_place_to_two_more(account: ProviderAccount) -> None:
    assert admitted(account, retry=True) == 0.0
    health.learn(account, "kling-v1", Accepted(TASK), retry=True)
    assert admitted(account, retry=True) == 0.0
    assert admitted(account, retry=True) == 0.0
    assert admitted(account, retry=True) > 0


def sent_through(account: ProviderAccount, *, creates: int, failing: float) -> tuple[int, int]:
    """So many orders, of whose creates this share fails, each tried again as soon as it may be:
    how many still wait at the end, and how many creates were retries.
    """
    chance = random.Random(7)
    waiting = sent_again = 0

    def fails(*, retry: bool) -> bool:
        failed = chance.random() < failing
        outcome = NotSent("ConnectError") if failed else Accepted(TASK)
        health.learn(account, "kling-v1", outcome, retry=retry)
        return failed

    for _ in range(creates):
        assert admitted(account) == 0.0
        waiting += fails(retry=False)
        while waiting and admitted(account, retry=True) == 0.0:
            sent_again += 1
            waiting -= not fails(retry=True)
    return waiting, sent_again


@override_settings(BREAKER_SHARE=1.1, RETRY_TRICKLE_SECONDS=60)  # the budget alone
def test_of_100_creates_of_which_four_in_ten_fail_one_in_ten_is_sent_again(
    account: ProviderAccount,
) -> None:
    waiting, sent_again = sent_through(account, creates=100, failing=0.4)
    assert 9 < sent_again <= 0.1 * 100 + settings.RETRY_RESERVE
    assert waiting > 25

    minute = timezone.now() - timedelta(seconds=settings.BREAKER_WINDOW_SECONDS)
    account.breaker_set.update(window_at=minute)  # the trouble is over for that long
    ProviderAccount.objects.filter(pk=account.pk).update(retry_tokens_at=minute)
    while waiting and admitted(account, retry=True) == 0.0:
        health.learn(account, "kling-v1", Accepted(TASK), retry=True)
        waiting -= 1
    assert waiting == 0  # from one that time has earned


@override_settings(RETRY_TRICKLE_SECONDS=10**6)  # the budget alone
def test_of_1000_creates_of_which_two_in_ten_fail_each_is_sent_again_until_it_works(
    account: ProviderAccount,
) -> None:
    waiting, sent_again = sent_through(account, creates=1000, failing=0.2)
    assert waiting <= 5
    assert sent_again <= 1000 / (1 / settings.RETRY_FREE_SHARE - 1)


def rings(account: ProviderAccount) -> list[str]:
    """The subjects of the open alarms about it."""
    its = Alarm.objects.filter(subject__startswith=account.name, resolved_at=None)
    return list(its.values_list("subject", flat=True))


def test_a_credential_refused_three_times_in_a_row_disables_the_account(
    account: ProviderAccount,
) -> None:
    refused = Rejected(Reason.AUTH, "1002", "Authorization is invalid")

    def pause_over() -> None:
        ProviderAccount.objects.filter(pk=account.pk).update(paused_until=timezone.now())

    for count in range(1, settings.AUTH_FAILURES):
        for _ in range(5):  # many calls are refused together; that is one time
            health.learn(account, "kling-v1", refused, retry=False)
        assert (now(account).auth_failures, now(account).disabled_because) == (count, "")
        pause_over()
    assert rings(account)
    health.learn(now(account), "kling-v1", Accepted(TASK), retry=False)
    assert now(account).auth_failures == 0  # not in a row
    assert not rings(account)
    for _ in range(settings.AUTH_FAILURES):
        pause_over()
        health.learn(account, "kling-v1", refused, retry=False)
    pause_over()
    assert now(account).disabled_because == "auth: Authorization is invalid"
    assert admitted(account) == settings.ACCOUNT_PAUSE_SECONDS
    assert rings(account)
    health.back_in_service(account)
    assert admitted(account) == 0.0
    assert not rings(account)


def test_what_rang_about_an_account_that_takes_orders_again_rings_no_more(
    account: ProviderAccount,
) -> None:
    empty = Rejected(Reason.BALANCE, "1102", "Account balance not enough")
    health.learn(account, "kling-v1", empty, retry=False)
    for model in ("kling-v1", "kling-v3"):
        routing.refuse_model(account, model, "no permission")
    assert len(rings(account)) == 3
    health.learn(account, "kling-v1", Accepted(TASK), retry=False)
    assert rings(account) == [f"{account.name} kling-v3"]


def test_an_order_that_only_a_disabled_account_could_make_is_refused_before_the_hold(
    account: ProviderAccount,
) -> None:
    mine = ProviderAccount.objects.filter(pk=account.pk)
    mine.update(serves_test=True, priority=999, concurrency=0)
    order = replace(FILM, pin=account.pk)
    routing.forget()
    assert routing.lane(order, livemode=False) == [account.pk]
    mine.update(disabled_because="auth: Authorization is invalid")
    routing.forget()
    with pytest.raises(NoProvider):
        routing.lane(order, livemode=False)
    assert [able.pk for able in routing.candidates(order, livemode=False)] == [account.pk]


def test_retry_after_is_kept_by_every_process_and_is_no_trouble(account: ProviderAccount) -> None:
    slow = Rejected(Reason.RATE, "429", "slow down", retry_after=40.0)
    health.learn(account, "kling-v1", slow, retry=False)
    assert 38 < admitted(account) <= 40
    shorter = Rejected(Reason.RATE, "429", "slow down", retry_after=2.0)
    health.learn(account, "kling-v1", shorter, retry=False)
    assert admitted(account) > 38
    assert now(account).auth_failures == 0


def test_who_takes_no_more_and_says_not_for_how_long_is_asked_ever_more_rarely(
    account: ProviderAccount,
) -> None:
    full = Rejected(Reason.CONCURRENCY, "1303", "parallel task over resource pack limit")
    for pause in (1, 2, 4, 8, 16, 16):
        begun = time.monotonic()
        for _ in range(9):  # all that were on their way when the first was refused
            health.learn(account, "kling-v1", full, retry=False)
        left = admitted(account)
        assert pause - 0.5 < left + time.monotonic() - begun
        assert left <= pause
        ProviderAccount.objects.filter(pk=account.pk).update(paused_until=timezone.now())
    health.learn(now(account), "kling-v1", Accepted(TASK), retry=False)
    begun = time.monotonic()
    health.learn(account, "kling-v1", full, retry=False)
    left = admitted(account)
    assert left + time.monotonic() - begun > 0.5
    assert left <= 1


def test_a_credential_that_cannot_be_opened_is_an_alarm(account: ProviderAccount) -> None:
    account.sealed_credential = "k1:nonsense"
    with pytest.raises(SealBroken) as broken:
        account.credential()
    exchange = not_sent(broken.value)
    health.learn(account, "kling-v1", exchange.outcome, retry=False)
    assert admitted(account) > 0
    assert Alarm.objects.filter(kind="credential", subject=account.name).count() == 1


@pytest.mark.parametrize(
    ("outcome", "failures"),
    [
        (NotSent("ConnectError"), 1),
        (NotSent("SealBroken", ours=True), 0),
        (Unknown("503", "busy"), 1),
        (Rejected(Reason.BROKEN, "404", "?"), 1),
        (Rejected(Reason.UNAVAILABLE, "503", "busy"), 1),
        (Rejected(Reason.INVALID, "1201", "your prompt"), 0),
        (Rejected(Reason.MODERATION, "1301", "your prompt"), 0),
        (Rejected(Reason.RATE, "1302", "slow down"), 0),
        (Rejected(Reason.CONCURRENCY, "1303", "too many"), 0),
        (Accepted(TASK), 0),
    ],
)  # fmt: skip
def test_only_an_upstreams_own_trouble_counts_against_it(
    account: ProviderAccount, outcome: object, failures: int
) -> None:
    health.learn(account, "kling-v1", outcome, retry=False)  # type: ignore[arg-type]
    counted = account.breaker_set.first()
    assert (counted.failures if counted else 0) == failures
