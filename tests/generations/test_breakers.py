"""When sending stops and begins again: the rule with a clock of its own, and the shared rows."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import connection
from django.db.models import F
from django.utils import timezone

from accounts import tenancy
from generations import attempts, blocking, dispatch, lifecycle, outcomes
from generations.models import Alarm, AlarmKind, Breaker, Generation, Protocol, ProviderAccount
from generations.providers import NotSent, breakers, health
from generations.providers.breakers import Figures, Rules, after, probing
from generations.wire.task import Reason, Rejected, Unknown
from kling_saas.lib import points
from tests.generations.orders import claimed, parked
from tests.generations.programs import funded
from tests.generations.scripted import selling_to
from tests.processes import stopped
from tests.stack import Stack

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
RULES = Rules(
    window=timedelta(seconds=60),
    failures=3,
    share=0.5,
    in_a_row=2,
    row_lasts=timedelta(seconds=15),
    first_pause=timedelta(seconds=4),
    longest_pause=timedelta(seconds=60),
)
LEASE = timedelta(seconds=30)


def told(
    seen: Figures,
    results: str,
    *,
    at: datetime = NOON,
    spread: float = 0.5,
    sent_at: datetime | None = None,
) -> Figures:
    """After creates that worked (+) or did not (-), all at one moment."""
    for result in results:
        seen = after(
            seen, ok=result == "+", reason="503", sent_at=sent_at or at, now=at, rules=RULES,
            spread=spread,
        )  # fmt: skip
    return seen


def closed() -> Figures:
    return Figures("closed", NOON)


@pytest.mark.parametrize(
    ("results", "state"),
    [
        ("--", "closed"),
        ("---", "open"),
        ("+++---", "open"),  # half of them
        ("++++---", "closed"),
        ("++++----", "open"),
        ("+" * 20 + "---", "closed"),
    ],
)
def test_enough_failures_and_half_of_all_open_it(results: str, state: str) -> None:
    assert told(closed(), results).state == state


def test_what_failed_before_the_window_is_forgotten() -> None:
    before = told(closed(), "--+")
    later = NOON + timedelta(seconds=61)
    assert told(before, "--", at=later) == Figures(
        "closed", later, failures=2, in_a_row=2, failing_since=later, reason="503"
    )


def test_few_failures_open_it_when_there_was_nothing_else_for_a_while() -> None:
    first = told(closed(), "-")
    after_a_window = NOON + timedelta(seconds=70)
    assert told(first, "-", at=NOON + timedelta(seconds=14)).state == "closed"
    assert told(first, "-", at=after_a_window).state == "open"
    assert told(told(first, "+"), "-", at=after_a_window).state == "closed"


def test_while_open_late_answers_change_nothing() -> None:
    opened = told(closed(), "---")
    assert told(opened, "+-+") == opened


def test_one_order_goes_out_when_the_pause_is_over_and_none_before() -> None:
    opened = told(closed(), "---", spread=0.9)
    due = NOON + timedelta(seconds=3.6)
    assert opened.next_probe_at == due
    assert probing(opened, now=due - timedelta(seconds=0.1), lease=LEASE) is None
    trying = probing(opened, now=due, lease=LEASE)
    assert trying is not None
    assert (trying.state, trying.next_probe_at) == ("half_open", due + LEASE)
    assert probing(trying, now=due + timedelta(seconds=1), lease=LEASE) is None
    assert probing(trying, now=due + LEASE, lease=LEASE) is not None  # the prober died


def test_a_probe_that_works_closes_it_and_one_that_fails_doubles_the_pause() -> None:
    opened = told(closed(), "---", spread=1.0)
    pauses = []
    for _ in range(6):
        assert opened.next_probe_at is not None
        trying = probing(opened, now=opened.next_probe_at, lease=LEASE)
        assert trying is not None
        good = told(trying, "+", at=opened.next_probe_at)
        assert good == Figures("closed", opened.next_probe_at, successes=1)
        at = opened.next_probe_at
        opened = told(trying, "-", at=at, spread=1.0)
        assert opened.next_probe_at is not None
        pauses.append((opened.next_probe_at - at).total_seconds())
    assert pauses == [8, 16, 32, 60, 60, 60]


def test_what_was_sent_before_it_opened_is_not_the_probes_answer() -> None:
    opened = told(closed(), "---", at=NOON + timedelta(seconds=20))
    due = opened.next_probe_at
    assert due is not None
    trying = probing(opened, now=due, lease=LEASE)
    assert trying is not None
    assert told(trying, "+-+", at=due + timedelta(seconds=9), sent_at=NOON) == trying
    assert told(trying, "+", at=due + timedelta(seconds=9), sent_at=due).state == "closed"
    assert told(trying, "-", at=due + timedelta(seconds=9), sent_at=due).state == "open"


def test_the_pause_is_spread_and_never_nothing() -> None:
    found = [told(closed(), "---", spread=spread).next_probe_at for spread in (0.0, 0.75, 1.0)]
    assert found == [NOON + timedelta(seconds=seconds) for seconds in (2, 3, 4)]


# -------------------------------------------------------------------- the shared rows


@pytest.fixture
def account() -> ProviderAccount:
    """A row of its own that serves nobody."""
    return ProviderAccount.objects.create(
        name=f"breaker-{secrets.token_hex(4)}", protocol=Protocol.KLING, enabled=False,
        base_url="http://127.0.0.1:1", serves_live=False,
    )  # fmt: skip


def at_once(act: object, times: int) -> list[object]:
    """The same act in that many threads, begun together."""
    together = Barrier(times)

    def run(_: int) -> object:
        try:
            connection.ensure_connection()
            together.wait()
            return act()  # type: ignore[operator]
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def test_results_of_many_workers_are_all_counted(account: ProviderAccount) -> None:
    breakers.record(account.pk, "kling-v1", ok=True)
    at_once(lambda: breakers.record(account.pk, "kling-v1", ok=True), 12)
    at_once(lambda: breakers.record(account.pk, "kling-v1", ok=False, reason="503: busy"), 8)
    row = Breaker.objects.get(account=account, model="kling-v1")
    assert (row.successes, row.failures, row.state) == (13, 8, "closed")
    assert row.reason == "503: busy"


def test_of_sixteen_workers_one_may_try(account: ProviderAccount) -> None:
    sent_before = timezone.now()
    for _ in range(settings.BREAKER_FAILURES):
        breakers.record(account.pk, "kling-v1", ok=False, reason="gone")
    opened = Breaker.objects.get(account=account)
    assert opened.state == "open"
    assert breakers.wait(account.pk, "kling-v1", LEASE) >= 1.0
    assert breakers.wait(account.pk, "kling-v2-6", LEASE) == 0.0  # another model of the account

    Breaker.objects.filter(pk=opened.pk).update(next_probe_at=timezone.now())
    waits = at_once(lambda: breakers.wait(account.pk, "kling-v1", LEASE), 16)
    assert waits.count(0.0) == 1
    breakers.record(account.pk, "kling-v1", ok=True, sent_at=sent_before)
    assert breakers.wait(account.pk, "kling-v1", LEASE) >= 1.0
    breakers.record(account.pk, "kling-v1", ok=True)
    assert breakers.wait(account.pk, "kling-v1", LEASE) == 0.0


def test_a_vendor_of_many_words_opens_it_as_well(account: ProviderAccount) -> None:
    for _ in range(settings.BREAKER_FAILURES):
        health.learn(account, "kling-v1", Unknown("503", "\0" + "b" * 400), retry=False)
    opened = Breaker.objects.get(account=account)
    assert (opened.state, opened.reason) == ("open", "503: \ufffd" + "b" * 294)


@pytest.mark.parametrize(
    ("reason", "column"),
    [
        (Reason.AUTH, "disabled_because"),
        (Reason.AUTH, "last_error"),
        (Reason.BALANCE, "last_error"),
    ],
)
def test_a_vendor_of_many_words_is_kept_in_the_accounts_columns(
    account: ProviderAccount, reason: Reason, column: str
) -> None:
    for _ in range(settings.AUTH_FAILURES):
        ProviderAccount.objects.filter(pk=account.pk).update(paused_until=None)
        health.trouble(account, Rejected(reason, "1", "\0" + "b" * 400))
    account.refresh_from_db()
    told = getattr(account, column)
    assert (told[: len(reason) + 4], len(told)) == (f"{reason}: \ufffdb", 300)


def tried(account: ProviderAccount) -> datetime:
    """It is half open: one order is out to try. A moment before it opened."""
    before = timezone.now()
    for _ in range(settings.BREAKER_FAILURES):
        breakers.record(account.pk, "kling-v1", ok=False, reason="gone")
    Breaker.objects.filter(account=account).update(next_probe_at=timezone.now())
    assert breakers.wait(account.pk, "kling-v1", LEASE) == 0.0
    assert breakers.wait(account.pk, "kling-v1", LEASE) > 1.0
    return before


def test_who_was_to_try_and_could_not_lets_another_try(account: ProviderAccount) -> None:
    before = tried(account)
    ours = NotSent("OSError: our storage", ours=True)
    health.learn(account, "kling-v1", ours, retry=False, sent_at=before)  # not the one who tries
    assert breakers.wait(account.pk, "kling-v1", LEASE) > 1.0
    health.learn(account, "kling-v1", ours, retry=False, sent_at=timezone.now())
    assert breakers.wait(account.pk, "kling-v1", LEASE) == 0.0
    assert Breaker.objects.get(account=account).state == "half_open"


def test_a_try_that_nobody_knows_the_end_of_lets_another_try(account: ProviderAccount) -> None:
    tried(account)
    order = claimed(parked(funded()))
    attempts.begin(order, account)
    outcomes.abandon(order)
    assert breakers.wait(account.pk, "kling-v1", LEASE) == 0.0


@pytest.mark.parametrize("protocol", [Protocol.KLING, Protocol.SEGMIND_V1])
def test_who_loses_the_order_that_was_to_try_lets_another_try(
    account: ProviderAccount, stack: Stack, protocol: Protocol
) -> None:
    account.protocol = protocol
    account.set_credential("key-0123456789")
    account.save()
    tried(account)
    with stopped(stack.pid, "watcher", "cluster"):
        order = parked(funded())
        if protocol == Protocol.SEGMIND_V1:
            order = claimed(order)
            attempt = attempts.begin(order, account)
            with tenancy.system("it slept for longer than its lease"):
                Generation.objects.filter(pk=order.pk).update(version=F("version") + 1)
            async_to_sync(blocking._hold)(order, attempt)
        else:
            lost_when_placed(order, account)
        assert breakers.wait(account.pk, "kling-v1", LEASE) == 0.0
        with tenancy.system("a test tidies up"):
            assert lifecycle.fail(Generation.objects.get(pk=order.pk), "test", "over")


def lost_when_placed(order: Generation, account: ProviderAccount) -> None:
    def sleeps(point: str) -> None:
        if point == "create.placed":
            with tenancy.system("it slept for longer than its lease"):
                Generation.objects.filter(pk=order.pk).update(version=F("version") + 1)

    ProviderAccount.objects.filter(pk=account.pk).update(enabled=True)
    Breaker.objects.filter(account=account).update(next_probe_at=timezone.now())
    with selling_to(order, account):
        points.watched_by(sleeps)
        try:
            dispatch._carry_on(claimed(order))
        finally:
            points.watched_by(None)


def tries_in_vain(account: ProviderAccount) -> None:
    Breaker.objects.filter(account=account).update(next_probe_at=timezone.now())
    assert breakers.wait(account.pk, "kling-v1", LEASE) == 0.0
    health.learn(account, "kling-v1", NotSent("ConnectError: refused"), retry=False)


def rings(account: ProviderAccount) -> list[tuple[str, int]]:
    """The subjects and counts of what rings about the account."""
    found = Alarm.objects.filter(kind=AlarmKind.STOPPED, subject__startswith=account.name)
    return list(found.filter(resolved_at=None).values_list("subject", "count"))


@pytest.mark.parametrize("by", ["an order", "an operator"])
def test_one_that_stays_open_rings_until_it_is_closed(account: ProviderAccount, by: str) -> None:
    for _ in range(settings.BREAKER_FAILURES):
        health.learn(account, "kling-v1", NotSent("ConnectError: refused"), retry=False)
    tries_in_vain(account)
    assert rings(account) == []
    tries_in_vain(account)
    tries_in_vain(account)
    assert rings(account) == [(f"{account.name} kling-v1", 2)]
    alarm = Alarm.objects.get(kind=AlarmKind.STOPPED, subject=f"{account.name} kling-v1")
    assert alarm.message.endswith("tried again 3 times in vain: ConnectError: refused")
    account.refresh_from_db()
    assert account.last_error == "kling-v1: ConnectError: refused"
    if by == "an operator":
        breakers.close(Breaker.objects.get(account=account))
    else:
        breakers.record(account.pk, "kling-v1", ok=True, sent_at=timezone.now())
        Breaker.objects.filter(account=account).update(next_probe_at=timezone.now())
        assert breakers.wait(account.pk, "kling-v1", LEASE) == 0.0
        breakers.record(account.pk, "kling-v1", ok=True)
    assert breakers.wait(account.pk, "kling-v1", LEASE) == 0.0
    assert rings(account) == []
