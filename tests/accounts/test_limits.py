"""Requests a minute: exactly as many as promised, however many processes count them."""

from __future__ import annotations

import secrets
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import requests
from django.conf import settings as product
from django.db import connection

from accounts import limits, tenancy
from accounts.limits import Limit
from accounts.models import ApiKey, Organisation
from tests.accounts.test_scopes import send
from tests.generations.programs import FILM, native
from tests.people import Customer, customer
from tests.waiting import until

_ASKER = """
import sys, psycopg
link = psycopg.connect(sys.argv[1], autocommit=True)
print("ready", flush=True)
sys.stdin.readline()
ask = "SELECT admitted FROM accounts_take(%s, %s)"
own = ["own:" + sys.argv[3], sys.argv[2]]
print(sum(link.execute(ask, [own, [4, 5]]).fetchone()[0] for _ in range(3)))
"""


def test_eight_processes_are_admitted_exactly_the_number() -> None:
    """Of five a minute one comes back in twelve seconds, long after all have asked."""
    shared = secrets.token_hex(8)
    askers = [
        subprocess.Popen(
            [sys.executable, "-c", _ASKER, product.DATABASE_URL, shared, f"{shared}-{n}"],
            text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for n in range(8)
    ]  # fmt: skip
    for asker in askers:
        assert asker.stdout
        assert asker.stdout.readline() == "ready\n"
    admitted = [int(asker.communicate("go\n", timeout=60)[0]) for asker in askers]
    assert sum(admitted) == 5


def test_what_one_limit_refuses_is_counted_against_no_other() -> None:
    mine, ours = (secrets.token_hex(8) for _ in range(2))
    narrow, wide = Limit("key", mine, 1), Limit("organisation", ours, 3)
    assert limits.take([narrow, wide])[1] is None
    for _ in range(5):
        left, refusal = limits.take([narrow, wide])
        assert refusal is not None
        assert (refusal.facts["limit"]["name"], refusal.facts["retry_after"]) == ("key", 60)
        assert [one.left for one in left] == [0, 2]
    assert limits.take([wide])[1] is None


def test_a_count_that_is_whole_again_is_forgotten() -> None:
    name = secrets.token_hex(8)
    limits.take([Limit("key", name, 1)])
    with psycopg.connect(product.DATABASE_OWNER_URL, autocommit=True) as owner:
        for age, rows in (("30 seconds", 1), ("2 minutes", 0)):
            owner.execute(
                "UPDATE accounts_rate SET tat = now() - %s::interval WHERE subject = %s",
                [age, name],
            )
            limits.forget_old()
            found = owner.execute("SELECT FROM accounts_rate WHERE subject = %s", [name])
            assert found.rowcount == rows


def test_a_count_that_is_forgotten_in_the_moment_it_is_asked_for_begins_anew() -> None:
    name = secrets.token_hex(8)
    limits.take([Limit("key", name, 2)])

    def taken() -> int:
        try:
            (left,), refusal = limits.take([Limit("key", name, 2)])
            assert refusal is None
            return left.left
        finally:
            connection.close()

    def waits() -> bool:
        with connection.cursor() as cursor:
            waiting = "SELECT FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))"
            cursor.execute(waiting, [owner.info.backend_pid])
            return cursor.rowcount == 1

    with psycopg.connect(product.DATABASE_OWNER_URL) as owner, ThreadPoolExecutor(1) as threads:
        owner.execute("DELETE FROM accounts_rate WHERE subject = %s", [name])
        asked = threads.submit(taken)
        until(waits, what="that it waits for what is being forgotten")
        owner.commit()
        assert asked.result(60) == 1


def limited(rate: int) -> Customer:
    alice = customer()
    with tenancy.scope(alice.organisation.pk):
        Organisation.objects.update(requests_per_minute=rate)
    return alice


def test_an_organisation_hears_what_is_left_and_when_to_come_again(site: str) -> None:
    alice = limited(3)
    api = native(site, alice.test_key)
    for left in (2, 1, 0):
        answer = api.get("/wallet")
        assert answer.headers["RateLimit-Policy"] == '"organisation";q=3;w=60'
        assert answer.headers["RateLimit"].startswith(f'"organisation";r={left};t=')
    refused = api.get("/wallet")
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert 1 <= int(refused.headers["Retry-After"]) <= 20
    assert refused.json()["retry_after"] == int(refused.headers["Retry-After"])
    assert refused.json()["retryable"] is True
    assert native(site, alice.live_key).get("/wallet").ok  # the other mode is counted apart


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/v1/generations", "rate_limited"),
        ("/kling/v1/videos/text2video", 1302),
        ("/llmprovider/v1/videos/text2video/x", "rate_limited"),
        ("/segmind/v1/get-user-credits", None),
    ],
)
def test_every_dialect_refuses_in_its_own_words(site: str, path: str, code: object) -> None:
    alice = limited(1)
    send(site, alice.test_key, "GET", path, None)
    refused = send(site, alice.test_key, "GET", path, None)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    told = refused.json()
    assert code in (told.get("code"), (told.get("error") or {}).get("code") if code else None)


def test_a_key_has_a_limit_of_its_own_and_a_refused_order_moves_nothing(site: str) -> None:
    alice = customer()
    with tenancy.scope(alice.organisation.pk):
        ApiKey.objects.filter(livemode=False).update(requests_per_minute=1)
    api = native(site, alice.test_key)
    assert api.get("/generations").headers["RateLimit-Policy"] == '"key";q=1;w=60'
    assert api.post("/generations", FILM).status_code == 429
    with tenancy.scope(alice.organisation.pk):
        ApiKey.objects.filter(livemode=False).update(requests_per_minute=None)
    page = until(lambda: api.get("/generations").json(), what="a page")
    assert until(lambda: api.get("/generations").ok, what="the limit is lifted")
    assert page.get("data", []) == []


def test_a_held_call_is_one_request_however_often_it_is_looked_after(site: str) -> None:
    from billing import wallets

    alice = limited(3)
    wallets.ensure(alice.organisation)
    api, asked = native(site, alice.test_key), {"Prefer": "wait=60", "Idempotency-Key": "once"}
    for again in (None, "true"):
        made = api.post("/generations", FILM, headers=asked)
        assert (made.status_code, made.json()["status"]) == (200, "succeeded")
        assert made.headers["RateLimit"].startswith('"organisation";r=')
        assert made.headers.get("Idempotent-Replayed") == again
    assert api.get("/wallet").ok


def test_no_client_can_pass_for_the_waiting_room(site: str) -> None:
    alice = limited(1)
    forged = {"Authorization": f"Bearer {alice.test_key}", "X-Kling-Inner": ";forged"}
    answers = [requests.get(f"{site}/api/v1/wallet", headers=forged, timeout=60) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert all(answer.headers["X-Request-Id"] != "forged" for answer in answers)
