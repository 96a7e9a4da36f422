"""Many orders in one call: each outcome by itself or all together, and money exact either way."""

from __future__ import annotations

import base64
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from jsonschema import Draft202012Validator

from tests.generations.programs import FILM, Program, available, native, settled
from tests.generations.test_uploads import bomb
from tests.people import Customer

PATH = "/generations/batch"
WRONG = {**FILM, "duration": 7, "colour": "red"}


def orders(*prompts: str) -> list[dict[str, Any]]:
    return [{**FILM, "prompt": prompt} for prompt in prompts]


def conforms(site: str, told: dict[str, Any], name: str) -> None:
    document = requests.get(f"{site}/api/v1/schema", timeout=60).json()
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    Draft202012Validator(schema).validate(told)


def keyed(api: Program, key: str, body: dict[str, Any]) -> requests.Response:
    return api.post(PATH, body, headers={"Idempotency-Key": key})


def made(answer: requests.Response) -> list[str]:
    data = answer.json()["data"]
    return [each["generation"]["id"] for each in data if each["status"] == "accepted"]


def test_each_order_has_its_own_outcome(api: Program, alice: Customer, site: str) -> None:
    body = {"orders": [*orders("one"), WRONG, {**FILM, "max_cost": 5}, *orders("two")]}
    answer = api.post(PATH, body)
    assert answer.status_code == 202, answer.text
    told = answer.json()
    conforms(site, told, "Batch")
    assert (told["accepted"], told["refused"], told["credits"]) == (2, 2, 20)
    assert [(each["index"], each["status"]) for each in told["data"]] == [
        (0, "accepted"), (1, "refused"), (2, "refused"), (3, "accepted"),
    ]  # fmt: skip
    wrong, dear = (told["data"][place]["problem"] for place in (1, 2))
    assert {v["field"] for v in wrong["violations"]} == {"duration", "colour"}
    assert (dear["status"], dear["code"]) == (403, "cap_exceeded")
    assert available(alice) == 9980
    ends = [settled(api, each) for each in made(answer)]
    assert [end["status"] for end in ends] == ["succeeded", "succeeded"]
    assert [end["input"]["prompt"] for end in ends] == ["one", "two"]
    assert len(api.get("/generations").json()["data"]) == 2


def test_a_batch_whose_answer_was_lost_is_made_once(api: Program, alice: Customer) -> None:
    body = {"orders": [*orders("same", "same"), WRONG]}
    first, again = (keyed(api, "night", body) for _ in range(2))
    assert [a.status_code for a in (first, again)] == [202, 202]
    assert made(first) == made(again)
    assert len(set(made(first))) == 2
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    accepted = [each for each in again.json()["data"] if each["status"] == "accepted"]
    assert [each["replayed"] for each in accepted] == [True, True]
    assert available(alice) == 9980

    for other in ({"orders": orders("other")}, {"orders": body["orders"], "max_cost": 99}):
        refused = keyed(api, "night", other)
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    single = api.post("/generations", FILM, headers={"Idempotency-Key": "night"})
    assert single.json()["code"] == "idempotency_key_reused"
    assert available(alice) == 9980


@pytest.mark.parametrize("whole", [True, False])
def test_many_at_once_under_one_key_make_it_once(
    api: Program, site: str, alice: Customer, whole: bool
) -> None:
    body = {"orders": orders("a", "b", "c"), "all_or_nothing": whole}

    def send(_: int) -> requests.Response:
        return keyed(native(site, alice.test_key), "race", body)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({tuple(made(answer)) for answer in answers}) == 1
    assert available(alice) == 9970


def test_all_or_nothing_is_nothing_when_one_cannot_be_made(
    api: Program, alice: Customer, site: str
) -> None:
    body = {"orders": [*orders("one"), WRONG], "all_or_nothing": True}
    refused = keyed(api, "k", body)
    told = refused.json()
    assert (refused.status_code, told["code"], told["retryable"]) == (422, "batch_refused", False)
    assert refused.headers["Content-Type"] == "application/problem+json"
    conforms(site, told, "Problem")
    assert [each["index"] for each in told["data"]] == [1]
    assert told["data"][0]["problem"]["code"] == "invalid_request"
    assert available(alice) == 10_000
    assert api.get("/generations").json()["data"] == []
    corrected = keyed(api, "k", {**body, "orders": orders("one", "two")})  # the key is free
    assert corrected.json()["accepted"] == 2
    assert keyed(api, "k", {**body, "orders": orders("one", "two")}).json()["credits"] == 20
    assert available(alice) == 9980


def test_all_or_nothing_gives_back_what_was_held_when_credits_run_out(
    site: str, alice: Customer
) -> None:
    live = native(site, alice.live_key)
    entries = live.get("/ledger").json()
    pro = [{**FILM, "mode": "pro", "prompt": prompt} for prompt in ("one", "two")]  # 35 each of 60
    refused = keyed(live, "k", {"orders": pro, "all_or_nothing": True})
    told = refused.json()
    assert (refused.status_code, told["code"]) == (422, "batch_refused")
    assert [(each["index"], each["problem"]["code"]) for each in told["data"]] == [
        (1, "insufficient_credits")
    ]
    assert live.get("/ledger").json() == entries
    assert live.get("/generations").json()["data"] == []
    assert available(alice, livemode=True) == 60

    apart = keyed(live, "k", {"orders": pro}).json()
    assert [each["status"] for each in apart["data"]] == ["accepted", "refused"]
    assert apart["credits"] == 35
    assert available(alice, livemode=True) == 25


