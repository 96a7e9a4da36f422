"""Upstreams that are dead, empty, shut or in a hurry: films come from the next one, or later."""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from accounts import tenancy
from generations import attempts, late, routing
from generations.catalogue import registry
from generations.models import (
    Alarm,
    AlarmKind,
    Attempt,
    Breaker,
)
from generations.providers import alarms, health
from kling_saas import admin_home, doctor
from tests.generations.programs import Program, available, funded, native, settled
from tests.sandbox.upstream import Upstream
from tests.selling import MODEL, PRICE, Seller, seen_by_all
from tests.serving import Quiet, serving
from tests.stack import Stack
from tests.waiting import until

HURRY = 2  # seconds in Retry-After


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Upstream]:
    """An upstream of the test's own, which may be killed."""
    found = Upstream(tmp_path)
    yield found
    found.kill()


def order(program: Program, **more: Any) -> str:
    body = {"model": MODEL, "prompt": f"A kite {secrets.token_hex(4)}", **more}
    answer = program.post("/generations", body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def trail(*films: str) -> list[tuple[str, str, str]]:
    """Account, outcome and reason of every try."""
    with tenancy.system("a test looks at every tenant"):
        rows = Attempt.objects.filter(generation__public_id__in=films).order_by("started_at")
        return list(rows.values_list("account__name", "outcome", "reason"))


def test_with_one_upstream_dead_films_come_from_the_next_at_the_same_price(
    site: str, sell: Seller, mortal: Upstream
) -> None:
    first, second = sell(f"http://127.0.0.1:{mortal.port}/kling"), sell()
    alice = funded()
    program = native(site, alice.test_key)
    assert settled(program, order(program))["status"] == "succeeded"
    mortal.kill()

    films = [order(program) for _ in range(25)]
    ended = [settled(program, film) for film in films]
    assert Counter(film["status"] for film in ended) == {"succeeded": 25}
    assert {film["credits"]["charged"] for film in ended} == {PRICE}
    assert available(alice) == 10_000 - 26 * PRICE
    tries = Counter(trail(*films))
    assert tries[second.name, "accepted", ""] == 25
    assert set(tries) == {(second.name, "accepted", ""), (first.name, "not_sent", "")}
    breaker = Breaker.objects.get(account=first, model=MODEL)
    assert breaker.state != "closed"
    assert "ConnectError" in breaker.reason

    mortal.start()

    def back() -> bool:
        film = order(program)
        settled(program, film)
        return (first.name, "accepted", "") in trail(film)

    until(back, seconds=60, what="the first upstream's return")
    breaker.refresh_from_db()
    assert breaker.state == "closed"


def test_a_model_that_its_only_upstream_no_longer_makes_is_told_to_operators_and_not_sold(
    site: str, sell: Seller
) -> None:
    only = sell()
    alice = funded()
    program = native(site, alice.test_key)
    film = settled(program, order(program, prompt="A kite fail:discontinued"))
    assert film["error"]["code"] == "no_provider"
    assert available(alice) == 10_000

    assert routing.refused().get(account=only).until is None
    (alarm,) = Alarm.objects.filter(kind="refused", subject=f"{only.name} {MODEL}")
    assert "discontinued" in alarm.message
    (stopped,) = (f for f in admin_home.figures() if f.label == "models stopped")
    assert stopped.bad
    assert "refused by their upstream" in stopped.words
    routing.forget()
    assert not routing.makes(registry.get(MODEL), livemode=False)

    def refused() -> dict[str, Any] | None:
        answer = program.post("/generations", {"model": MODEL, "prompt": "A kite"})
        told = {**answer.json(), "retry_after": answer.headers.get("Retry-After")}
        return told if answer.status_code == 503 else None

    told = until(refused, seconds=5, what="the refusal of a model nobody makes")
    assert (told["code"], told["retry_after"]) == ("no_provider", "60")
    assert told["detail"].startswith(f"No service can make this {MODEL} film at the moment;")


def test_a_product_that_an_upstream_closed_stops_no_films_of_its_model(
    site: str, sell: Seller
) -> None:
    only = sell()
    program = native(site, funded().test_key)
    many = {"task": "multi-image2video", "images": ["https://example.com/a.png"]}
    closed = {**many, "prompt": "They meet fail:discontinued"}
    made = settled(program, program.post("/generations", closed).json()["id"])
    assert made["error"]["code"] == "no_provider"
    (refused,) = routing.refused().filter(account=only)
    assert refused.model == f"multi-image2video {MODEL}"
    seen_by_all()
    film = order(program)
    assert settled(program, film)["status"] == "succeeded"
    assert trail(film) == [(only.name, "accepted", "")]
    learned = Breaker.objects.filter(account=only).values_list("model", flat=True)
    assert set(learned) == {MODEL, f"multi-image2video {MODEL}"}


def test_the_doctor_names_the_models_that_no_account_makes(sell: Seller) -> None:
    told = [found.sentence for found in doctor.examine() if found.subject == "models"]
    assert told == [f"no account in service can make {MODEL}: see /admin/"]


def test_with_all_dead_jobs_wait_and_everything_is_given_back_at_their_deadline(
    site: str, sell: Seller
) -> None:
    dead = [sell("http://127.0.0.1:1"), sell("http://127.0.0.1:1")]
    alice = funded()
    program = native(site, alice.test_key)
    films = [order(program, deadline=8) for _ in range(30)]
    ended = [settled(program, film) for film in films]

    assert {(film["status"], film["error"]["code"]) for film in ended} == {("failed", "deadline")}
    assert all(film["error"]["retryable"] for film in ended)
    assert available(alice) == 10_000
    sent = Counter(name for name, _, _ in trail(*films))
    for account in dead:  # normal traffic would be 30 creates
        assert sent[account.name] <= 33, sent
    with tenancy.system("a test looks at every tenant"):
        again = Attempt.objects.filter(account__in=dead, retry=True).count()
    assert again <= 2 * 0.1 * 30 + 2 * 5  # the budget and its reserve, of both


def test_jobs_wait_for_an_upstream_that_comes_back(
    site: str, sell: Seller, mortal: Upstream
) -> None:
    sell(f"http://127.0.0.1:{mortal.port}/kling")
    mortal.kill()
    alice = funded()
    program = native(site, alice.test_key)
    films = [order(program) for _ in range(12)]
    until(lambda: len(trail(*films)) >= 10, what="the first tries")
    mortal.start()
    ended = [settled(program, film) for film in films]
    assert {film["status"] for film in ended} == {"succeeded"}
    assert available(alice) == 10_000 - 12 * PRICE
    rows = mortal.http.get("/_audit").json()["creates"]
    assert [row["created"] for row in rows if row["label"].startswith("external:gen_")] == [1] * 12


def test_a_wrong_key_disables_the_account_and_the_jobs_wait_for_the_operator(
    site: str, sell: Seller
) -> None:
    account = sell(credential="bad-key")
    alice = funded()
    program = native(site, alice.test_key)
    film = order(program)

    def disabled() -> str:
        account.refresh_from_db()
        return account.disabled_because

    assert until(disabled, seconds=60, what="the third refusal").startswith("auth: ")
    rings = Alarm.objects.filter(kind="credential", subject=account.name)
    alarm = until(lambda: rings.filter(count=3).first(), what="the third ring")
    assert alarm.resolved_at is None
    seen = program.get(f"/generations/{film}").json()
    assert seen["status"] in ("queued", "processing")
    assert seen["error"] is None
    tries = trail(film)
    assert set(tries) == {(account.name, "rejected", "auth")}

    account.set_credential("sandbox-key")
    account.save(update_fields=["sealed_credential"])
    health.back_in_service(account)
    assert settled(program, film)["credits"]["charged"] == PRICE
    assert trail(film)[len(tries) :] == [(account.name, "accepted", "")]


def test_an_empty_account_is_the_operators_alarm_and_never_the_customers(
    site: str, sell: Seller
) -> None:
    empty = sell(credential="empty-key-0123")
    alice = funded()
    program = native(site, alice.test_key)
    lone = settled(program, order(program, deadline=4))
    assert (lone["status"], lone["error"]["code"]) == ("failed", "deadline")
    assert "balance" not in str(lone).lower()
    assert "insufficient" not in str(lone).lower()
    assert available(alice) == 10_000
    assert Alarm.objects.get(kind="balance", subject=empty.name).count >= 1
    empty.refresh_from_db()
    assert (empty.disabled_because, empty.paused_until is not None) == ("", True)

    full = sell()
    film = order(program)
    assert settled(program, film)["credits"]["charged"] == PRICE
    assert trail(film)[-1] == (full.name, "accepted", "")


class Gate:
    """Before the sandbox: refuses the first creates by 429, or passes them on and tells nothing."""

    def __init__(self) -> None:
        self.url, self.refuses, self.silent = "", 0, False
        self.creates: list[float] = []
        self.asked: set[str] = set()
        self.answers = threading.Event()  # while not set, questions are heard and not answered
        self.answers.set()


@pytest.fixture
def gate(stack: Stack) -> Iterator[Gate]:
    made = Gate()

    class Handler(Quiet):
        def post(self) -> None:
            made.creates.append(time.monotonic())
            body = self.body()
            if len(made.creates) <= made.refuses:
                self._say(429, b'{"code":1302,"message":"Too many requests"}')
            else:
                self._pass_on(body)

        def get(self) -> None:
            made.asked.add(self.path)
            made.answers.wait()
            if made.silent:
                self._say(503, b"")
            else:
                self._pass_on(b"")

        def _pass_on(self, body: bytes) -> None:
            there = f"{stack.sandbox}/kling{self.path}"
            keep = {"authorization": self.headers["authorization"]}
            answer = httpx.request(self.command, there, content=body, headers=keep)
            if not made.silent:
                self._say(answer.status_code, answer.content)

        def _say(self, status: int, content: bytes) -> None:
            self.answer(status, content, Retry_After=str(HURRY))

    with serving(Handler) as made.url:
        yield made
        made.answers.set()


def test_retry_after_is_waited_for_and_burns_no_try(site: str, sell: Seller, gate: Gate) -> None:
    gate.refuses = 2
    account = sell(gate.url)
    program = native(site, funded().test_key)
    film = order(program)
    assert settled(program, film)["status"] == "succeeded"
    first, second, third = gate.creates
    assert second - first >= HURRY - 0.1
    assert third - second >= HURRY - 0.1
    assert trail(film) == [
        (account.name, "rejected", "rate"),
        (account.name, "rejected", "rate"),
        (account.name, "accepted", ""),
    ]


def test_a_film_that_was_made_in_silence_is_found_and_given_free(
    site: str, sell: Seller, gate: Gate
) -> None:
    gate.silent = True
    account = sell(gate.url)
    alice = funded()
    program = native(site, alice.test_key)
    film = order(program, deadline=4)
    ended = settled(program, film)
    assert (ended["status"], ended["error"]["code"]) == ("failed", "upstream_unknown")
    assert trail(film) == [(account.name, "abandoned", "")]
    assert Alarm.objects.filter(kind="suspense", subject=f"{film}-1").count() == 1
    gate.silent = False

    def given() -> object:
        late.run()
        return program.get(f"/generations/{film}").json()["video"]

    assert until(given, seconds=60, what="the late film")
    assert len(gate.creates) == 1
    assert available(alice) == 10_000
    assert f"{film}-1" not in alarms.ringing(AlarmKind.SUSPENSE)
    with tenancy.system("an operator looks"):
        assert not attempts.in_suspense().filter(generation__public_id=film).exists()


def test_an_upstream_that_leaves_questions_open_delays_nobody_elses_film(
    site: str, sell: Seller, gate: Gate
) -> None:
    gate.answers.clear()
    account = sell(gate.url)
    alice = funded()
    program = native(site, alice.test_key)
    hung = [order(program) for _ in range(6)]
    until(lambda: len(gate.creates) == 6, what="the hand-over")
    until(lambda: len(gate.asked) == 6, what="the first questions")
    quick = {"model": "kling-v1", "prompt": "A kite"}
    began = time.monotonic()
    for _ in range(3):
        film = settled(program, program.post("/generations", quick).json()["id"])
        assert film["status"] == "succeeded"
    assert time.monotonic() - began < 20  # one question is waited for 30 s
    gate.answers.set()
    assert {settled(program, film)["status"] for film in hung} == {"succeeded"}
    assert set(trail(*hung)) == {(account.name, "accepted", "")}
