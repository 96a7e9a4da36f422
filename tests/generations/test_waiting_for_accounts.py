"""Orders that no account sells for a while wait for one; what is gone for good ends them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from accounts import tenancy
from generations import dispatch, lifecycle, routing
from generations.models import Generation, ProviderAccount, RefusedModel
from tests.generations.orders import claimed, parked
from tests.generations.programs import available, funded, native, settled
from tests.generations.scripted import Answer, account_at, scripted, selling_to
from tests.processes import stopped
from tests.selling import Seller, seen_by_all
from tests.stack import Stack
from tests.stories.test_upstream_trouble import order
from tests.waiting import until


def now(of: Generation) -> Generation:
    with tenancy.system("a test looks at every tenant"):
        found: Generation = Generation.objects.get(pk=of.pk)
    return found


@pytest.fixture
def still(stack: Stack) -> Iterator[None]:
    """No worker but the test's."""
    with stopped(stack.pid, "watcher", "cluster"):
        yield


def test_orders_of_the_only_account_wait_while_it_is_not_enabled(site: str, sell: Seller) -> None:
    only = sell(concurrency=0)
    alice = funded()
    program = native(site, alice.test_key)
    film = order(program)
    mine = ProviderAccount.objects.filter(pk=only.pk)
    mine.update(enabled=False, concurrency=5)
    seen_by_all()

    def lane() -> bool:
        with tenancy.system("a test looks at every tenant"):
            return Generation.objects.filter(public_id=film, lane=[]).exists()

    until(lane, seconds=60, what="the look that finds nobody")
    told = program.get(f"/generations/{film}").json()
    assert (told["status"], told["error"]) == ("queued", None)
    mine.update(enabled=True)
    seen_by_all()
    assert settled(program, film)["status"] == "succeeded"


def test_at_its_deadline_an_order_without_account_is_given_back(still: None) -> None:
    alice = funded()
    one = parked(alice)
    account = account_at("http://127.0.0.1:1")
    with selling_to(one, account):
        ProviderAccount.objects.filter(pk=account.pk).update(enabled=False)
        routing.forget()
        dispatch._carry_on(claimed(one))
        assert (now(one).status, now(one).lane) == ("accepted", [])
        with tenancy.system("its time is over"):
            Generation.objects.filter(pk=one.pk).update(deadline_at=timezone.now())
        dispatch._carry_on(claimed(one))
    assert (now(one).status, now(one).error_code) == ("failed", "deadline")
    assert available(alice) == 10_000


def refusing(words: str) -> Any:
    return lambda method, path, body: (404, {"code": 1203, "message": words})


def taking(method: str, path: str, body: dict[str, Any]) -> Answer:
    return 200, {"code": 0, "data": {"task_id": "theirs", "task_status": "submitted"}}


def test_an_unclear_refusal_of_the_only_account_is_waited_for_and_asked_again(still: None) -> None:
    one = parked(funded())
    with scripted(refusing("The requested model does not exist")) as upstream:
        account = account_at(upstream.url)
        with selling_to(one, account):
            for _ in range(3):
                dispatch._carry_on(claimed(one))
            assert (upstream.creates, now(one).status, now(one).lane) == (1, "submitting", [])
            upstream.answers = taking
            RefusedModel.objects.filter(account=account).update(until=timezone.now())
            dispatch._carry_on(claimed(one))
    assert (now(one).status, now(one).upstream_id) == ("in_flight", "theirs")
    assert lifecycle.fail(now(one), "test", "over")


def test_what_the_only_account_makes_no_more_is_given_back_at_once(still: None) -> None:
    alice = funded()
    one = parked(alice)
    with (
        scripted(refusing("This model has been discontinued")) as upstream,
        selling_to(one, account_at(upstream.url)),
    ):
        for _ in range(2):
            dispatch._carry_on(claimed(one))
    assert (now(one).status, now(one).error_code) == ("failed", "no_provider")
    assert available(alice) == 10_000