def test_max_cost_holds_for_all_of_them(api: Program, alice: Customer) -> None:
    body = {"orders": [*orders("one", "two"), WRONG], "max_cost": 19}
    for more in ({}, {"dry_run": True}, {"all_or_nothing": False}):
        told = api.post(PATH, {**body, **more})
        assert (told.status_code, told.json()["code"]) == (403, "cap_exceeded")
        assert (told.json()["credits"], told.json()["max_cost"]) == (20, 19)
    assert available(alice) == 10_000
    enough = {**body, "max_cost": 20}
    assert [keyed(api, "k", enough).json()["accepted"] for _ in range(2)] == [2, 2]
    assert available(alice) == 9980


def test_a_dry_run_checks_and_prices_and_moves_nothing(
    api: Program, alice: Customer, site: str
) -> None:
    body = {"orders": [*orders("one"), WRONG], "dry_run": True}
    told = keyed(api, "k", body).json()
    conforms(site, told, "BatchDryRun")
    assert (told["accepted"], told["refused"], told["credits"]) == (1, 1, 10)
    assert [each["status"] for each in told["data"]] == ["priced", "refused"]
    whole = api.post(PATH, {**body, "all_or_nothing": True})
    assert whole.json()["code"] == "batch_refused"
    assert available(alice) == 10_000
    assert api.get("/generations").json()["data"] == []
    assert keyed(api, "k", {"orders": orders("one")}).status_code == 202  # the key is free


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"orders"}),
        ({"orders": []}, {"orders"}),
        ({"orders": [FILM] * 51}, {"orders"}),
        ({"orders": [FILM, 1], "max_cost": 0, "colour": 1, "all_or_nothing": "yes"},
         {"orders[1]", "max_cost", "colour", "all_or_nothing"}),
    ],
)  # fmt: skip
def test_what_is_no_batch_is_refused_whole(
    api: Program, alice: Customer, body: dict[str, Any], fields: set[str]
) -> None:
    refused = api.post(PATH, body)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    assert {v["field"] for v in refused.json()["violations"]} == fields
    assert available(alice) == 10_000


def test_what_is_the_batchs_own_is_no_field_of_an_order(api: Program, alice: Customer) -> None:
    told = api.post(PATH, {"orders": [{**FILM, "dry_run": True}]}).json()
    assert told["data"][0]["problem"]["violations"][0]["field"] == "dry_run"
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]
    answer = keyed(api, "k", {"orders": [FILM, {**FILM, "prompt": deep}]})
    assert answer.status_code < 500
    assert available(alice) >= 9990


def test_an_end_users_token_orders_for_that_end_user_alone(api: Program, site: str) -> None:
    token = api.post("/tokens", {"end_user": "u1"}).json()["token"]
    browser = native(site, token)
    told = browser.post(PATH, {"orders": [*orders("mine"), {**FILM, "end_user": "u2"}]}).json()
    assert [each["status"] for each in told["data"]] == ["accepted", "refused"]
    assert told["data"][0]["generation"]["end_user"] == "u1"


def test_a_batch_of_which_nothing_was_accepted_leaves_its_key_free(
    site: str, alice: Customer
) -> None:
    live = native(site, alice.live_key)
    dear = [{**FILM, "mode": "pro", "duration": 10}]  # 70 of 60 credits
    refused = keyed(live, "k", {"orders": dear}).json()
    assert [each["problem"]["code"] for each in refused["data"]] == ["insufficient_credits"]
    mended = keyed(live, "k", {"orders": orders("a cheaper one")})
    assert mended.status_code == 202, mended.text
    assert [each["status"] for each in mended.json()["data"]] == ["accepted"]
    other = keyed(live, "k", {"orders": orders("another one")})
    assert other.json()["code"] == "idempotency_key_reused"
    assert available(alice, livemode=True) == 50


def test_a_picture_that_many_orders_name_is_looked_at_once_and_all_have_a_limit(
    api: Program, alice: Customer
) -> None:
    def moving(raw: bytes) -> dict[str, Any]:
        image = base64.b64encode(raw).decode()
        return {"model": "kling-v2-1", "prompt": "It moves", "image": image}

    def priced(raw: bytes, count: int) -> tuple[float, requests.Response]:
        began = time.monotonic()
        answer = api.post(PATH, {"orders": [moving(raw)] * count, "dry_run": True})
        return time.monotonic() - began, answer

    one, _ = priced(bomb(6301, 6300), 1)  # 39.7 million pixels in a few kB
    twenty, answer = priced(bomb(6300, 6300), 20)
    assert answer.status_code == 200, answer.text
    assert answer.json()["refused"] == 0
    named = {each["input"]["image"] for each in answer.json()["data"]}
    assert len(named) == 1
    assert twenty < 10 * one + 1, "all were decoded"

    others = [moving(bomb(6300 - n, 6300)) for n in range(8)]
    told = api.post(PATH, {"orders": others, "all_or_nothing": True})
    assert told.status_code == 422
    refused = told.json()["data"]
    assert [each["index"] for each in refused] == [6, 7]
    for each in refused:
        (violation,) = each["problem"]["violations"]
        assert (violation["field"], violation["code"]) == ("image", "too_large")
    assert available(alice) == 10_000
