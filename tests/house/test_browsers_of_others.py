"""Pages of other sites may call the doors that a key opens, and no page of ours."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from django.test import Client

from tests.generations import programs
from tests.generations.programs import FILM
from tests.stack import Stack

SHOP = "https://shop.example.org"
DOORS = (
    "/api/v1/generations", "/api/v1/wallet", "/kling/v1/videos/text2video",
    "/segmind/v1/kling-text2video", "/llmprovider/v1/videos/text2video", "/openai/v1/videos",
    "/v1/videos/text2video", "/v2/kling-text2video", "/account/costs", "/media/films/a.mp4",
)  # fmt: skip
PAGES = (
    "/", "/pricing", "/docs", "/accounts/login/", "/admin/", "/app/studio", "/billing/",
    "/dev/keys", "/healthz", "/callbacks/x", "/webhooks/stripe",
)  # fmt: skip


def preflight(site: str, path: str, **headers: str) -> requests.Response:
    asked = {
        "Origin": SHOP,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type, idempotency-key",
        **headers,
    }
    return requests.options(site + path, headers=asked, timeout=60, allow_redirects=False)


def cross_origin(answer: requests.Response) -> set[str]:
    return {name for name in answer.headers if name.startswith("access-control-")}


@pytest.mark.parametrize("path", DOORS)
def test_a_preflight_needs_no_key_and_promises_no_cookie(site: str, path: str) -> None:
    answer = preflight(site, path)
    assert (answer.status_code, answer.content) == (200, b"")
    told = answer.headers
    assert told["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in told
    allowed = told["access-control-allow-headers"].split(", ")
    asked = {"authorization", "content-type", "idempotency-key", "prefer", "if-none-match"}
    assert asked < set(allowed)
    assert "POST" in told["access-control-allow-methods"].split(", ")
    assert told["access-control-max-age"] == "7200"


def test_a_page_elsewhere_orders_with_an_end_users_token_and_reads_every_answer(site: str) -> None:
    alice = programs.funded()
    own = programs.native(site, alice.test_key)
    token = own.post("/tokens", {"end_user": "u1"}).json()["token"]
    browser = programs.native(site, token)
    browser.http.headers["Origin"] = SHOP
    made = browser.post("/generations", FILM, headers={"Prefer": "wait=60"})
    assert made.json()["status"] == "succeeded"
    refused = browser.post("/generations", {**FILM, "duration": 99})
    lost = browser.get("/generations/gen_none")
    nobody = requests.get(f"{site}/api/v1/wallet", headers={"Origin": SHOP}, timeout=60)
    large = requests.post(
        f"{site}/api/v1/uploads",
        headers={"Origin": SHOP, "Content-Length": str(10**9), "Content-Type": "multipart/x"},
        timeout=60,
    )
    statuses = [a.status_code for a in (made, refused, lost, nobody, large)]
    assert statuses == [200, 422, 404, 401, 413]
    for answer in (made, refused, lost, nobody, large):
        assert answer.headers["access-control-allow-origin"] == "*"
        exposed = answer.headers["access-control-expose-headers"].split(", ")
        assert {"RateLimit", "Retry-After", "ETag", "X-Request-Id", "Location", "X-Cost"} < {
            *exposed
        }
    film = requests.get(made.json()["video"]["url"], headers={"Origin": SHOP}, timeout=60)
    assert (film.status_code, film.headers["access-control-allow-origin"]) == (200, "*")


@pytest.mark.parametrize("path", PAGES)
def test_no_page_says_a_word_to_other_sites(site: str, path: str) -> None:
    assert cross_origin(preflight(site, path)) == set()
    asked = requests.get(site + path, headers={"Origin": SHOP}, timeout=60, allow_redirects=False)
    assert cross_origin(asked) == set()


def test_a_session_opens_no_door_of_programs(site: str) -> None:
    alice = programs.funded()
    browser = Client()
    browser.force_login(alice.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    session = {name: morsel.value for name, morsel in browser.cookies.items()}
    page = requests.get(f"{site}/app/jobs", cookies=session, timeout=60, allow_redirects=False)
    assert page.status_code == 200  # the session is good
    before = programs.available(alice, livemode=True)
    for path in ("/api/v1/wallet", "/api/v1/generations", "/openai/v1/videos"):
        read = requests.get(site + path, cookies=session, headers={"Origin": SHOP}, timeout=60)
        assert read.status_code == 401, path
    made = requests.post(
        f"{site}/api/v1/generations",
        json=FILM, cookies=session, headers={"Origin": SHOP}, timeout=60,
    )  # fmt: skip
    assert made.status_code == 401
    assert programs.available(alice, livemode=True) == before


@pytest.fixture(scope="module")
def choosy() -> Iterator[Stack]:
    """A product that one other site may call."""
    stack = Stack(CORS_ORIGINS=SHOP)
    stack.start()
    yield stack
    stack.stop()


def test_an_operator_may_name_the_sites(choosy: Stack) -> None:
    known = preflight(choosy.site, "/api/v1/generations")
    assert known.headers["access-control-allow-origin"] == SHOP
    other = preflight(choosy.site, "/api/v1/generations", Origin="https://elsewhere.example.org")
    assert cross_origin(other) == set()
