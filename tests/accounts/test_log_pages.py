"""The pages of the request log: what a program did, found again, in full and without secrets."""

from __future__ import annotations

import html
import time
from typing import Any

import pytest
from django.test import Client

from tests.generations.programs import FILM, Program, funded, native, settled
from tests.people import Customer
from tests.waiting import until

_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def developer(person: Customer, mode: str = "test") -> Client:
    """Signed in, in that mode."""
    web = Client(headers={"Host": "127.0.0.1"})
    web.force_login(person.user, backend=_BACKEND)
    web.post("/app/mode", {"mode": mode})
    return web


def page(web: Client, address: str, **asked: Any) -> str:
    """What it says."""
    answer = web.get(address, asked)
    assert answer.status_code == 200, address
    return html.unescape(answer.content.decode())


@pytest.fixture
def alice() -> Customer:
    return funded()


@pytest.fixture
def program(site: str, alice: Customer) -> Program:
    return native(site, alice.test_key)


def test_a_call_is_in_the_log_two_seconds_later_in_full_and_masked(
    alice: Customer, program: Program
) -> None:
    web = developer(alice)
    hook = program.post("/webhooks", {"url": "http://127.0.0.1:9/", "events": ["generation.*"]})
    assert hook.status_code == 201
    made = program.post("/generations", FILM, headers={"Idempotency-Key": "of-monday"})
    since, name = time.monotonic(), made.headers["X-Request-Id"]
    until(lambda: name in page(web, "/dev/logs"), what="the call on the page")
    assert time.monotonic() - since < 2
    settled(program, made.json()["id"])
    told = "generation.succeeded owed to your webhook"
    until(lambda: told in page(web, f"/dev/logs/{name}"), what="what was owed, on the page")
    whole = page(web, f"/dev/logs/{name}")
    for words in (
        "202", "Accepted", "of-monday", f"/app/jobs/{made.json()['id']}", "10 credits",
        "Accepted, credits reserved", "Delivered, credits charged", "test (…", "***",
        "/dev/playground?model=kling-v1&prompt=A+paper+boat",
    ):  # fmt: skip
        assert words in whole, words
    assert alice.test_key not in whole


def test_calls_are_found_by_what_they_were_and_paged(alice: Customer, program: Program) -> None:
    web = developer(alice)
    wrong = program.post("/generations", {**FILM, "model": "kling-v9"})
    program.get("/wallet")
    gone = program.get("/generations/gen_nothing")
    last = gone.headers["X-Request-Id"]
    until(lambda: last in page(web, "/dev/logs"), what="the last call on the page")

    def found(**asked: Any) -> list[str]:
        told = page(web, "/dev/logs", **asked)
        calls = [wrong.headers["X-Request-Id"], last]
        return [name for name in calls if f"/dev/logs/{name}" in told]

    assert found(status="4xx") == [wrong.headers["X-Request-Id"], last]
    assert found(status="404") == [last]
    assert found(q="KLING-V9") == [wrong.headers["X-Request-Id"]]
    assert found(q=last) == [last]
    assert found(method="GET", path="/api/v1/gen") == [last]
    assert found(credential="key:0", q="kling") == []
    assert found(**{"from": "2099-01-01"}) == []
    assert found(after=last) == [wrong.headers["X-Request-Id"]]
    for broken in ({"status": "9xx"}, {"method": "LOOK"}, {"to": "soon"}):
        answer = web.get("/dev/logs", broken)
        assert (answer.status_code, b'role="alert"' in answer.content) == (422, True)


def test_a_followed_log_asks_for_its_rows_alone(alice: Customer, program: Program) -> None:
    web = developer(alice)
    assert 'hx-trigger="every' not in page(web, "/dev/logs")
    assert 'hx-trigger="every 2s"' in page(web, "/dev/logs", live="1")
    name = program.get("/wallet").headers["X-Request-Id"]
    rows = until(
        lambda: (told := page(web, "/dev/logs", live="1")) and name in told and told,
        what="the call in the followed log",
    )
    assert "<html" in rows
    alone = web.get("/dev/logs", {"live": "1"}, headers={"HX-Request": "true"}).content.decode()
    assert name in alone
    assert "<html" not in alone


def test_a_stranger_and_the_other_mode_see_nothing_of_it(alice: Customer, program: Program) -> None:
    name = program.get("/wallet").headers["X-Request-Id"]
    web = developer(alice)
    until(lambda: name in page(web, "/dev/logs"), what="the call on the page")
    for elsewhere in (developer(alice, "live"), developer(funded("mallory"))):
        assert name not in page(elsewhere, "/dev/logs")
        assert elsewhere.get(f"/dev/logs/{name}").status_code == 404
    assert web.get("/dev/logs/nonsense").status_code == 404
    assert web.get("/dev/logs", {"after": name[:-1]}).status_code == 404
