"""Requests a minute of an address: of strangers, of keys that open nothing, and of all together.

In a product of its own, behind a proxy of ours that says where each request comes from.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
import requests

from tests.generations.programs import FILM
from tests.stack import Stack

ADDRESS, REFUSED = 2, 1
# What each door answers who shows no key, where it asks for one, and which limit holds them there.
DOORS = [
    ("/api/v1/wallet", "rate_limited", ADDRESS),
    ("/kling/v1/videos/text2video", 1302, ADDRESS),
    ("/segmind/v1/get-user-credits", None, ADDRESS),
    ("/llmprovider/v1/videos/text2video/x", "rate_limited", REFUSED),
    ("/openai/v1/videos", "rate_limited", REFUSED),
]
_last = count(1)


@pytest.fixture(scope="module")
def product() -> Iterator[Stack]:
    stack = Stack(
        RATE_LIMIT_ADDRESS=str(ADDRESS), RATE_LIMIT_REFUSED=str(REFUSED), TRUSTED_PROXIES="1"
    )
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture
def key(product: Stack) -> str:
    return str(product.facts["test_key"])


def fresh() -> str:
    """An address that nothing was sent from."""
    return f"198.51.100.{next(_last)}"


@pytest.fixture
def here() -> str:
    return fresh()


def get(product: Stack, path: str, address: str, key: str = "") -> requests.Response:
    proof = {"x-api-key": key} if "/segmind" in path else {"Authorization": f"Bearer {key}"}
    headers = {"X-Forwarded-For": address, **(proof if key else {})}
    return requests.get(product.site + path, headers=headers, timeout=60)


def counted(answer: requests.Response) -> list[str]:
    """The limits that held it, as its answer names them."""
    return answer.headers.get("RateLimit-Policy", "").split(", ")


def policy(rate: int) -> str:
    return f'"address";q={rate};w=60'


def is_refused(answer: requests.Response, code: Any, rate: int) -> bool:
    """With that code of the door's own, and when to come again: one comes back in its share."""
    told = answer.json()
    inner = told.get("error")
    found = (told.get("code"), inner.get("code") if isinstance(inner, dict) else None)
    return (
        answer.status_code == 429
        and (code is None or code in found)
        and policy(rate) in counted(answer)
        and 1 <= int(answer.headers["Retry-After"]) <= 60 / rate
    )


@pytest.mark.parametrize(("path", "code", "rate"), DOORS)
def test_who_shows_no_key_is_held_by_their_address(
    product: Stack, here: str, path: str, code: object, rate: int
) -> None:
    for _ in range(rate):
        answer = get(product, path, here)
        assert (answer.status_code, counted(answer)) == (401, [policy(rate)])
    assert is_refused(get(product, path, here), code, rate)
    assert get(product, path, fresh()).status_code == 401  # elsewhere nothing was sent yet


def test_the_public_list_of_models_is_held_by_the_readers_address(
    product: Stack, key: str, here: str
) -> None:
    for _ in range(ADDRESS):
        assert get(product, "/api/v1/models", here).status_code == 200
    assert is_refused(get(product, "/api/v1/models", here), "rate_limited", ADDRESS)
    assert is_refused(get(product, "/api/v1/models", here, key), "rate_limited", ADDRESS)


@pytest.mark.parametrize(("path", "code", "_rate"), DOORS)
def test_keys_that_open_nothing_are_held_sooner_and_keep_no_good_one_out(
    product: Stack, key: str, here: str, path: str, code: object, _rate: int
) -> None:
    wrong = [f"{key[:-1]}{letter}" for letter in "abcdef" if not key.endswith(letter)]
    for guess in wrong[:REFUSED]:
        answer = get(product, path, here, guess)
        assert (answer.status_code, counted(answer)) == (401, [policy(REFUSED)])
    assert is_refused(get(product, path, here, wrong[-1]), code, REFUSED)
    good = get(product, path, here, key)
    assert good.status_code in (200, 404)
    assert policy(ADDRESS) in counted(good)


@pytest.mark.parametrize(("path", "code", "_rate"), DOORS)
def test_all_that_good_keys_send_from_an_address_is_counted_together(
    product: Stack, key: str, here: str, path: str, code: object, _rate: int
) -> None:
    for sent in range(ADDRESS):
        answer = get(product, path, here, key)
        assert answer.status_code in (200, 404)
        assert f'"address";r={ADDRESS - 1 - sent};t=' in answer.headers["RateLimit"]
    assert is_refused(get(product, path, here, key), code, ADDRESS)
    for other, its_code, _rate_there in DOORS:
        assert is_refused(get(product, other, here, key), its_code, ADDRESS)
    assert get(product, path, fresh(), key).status_code in (200, 404)


def test_a_refused_order_moves_nothing(product: Stack, key: str, here: str) -> None:
    def wallet() -> Any:
        return get(product, "/api/v1/wallet", fresh(), key).json()

    before = wallet()
    for _ in range(ADDRESS):
        get(product, "/api/v1/wallet", here, key)
    order = requests.post(
        f"{product.site}/api/v1/generations",
        json=FILM,
        headers={"X-Forwarded-For": here, "Authorization": f"Bearer {key}"},
        timeout=60,
    )
    assert is_refused(order, "rate_limited", ADDRESS)
    assert wallet() == before
