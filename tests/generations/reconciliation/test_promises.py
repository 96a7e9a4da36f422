"""Attempts nobody closed, holds nobody settles, films nobody took: found, and mended or told."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from accounts import tenancy
from generations import attempts, lifecycle, outcomes
from generations.models import Alarm, Attempt, Generation, Protocol, ProviderAccount, Status
from generations.reconciliation import promises
from generations.reconciliation.finding import Finding, Look, Page
from tests.billing import purse
from tests.generations.orders import parked
from tests.generations.programs import available, funded, native, settled
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


def test_an_attempt_left_open_by_an_order_that_ended_goes_to_suspense() -> None:
    alice = funded()
    account = ProviderAccount.objects.create(
        name=f"open-{secrets.token_hex(4)}", protocol="segmind", enabled=False,
        base_url="http://127.0.0.1:1", serves_live=False,
    )  # fmt: skip
    order, attempt = sent(alice, account)
    assert lifecycle.fail(order, "deadline", "a story")
    change(order, finished_at=timezone.now() - timedelta(hours=2))

    page = promises.unknown(DRY)
    assert found(page, attempt.external_id).done == "put into suspense"
    assert found(page, attempt.external_id).left is False
    assert outcome(attempt) == "unknown"
    assert found(promises.unknown(MEND), attempt.external_id).left is False
    assert outcome(attempt) == "abandoned"
    assert Alarm.objects.filter(kind="suspense", subject=attempt.external_id).count() == 1

    waiting = found(promises.unknown(Look(mend=True, account=account)), attempt.external_id)
    assert (waiting.left, waiting.says) == (
        True, f"{account.name} may bill $0.1400, and no film came",
    )  # fmt: skip
    Alarm.objects.filter(subject=attempt.external_id).update(resolved_at=timezone.now())
    assert promises.unknown(Look(mend=True, account=account)).findings == ()


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
    broken = {each.subject: each for each in promises.holds(MEND).findings}
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
    order = {"model": MODEL, "prompt": f"fail:late A snail {secrets.token_hex(4)}", "deadline": 5}
    made = program.post("/generations", order).json()["id"]
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
