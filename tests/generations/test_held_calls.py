"""Calls an upstream holds until the film is made: what came is never lost, nor left lying about."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q
from django.test import override_settings
from django.utils import timezone

from accounts import tenancy
from generations import attempts, blocking, late, lifecycle, outcomes, storage
from generations.models import Attempt, Generation, Protocol, ProviderAccount, Status, Video
from generations.providers import Exchange, NotSent
from generations.wire.task import Accepted, Unknown
from kling_saas.lib import points
from tests.generations import mp4
from tests.generations.endless import dripping, endless
from tests.generations.orders import parked
from tests.generations.programs import available, funded
from tests.people import Customer
from tests.waiting import until


@pytest.fixture
def account() -> Iterator[ProviderAccount]:
    """A blocking account that serves nobody by itself."""
    found = ProviderAccount(
        name=f"held-{secrets.token_hex(4)}", protocol=Protocol.SEGMIND_V1, enabled=False,
        base_url="http://127.0.0.1:1", serves_live=False,
    )  # fmt: skip
    found.set_credential("SG_0123456789abcdef")
    found.save()
    return found


@pytest.fixture
def alice() -> Customer:
    return funded()


def begun(alice: Customer, account: ProviderAccount) -> tuple[Generation, Attempt]:
    """An order whose call is being held, with a lease that lasts."""
    order = parked(alice)
    with tenancy.system("a test is a worker"):
        mine = Generation.objects.filter(pk=order.pk)
        mine.update(next_run_at=timezone.now())
        (order,) = lifecycle.claim([Status.ACCEPTED], 1, only=Q(pk=order.pk))
    return order, attempts.begin(order, account)


def film_came(order: Generation, folder: Path) -> str:
    """The film of the call, as it lies under its temporary key."""
    key = f"incoming/{order.public_id}.mp4"
    with mp4.write(folder / "film.mp4").open("rb") as film:
        storage.put(key, film)
    return key


def now(order: Generation) -> Generation:
    with tenancy.system("a test looks at every tenant"):
        found: Generation = Generation.objects.get(pk=order.pk)
    return found


def outcome(attempt: Attempt) -> str:
    with tenancy.system("a test looks at every tenant"):
        return str(Attempt.objects.get(pk=attempt.pk).outcome)


def test_a_film_that_came_before_its_holder_died_is_found_and_sold(
    alice: Customer, account: ProviderAccount, tmp_path: Path
) -> None:
    order, attempt = begun(alice, account)
    key = film_came(order, tmp_path)
    blocking._find_again(order, attempt)
    assert outcome(attempt) == "accepted"
    until(lambda: now(order).status == "succeeded", what="the film's way into the library")
    assert now(order).charged == 10
    assert storage.size(key) == -1


def test_a_film_whose_recording_is_cut_off_is_found_again(
    alice: Customer, account: ProviderAccount, tmp_path: Path
) -> None:
    order, attempt = begun(alice, account)
    film_came(order, tmp_path)

    def cut_off(point: str) -> None:
        if point == "call.recorded":
            raise RuntimeError(point)

    points.watched_by(cut_off)
    try:
        with pytest.raises(RuntimeError):
            blocking._record(order, attempt, Exchange(Accepted(blocking._stored(order))))
    finally:
        points.watched_by(None)
    assert outcome(attempt) == "unknown"
    blocking._find_again(now(order), attempt)
    until(lambda: now(order).status == "succeeded", what="the film's way into the library")


def test_a_copy_on_a_disk_that_is_away_is_waited_for(
    alice: Customer, account: ProviderAccount, tmp_path: Path
) -> None:
    order, attempt = begun(alice, account)
    there = Path(default_storage.path(film_came(order, tmp_path)))
    away = there.rename(there.with_suffix(".away"))
    blocking._record(order, attempt, Exchange(Accepted(blocking._stored(order))))
    until(lambda: now(order).status == "fetching" and now(order).next_run_at > timezone.now(),
          what="a try in vain")  # fmt: skip
    assert now(order).step_attempts == 0
    away.rename(there)
    until(lambda: now(order).status == "succeeded", what="the film's way into the library")


def test_a_call_whose_holder_died_without_a_film_is_given_back_and_not_made_again(
    alice: Customer, account: ProviderAccount
) -> None:
    order, attempt = begun(alice, account)
    blocking._find_again(order, attempt)
    assert outcome(attempt) == "abandoned"
    assert (now(order).status, now(order).error_code) == ("failed", "upstream_unknown")
    assert available(alice) == 10_000


def test_a_call_that_is_held_is_not_taken_from_itself_when_its_lease_has_run_out(
    alice: Customer, account: ProviderAccount
) -> None:
    order, _ = begun(alice, account)
    with tenancy.system("where no running watcher sees it"), transaction.atomic():
        Generation.objects.filter(pk=order.pk).update(lease_until=timezone.now())
        assert blocking._claim({order.pk}) == []
        assert now(order).status == "submitting"
        assert blocking._claim(set()) == []
        assert now(order).error_code == "upstream_unknown"
        transaction.set_rollback(True)
    assert lifecycle.fail(now(order), "test", "over")


def test_a_call_that_outlasts_the_deadline_goes_on_and_its_customer_is_free(
    alice: Customer, account: ProviderAccount
) -> None:
    order, attempt = begun(alice, account)
    order.deadline_at = timezone.now() + timedelta(seconds=0.5)
    with dripping(b"HTTP/1.1 2") as port, override_settings(SEGMIND_WAIT_MAX=2):
        account.base_url = f"http://127.0.0.1:{port}"
        attempt.account = account
        asyncio.run(blocking._hold(order, attempt))
    over = now(order)
    assert (over.status, over.error_code, outcome(attempt)) == ("failed", "deadline", "abandoned")
    assert over.finished_at is not None
    assert timezone.now() - over.finished_at > timedelta(seconds=1)
    assert available(alice) == 10_000


def test_a_call_is_not_begun_after_the_deadline(alice: Customer, account: ProviderAccount) -> None:
    order = parked(alice)
    with tenancy.system("where no running watcher sees it"), transaction.atomic():
        Generation.objects.filter(pk=order.pk).update(next_run_at=timezone.now())
        (mine,) = lifecycle.claim([Status.ACCEPTED], 1, only=Q(pk=order.pk))
        lifecycle.hand_over(mine, account)
        Generation.objects.filter(pk=order.pk).update(deadline_at=timezone.now())
        assert blocking._claim(set()) == []
        assert (now(order).error_code, attempts.count(mine)) == ("deadline", 0)
        transaction.set_rollback(True)
    assert lifecycle.fail(now(order), "test", "over")


def test_a_film_that_comes_after_its_order_was_given_up_is_given_free(
    alice: Customer, account: ProviderAccount, tmp_path: Path
) -> None:
    order, attempt = begun(alice, account)
    outcomes.abandon(now(order))
    key = film_came(order, tmp_path)
    blocking._record(order, attempt, Exchange(Accepted(blocking._stored(order))))

    def given() -> bool:
        late.run()
        with tenancy.system("a test looks at every tenant"):
            return Video.objects.filter(generation=order).exists()

    until(given, what="the late film")
    assert (now(order).status, now(order).charged) == ("failed", 0)
    assert available(alice) == 10_000
    assert storage.size(key) == -1


def test_a_copy_that_is_no_film_is_removed_and_not_looked_at_again(
    alice: Customer, account: ProviderAccount, tmp_path: Path
) -> None:
    order, attempt = begun(alice, account)
    outcomes.abandon(now(order))
    (tmp_path / "broken.mp4").write_bytes(b"<html>")
    key = f"incoming/{order.public_id}.mp4"
    with (tmp_path / "broken.mp4").open("rb") as file:
        storage.put(key, file)
    blocking._record(order, attempt, Exchange(Accepted(blocking._stored(order))))

    def forgotten() -> bool:
        late.run()
        return not now(order).media_url

    until(forgotten, what="the end of looking")
    assert storage.size(key) == -1


@pytest.mark.parametrize("address", ["http://[::1", "https://a..b", "http://127.0.0.1:1"])
def test_a_call_to_an_address_that_is_none_is_not_sent(
    alice: Customer, account: ProviderAccount, address: str
) -> None:
    order, attempt = begun(alice, account)
    account.base_url = address
    attempt.account = account
    exchange = asyncio.run(blocking._call(order, attempt))
    assert isinstance(exchange.outcome, NotSent)
    assert not exchange.outcome.ours  # so that the account's breaker learns of it
    assert lifecycle.fail(now(order), "test", "over")


def test_an_answer_without_end_that_is_no_film_does_not_fill_us(
    alice: Customer, account: ProviderAccount
) -> None:
    order, attempt = begun(alice, account)
    with endless() as address:
        account.base_url = address
        attempt.account = account
        exchange = asyncio.run(blocking._call(order, attempt))
    assert exchange.outcome == Unknown("AnswerTooLarge", "no answer came")
    assert lifecycle.fail(now(order), "test", "over")


_FILM = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 9000\r\n\r\n"
_REFUSAL = b"HTTP/1.1 500 Oh\r\nContent-Length: 9000\r\n\r\n"


@pytest.mark.parametrize("head", [_FILM, _REFUSAL, b"HTTP/1.1 2"])
def test_an_upstream_that_sends_a_byte_now_and_then_is_left(
    alice: Customer, account: ProviderAccount, head: bytes
) -> None:
    order, attempt = begun(alice, account)
    with dripping(head) as port:
        account.base_url = f"http://127.0.0.1:{port}"
        attempt.account = account
        began = time.monotonic()
        with override_settings(SEGMIND_WAIT_MAX=0.4, FILM_FETCH_SECONDS=0.4):
            exchange = asyncio.run(blocking._call(order, attempt))
    assert time.monotonic() - began >= 0.4
    assert exchange.outcome == Unknown("TimeoutError", "no answer came")
    assert lifecycle.fail(now(order), "test", "over")
