"""Where developers begin: figures of what programs did, and a quickstart that ticks itself."""

from __future__ import annotations

import re

from django.test import Client

from accounts.scopes import ALL
from tests.accounts.receiving import Receiver, endpoint
from tests.accounts.test_log_pages import developer, page
from tests.generations.programs import FILM, Program, funded, settled
from tests.people import Customer
from tests.waiting import until


def test_the_overview_adds_up_what_programs_did(alice: Customer, api: Program) -> None:
    web = developer(alice)
    assert "No call was refused or failed." in page(web, "/dev/")
    for _again in range(2):
        assert api.post("/generations", {**FILM, "model": "kling-v9"}).status_code == 422
    made = api.post("/generations", FILM).json()
    settled(api, made["id"])
    told = until(
        lambda: "<dd>10</dd>" in (it := page(web, "/dev/")) and "2 calls" in it and it,
        what="the calls on the overview",
    )
    assert "status=422&method=POST&path=/api/v1/generations" in told
    assert "10 credits this month" in told
    assert "answered 4xx" in told
    assert "<dd>0</dd>" in page(developer(alice, "live"), "/dev/")


def _ticked(web: Client) -> int:
    steps = web.get("/dev/quickstart", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in steps
    return steps.count('class="done"')


def test_the_quickstart_ticks_itself_and_has_the_readers_own_key(
    alice: Customer, api: Program, server: Receiver
) -> None:
    newcomer = developer(funded("newcomer"))
    assert "ksk_test_…" in page(newcomer, "/dev/quickstart")
    web = developer(alice)
    assert _ticked(web) == 1
    made = web.post("/dev/keys", {"name": "mine"}).content.decode()
    key = made.partition('id="new-key">')[2].partition("<")[0]
    answer = web.get("/dev/quickstart")
    assert key in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    api.post("/generations", FILM)
    until(lambda: _ticked(web) == 2, what="the tick of the first call")
    hook = endpoint(api, f"{server.address}/a", "generation.*")
    web.post(f"/dev/webhooks/{hook['id']}/test")
    until(lambda: _ticked(web) == 3, what="the tick of the webhook")
    assert "hx-get" not in web.get("/dev/quickstart").content.decode().partition('id="steps"')[2]


def test_usage_is_drawn_by_what_spent_it_and_limits_say_what_is_left(
    alice: Customer, api: Program
) -> None:
    web = developer(alice)
    assert "Nothing was ordered in this month." in page(web, "/dev/usage")
    settled(api, api.post("/generations", FILM).json()["id"])
    said = api.post("/generations", {**FILM, "mode": "pro"})
    settled(api, said.json()["id"])
    told = page(web, "/dev/usage", by="key")
    assert "<dd>45</dd>" in told
    assert "45 test (…" in told
    assert 'href="/dev/logs?credential=key%3A' in told
    assert "By model" in told
    assert web.get("/dev/usage", {"period": "soon"}).status_code == 422
    assert "Nothing was ordered" in page(developer(alice, "live"), "/dev/usage")

    (key,) = api.get("/keys", params={"limit": 1}).json()["data"]
    terms = {"terms": "1", "name": "test", "scopes": sorted(ALL), "requests_per_minute": "600"}
    assert web.post(f"/dev/keys/{key['id']}", terms).status_code == 302

    def left() -> int:
        told = api.get("/wallet").headers.get("RateLimit", "")
        return int(told.partition("r=")[2].partition(";")[0] or 0)

    seen = until(left, what="the rate that was set")
    meters = page(web, "/dev/limits")
    assert "600</strong> a minute" in meters
    counted = re.findall(r"(\d+) used, (\d+) left", meters)
    assert [int(used) + int(rest) for used, rest in counted] == [600]
    assert seen <= int(counted[0][1]) <= 600
    assert "0 being made, 0 waiting for their turn" in meters
