"""Attempts nobody closed, holds nobody settles, films nobody took: found, and mended or told."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Q
from django.utils import timezone

from accounts import tenancy
from generations import attempts, invariants, lifecycle, outcomes
from generations.models import (
    Alarm,
    AlarmKind,
    Attempt,
    AttemptOutcome,
    Generation,
    Protocol,
    ProviderAccount,
    Status,
)
from generations.providers import alarms
from generations.reconciliation import promises
from generations.reconciliation.finding import Finding, Look, Page
from tests.billing import purse
from tests.generations.orders import parked
from tests.generations.programs import available, funded, native, overdue, settled
from tests.generations.reconciliation.test_files import DRY, MEND, all_of
from tests.generations.test_given_up import at_sandbox, begun, made
from tests.people import Customer
from tests.processes import stopped
from tests.selling import MODEL, Seller
from tests.stack import Stack
from tests.waiting import until


def columns(order: Generation) -> dict[str, Any]:
    with tenancy.system("a test looks at every tenant"):
        found: dict[str, Any] = Generation.objects.filter(pk=order.pk).values().get()
    return found


def change(order: Generation, **values: Any) -> None:
    with tenancy.system("a test turns the clock"):
        Generation.objects.filter(pk=order.pk).update(**values)


def found(page: Page, subject: str) -> Finding:
    return next(each for each in page.findings if each.subject == subject)


def sent(of: Customer, account: ProviderAccount) -> tuple[Generation, Attempt]:
    """An order at an account, with an attempt whose outcome is not known."""
    order = parked(of)
    change(order, next_run_at=timezone.now())
    with tenancy.system("a test is a worker"):
        (order,) = lifecycle.claim([Status.ACCEPTED], 1, only=Q(pk=order.pk))
    return order, attempts.begin(order, account)


def upstream() -> ProviderAccount:
    """One that is asked for nothing."""
    made_here: ProviderAccount = ProviderAccount.objects.create(
        name=f"open-{secrets.token_hex(4)}", protocol="segmind", enabled=False,
        base_url="http://127.0.0.1:1", serves_live=False,
    )  # fmt: skip
    return made_here


def left_open(of: Customer, account: ProviderAccount) -> Attempt:
    """An attempt without an outcome, of an order that ended long ago."""
    order, attempt = sent(of, account)
    assert lifecycle.fail(order, "deadline", "a story")
    change(order, finished_at=timezone.now() - timedelta(hours=2))
    return attempt


def test_an_attempt_left_open_by_an_order_that_ended_goes_to_suspense() -> None:
    account = upstream()
    attempt = left_open(funded(), account)
    dry, mend = Look(mend=False, account=account), Look(mend=True, account=account)

    (told,) = all_of(promises.unknown, dry).values()
    assert (told.subject, told.done, told.left) == (
        attempt.external_id, "put into suspense", False,
    )  # fmt: skip
    assert outcome(attempt) == "unknown"
    assert all_of(promises.unknown, mend)[attempt.external_id].left is False
    assert outcome(attempt) == "abandoned"
    assert Alarm.objects.filter(kind="suspense", subject=attempt.external_id).count() == 1

    (waiting,) = all_of(promises.unknown, mend).values()
    assert (waiting.subject, waiting.left, waiting.says) == (
        attempt.external_id, True, f"{account.name} may bill $0.1400, and no film came",
    )  # fmt: skip
    Alarm.objects.filter(subject=attempt.external_id).update(resolved_at=timezone.now())
    assert all_of(promises.unknown, mend) == {}


def test_more_than_a_page_of_attempts_is_told_and_put_into_suspense_at_one_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(promises, "_BATCH", 2)
    alice, account = funded(), upstream()
    names = {left_open(alice, account).external_id for _ in range(5)}
    for mend, left in ((False, False), (True, False), (False, True)):
        told = all_of(promises.unknown, Look(mend=mend, account=account))
        assert {name: each.left for name, each in told.items()} == dict.fromkeys(names, left)


def test_what_was_paid_for_and_brought_no_film_is_told_until_somebody_has_looked() -> None:
    account = upstream()
    order, attempt = sent(funded(), account)
    cost = Decimal("0.28")
    assert attempts.close(order, attempt, AttemptOutcome.ACCEPTED, upstream_cost=cost)
    assert lifecycle.fail(order, "bad_film", "a story")
    (told,) = all_of(promises.unknown, Look(mend=False, account=account)).values()
    assert (told.subject, told.left) == (attempt.external_id, True)
    mine = Alarm.objects.filter(kind="suspense", subject=attempt.external_id)
    assert not mine.exists()
    for _ in range(2):
        assert all_of(promises.unknown, Look(mend=True, account=account)) == {told.subject: told}
    assert mine.get().count == 1
    mine.update(resolved_at=timezone.now())
    assert all_of(promises.unknown, Look(mend=True, account=account)) == {}


def outcome(attempt: Attempt) -> str:
    with tenancy.system("a test looks at every tenant"):
        return str(Attempt.objects.get(pk=attempt.pk).outcome)


def test_an_order_long_past_its_deadline_is_given_back_unless_somebody_is_at_it() -> None:
    alice = funded()
    stuck, held, waits = parked(alice), parked(alice), parked(alice)
    long_ago = timezone.now() - timedelta(hours=2)
    for order in (stuck, held, waits):
        change(order, deadline_at=long_ago)
    change(held, lease_until=timezone.now() + timedelta(hours=1))
    change(waits, status=Status.STORING)  # a storage that is out of order
    assert found(promises.holds(DRY), stuck.public_id).done == "given up, and given back"
    assert columns(stuck)["status"] == "accepted"

    page = promises.holds(MEND)
    assert found(page, stuck.public_id).left is False
    ended = columns(stuck)
    assert (ended["status"], ended["error_code"], ended["charged"]) == ("failed", "deadline", 0)
    assert (columns(held)["status"], columns(waits)["status"]) == ("accepted", "storing")
    assert available(alice) == 10_000 - 2 * 10
    assert not {held.public_id, waits.public_id} & {each.subject for each in page.findings}


def test_more_than_a_page_of_stuck_orders_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promises, "_BATCH", 2)
    alice = funded()
    stuck = [parked(alice) for _ in range(5)]
    for order in stuck:
        change(order, deadline_at=timezone.now() - timedelta(hours=2))
    told = all_of(promises.holds, DRY)
    assert {order.public_id for order in stuck} <= told.keys()
    all_of(promises.holds, MEND)
    assert {columns(order)["status"] for order in stuck} == {"failed"}
    assert available(alice) == 10_000


def test_an_alarm_of_a_hold_that_is_not_listed_rings_on_until_it_is_mended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alice = funded()
    order = parked(alice)

    def tamper(to: str, moment: str) -> None:
        purse.as_owner(
            "ALTER TABLE billing_hold DISABLE TRIGGER USER;"
            f"UPDATE billing_hold SET status = '{to}', settled_at = {moment} "
            f"WHERE organisation_id = {alice.organisation.pk};"
            "ALTER TABLE billing_hold ENABLE TRIGGER USER"
        )

    def rings() -> bool:
        return order.public_id in alarms.ringing(AlarmKind.STUCK)

    tamper("released", "now()")
    alarms.ring(AlarmKind.STUCK, order.public_id, "a story")
    monkeypatch.setattr(invariants, "_LISTED", 0)
    assert order.public_id not in all_of(promises.holds, MEND)
    assert rings()
    tamper("pending", "NULL")
    all_of(promises.holds, MEND)
    assert not rings()


def test_a_hold_that_its_ended_order_left_is_told_and_nothing_is_posted() -> None:
    alice = funded()
    order = parked(alice)
    purse.as_owner(
        "ALTER TABLE billing_hold DISABLE TRIGGER USER;"
        "UPDATE billing_hold SET status = 'released', settled_at = now() "
        f"WHERE status = 'pending' AND organisation_id = {alice.organisation.pk};"
        "ALTER TABLE billing_hold ENABLE TRIGGER USER"
    )
    before = available(alice)
    broken = all_of(promises.holds, MEND)
    if order.public_id in broken:  # at most twenty are named
        assert broken[order.public_id].left
        assert Alarm.objects.filter(kind="stuck", subject=order.public_id).exists()
    assert available(alice) == before
    assert columns(order)["finished_at"] is None


def test_a_film_that_was_made_after_a_day_is_asked_about_and_given(
    site: str, stack: Stack, sell: Seller
) -> None:
    account = sell()
    alice = funded()
    program = native(site, alice.test_key)
    order = {"model": MODEL, "prompt": f"slow:10 A snail {secrets.token_hex(4)}"}
    made = program.post("/generations", order).json()["id"]
    overdue(made)
    assert settled(program, made)["error"]["code"] == "deadline"
    with tenancy.system("a test turns the clock"):
        Generation.objects.filter(public_id=made).update(
            finished_at=timezone.now() - timedelta(hours=30)
        )
    mine = Look(mend=True, account=account)

    def dry() -> Finding | None:
        return all_of(promises.late_films, Look(mend=False, account=account)).get(made)

    assert until(dry, seconds=60, what="the film's end") is not None
    assert program.get(f"/generations/{made}").json()["video"] is None
    assert all_of(promises.late_films, mine)[made].done == "taken in, and given free"
    assert program.get(f"/generations/{made}").json()["video"]["url"]
    assert available(alice) == 10_000
    assert all_of(promises.late_films, mine) == {}


def given_up(order: Generation) -> Generation:
    """Its deadline was thirty hours ago."""
    assert lifecycle.fail(order, "deadline", "a story")
    change(order, finished_at=timezone.now() - timedelta(hours=30))
    return order


def test_an_account_that_does_not_answer_hides_nobody_elses_late_films(stack: Stack) -> None:
    alice, well, dead = (
        funded(),
        at_sandbox(stack, Protocol.KLING),
        at_sandbox(stack, Protocol.KLING),
    )
    for account in (well, dead):
        ProviderAccount.objects.filter(pk=account.pk).update(enabled=True, serves_test=False)
    ProviderAccount.objects.filter(pk=dead.pk).update(base_url="http://127.0.0.1:1/kling")
    with stopped(stack.pid, "watcher", "cluster"):
        order, attempt = begun(alice, well)
        outcomes.record(order, attempt, made(order, attempt))
        given_up(order)
        for _ in range(2):  # newer ones
            lost, _attempt = begun(alice, dead)
            change(lost, upstream_id="800000000000000000")
            given_up(lost)
        pages = []
        page = promises.late_films(MEND)
        while page.after:
            pages.append(page)
            page = promises.late_films(replace(MEND, after=page.after))
    told = {each.subject: each.done for page in pages for each in page.findings}
    assert told.get(order.public_id) == "taken in, and given free"
    assert sum(str(dead.pk) in page.after.split(":")[2].split(",") for page in pages) >= 1
    assert available(alice) == 10_000
