"""Fifty customers' programs at once: what is sold is exactly what was paid for, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import requests

from accounts import tenancy
from billing import ledger, proof, wallets
from billing.models import LotSource
from generations.models import Generation
from tests.generations.programs import FILM
from tests.people import Customer, customer

POSTS = 50
_SLOW = "A slow snail slow:300"


@pytest.fixture
def alice() -> Customer:
    """A customer with exactly 100 live credits: ten films of kling-v1."""
    made = customer()
    wallets.ensure(made.organisation)
    ledger.grant(
        made.organisation.pk, True, 40, LotSource.PURCHASE, reference=made.organisation.name
    )
    assert wallets.balance(made.organisation.pk, True).available == 100
    return made


@pytest.fixture(autouse=True)
def nothing_left_behind(alice: Customer) -> Iterator[None]:
    """Slow films would hold an upstream's places for the tests that follow."""
    yield
    with tenancy.scope(alice.organisation.pk):
        Generation.objects.filter(organisation=alice.organisation).update(
            deadline_at="2000-01-01T00:00:00Z"
        )


def at_once(act: Callable[[int], Any]) -> list[Any]:
    """`act` in 50 threads started together."""
    together = Barrier(POSTS)

    def one(number: int) -> Any:
        together.wait()
        return act(number)

    with ThreadPoolExecutor(POSTS) as pool:
        return list(pool.map(one, range(POSTS)))


def post(site: str, path: str, body: dict[str, Any], **headers: str) -> requests.Response:
    return requests.post(f"{site}{path}", json=body, headers=headers, timeout=60)


def bearer(alice: Customer) -> str:
    return f"Bearer {alice.live_key}"


def orders_of(alice: Customer) -> int:
    with tenancy.scope(alice.organisation.pk):
        return int(Generation.objects.filter(organisation=alice.organisation).count())


def test_fifty_orders_on_a_wallet_that_pays_for_ten_are_ten(site: str, alice: Customer) -> None:
    def order(number: int) -> tuple[int, str]:
        body = {**FILM, "prompt": f"{_SLOW} {number}"}
        answer = post(site, "/api/v1/generations", body, Authorization=bearer(alice))
        return answer.status_code, answer.json().get("code", "")

    assert Counter(at_once(order)) == {(202, ""): 10, (402, "insufficient_credits"): 40}
    assert orders_of(alice) == 10
    wallet = wallets.balance(alice.organisation.pk, True)
    assert (wallet.available, wallet.reserved) == (0, 100)
    assert proof.prove(alice.organisation.pk).holds


def test_fifty_posts_under_one_idempotency_key_are_one_film_and_fifty_equal_bodies(
    site: str, alice: Customer
) -> None:
    def order(_: int) -> tuple[int, bytes, bool]:
        headers = {"Authorization": bearer(alice), "Idempotency-Key": "storm"}
        answer = post(site, "/api/v1/generations", {**FILM, "prompt": _SLOW}, **headers)
        return answer.status_code, answer.content, "Idempotent-Replayed" in answer.headers

    answers = at_once(order)
    assert {(status, body) for status, body, _ in answers} == {answers[0][:2]}
    assert answers[0][0] == 202
    assert Counter(replayed for _, _, replayed in answers) == {True: 49, False: 1}
    assert orders_of(alice) == 1
    assert wallets.balance(alice.organisation.pk, True).available == 90


def test_one_key_with_fifty_bodies_is_the_first_film_and_49_refusals(
    site: str, alice: Customer
) -> None:
    def order(number: int) -> tuple[int, str]:
        headers = {"Authorization": bearer(alice), "Idempotency-Key": "one"}
        body = {**FILM, "prompt": f"{_SLOW} {number}"}
        answer = post(site, "/api/v1/generations", body, **headers)
        return answer.status_code, answer.json().get("code", "")

    assert Counter(at_once(order)) == {(202, ""): 1, (422, "idempotency_key_reused"): 49}
    assert orders_of(alice) == 1
    assert wallets.balance(alice.organisation.pk, True).available == 90


def test_fifty_posts_with_one_external_id_are_one_task(site: str, alice: Customer) -> None:
    body = {"model_name": "kling-v1", "prompt": _SLOW, "external_task_id": "mine-1"}

    def order(_: int) -> tuple[int, str]:
        answer = post(site, "/kling/v1/videos/text2video", body, Authorization=bearer(alice))
        return answer.status_code, answer.json()["data"]["task_id"]

    assert list(Counter(at_once(order)).values()) == [50]
    assert orders_of(alice) == 1
    assert wallets.balance(alice.organisation.pk, True).available == 90


def test_fifty_orders_with_one_quote_are_one_film(site: str, alice: Customer) -> None:
    film = {**FILM, "prompt": _SLOW}
    quote = post(site, "/api/v1/quotes", film, Authorization=bearer(alice)).json()["id"]

    def order(_: int) -> tuple[int, str]:
        body = {**film, "quote_id": quote}
        answer = post(site, "/api/v1/generations", body, Authorization=bearer(alice))
        return answer.status_code, answer.json().get("code", "")

    assert Counter(at_once(order)) == {(202, ""): 1, (409, "quote_used"): 49}
    assert orders_of(alice) == 1
    assert wallets.balance(alice.organisation.pk, True).available == 90
