"""Ordering and following films over the native API."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import requests
from django.utils import timezone

from accounts import tenancy
from accounts.actors import Actor
from generations import access, submission
from generations.models import Generation
from generations.submission import Submission
from tests.generations.programs import FILM, Program, available, native, settled
from tests.people import Customer
from tests.waiting import until


def test_a_film_is_accepted_held_made_and_charged(api: Program, alice: Customer) -> None:
    answer = api.post("/generations", {**FILM, "reference": "order 7", "metadata": {"a": "b"}})
    made = answer.json()

    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/api/v1/generations/{made['id']}"
    assert made["status"] == "queued"
    assert made["credits"] == {"quoted": 10, "held": 10, "charged": None}
    assert (made["reference"], made["metadata"]) == ("order 7", {"a": "b"})

    film = settled(api, made["id"])
    assert film["status"] == "succeeded"
    assert film["credits"] == {"quoted": 10, "held": 0, "charged": 10}
    assert 4.9 < film["video"]["duration"] < 5.2
    assert available(alice) == 9990

    content = api.get(f"/generations/{made['id']}/content")
    assert content.status_code == 302
    stored = requests.get(content.headers["Location"], timeout=60)
    assert len(stored.content) == film["video"]["bytes"]


def test_prefer_wait_answers_with_the_finished_film(api: Program) -> None:
    answer = api.post("/generations", FILM, headers={"Prefer": "respond-async, wait=60"})

    assert answer.status_code == 200
    assert answer.json()["status"] == "succeeded"
    assert answer.headers["Preference-Applied"] == "wait=60"
    assert not [name for name in answer.headers if name.lower().startswith("x-kling")]


def test_a_look_waits_as_an_order_does(api: Program) -> None:
    wait = {"headers": {"Prefer": "wait=60"}}
    made = api.post("/generations", {**FILM, "prompt": "slow:2 A snail"}).json()
    place = f"/generations/{made['id']}"
    seen = api.get(place, **wait)
    assert (seen.status_code, seen.json()["status"]) == (200, "succeeded")
    assert seen.headers["Preference-Applied"] == "wait=60"
    assert api.get(place, **wait).json() == seen.json() | {"video": api.get(place).json()["video"]}
    never = api.post("/generations", {**FILM, "prompt": "fail:never A snail"}).json()
    still = api.get(f"/generations/{never['id']}", headers={"Prefer": "wait=1"})
    assert (still.status_code, still.headers["Preference-Applied"]) == (200, "wait=1")
    assert still.json()["status"] in ("queued", "processing")


def test_a_wait_that_ends_too_soon_answers_202_as_it_stands(api: Program) -> None:
    body = {**FILM, "prompt": "fail:never A snail"}
    answer = api.post("/generations", body, headers={"Prefer": "wait=1"})

    assert answer.status_code == 202
    assert answer.json()["status"] in ("queued", "processing")
    assert answer.headers["Location"] == f"/api/v1/generations/{answer.json()['id']}"


def test_a_failed_film_costs_nothing_and_says_why(api: Program, alice: Customer) -> None:
    answer = api.post(
        "/generations", {**FILM, "prompt": "fail:failed"}, headers={"Prefer": "wait=60"}
    ).json()

    assert answer["status"] == "failed"
    assert answer["credits"] == {"quoted": 10, "held": 0, "charged": 0}
    assert answer["error"]["refund"]["credits"] == 10
    assert available(alice) == 10_000
    assert api.get(f"/generations/{answer['id']}/content").json()["code"] == "not_ready"


def test_every_violation_is_told_at_once_by_name(api: Program, alice: Customer) -> None:
    body = {
        "model": "kling-v1",
        "prompt": "x" * 2501,
        "duration": 7,
        "aspect_ratio": "4:3",
        "colour": "red",
        "max_cost": 0,
        "metadata": {"a": 1},
        "webhook_url": "ftp://example.com",
        "deadline": 0,
    }
    answer = api.post("/generations", body)

    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    told = answer.json()
    assert told["code"] == "invalid_request"
    assert {v["field"] for v in told["violations"]} == {
        "prompt",
        "duration",
        "aspect_ratio",
        "colour",
        "max_cost",
        "metadata.a",
        "webhook_url",
        "deadline",
    }
    assert available(alice) == 10_000


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"metadata": {str(n): "x" for n in range(17)}}, "metadata"),
        ({"metadata": {"k" * 41: "x"}}, "metadata"),
        ({"metadata": {"k": "x" * 501}}, "metadata.k"),
        ({"reference": "x" * 256}, "reference"),
        ({"reference": "a\x00b"}, "reference"),
        ({"quote_id": "quo_\x00"}, "quote_id"),
        ({"max_cost": True}, "max_cost"),
        ({"dry_run": "yes"}, "dry_run"),
    ],
)
def test_each_member_of_an_order_has_its_limit(
    api: Program, members: dict[str, object], field: str
) -> None:
    answer = api.post("/generations", {**FILM, **members})
    assert answer.status_code == 422
    assert field in {v["field"] for v in answer.json()["violations"]}


def test_a_dry_run_checks_and_prices_and_orders_nothing(api: Program, alice: Customer) -> None:
    answer = api.post("/generations", {**FILM, "duration": 10, "mode": "pro", "dry_run": True})

    assert answer.status_code == 200
    assert answer.json()["credits"] == 70
    assert answer.json()["input"]["duration"] == 10
    assert api.get("/generations").json()["data"] == []
    assert available(alice) == 10_000


def test_a_field_in_the_address_is_refused_and_orders_nothing(
    api: Program, alice: Customer
) -> None:
    answer = api.post("/generations?dry_run=true", FILM)
    assert (answer.status_code, answer.json()["violations"][0]["field"]) == (422, "dry_run")
    assert available(alice) == 10_000


@pytest.mark.parametrize("task", ["effects", "multi-image2video"])
def test_a_required_list_that_is_left_out_is_named(
    api: Program, alice: Customer, task: str
) -> None:
    order = {"task": task, "prompt": "a", "effect_scene": "hug"}
    del order["prompt" if task == "effects" else "effect_scene"]
    answer = api.post("/generations", order)
    assert answer.status_code == 422
    assert [v["field"] for v in answer.json()["violations"]] == ["images"]
    assert available(alice) == 10_000


def test_max_cost_refuses_what_costs_more(api: Program) -> None:
    answer = api.post("/generations", {**FILM, "max_cost": 9})
    assert (answer.status_code, answer.json()["code"]) == (403, "cap_exceeded")
    assert answer.json()["credits"] == 10


def test_no_credits_is_a_402_with_both_figures(site: str, alice: Customer) -> None:
    live = native(site, alice.live_key)
    answer = live.post("/generations", {"model": "kling-v2-master", "prompt": "A whale"})
    assert answer.status_code == 402
    told = answer.json()
    assert (told["code"], told["needed"], told["available"]) == ("insufficient_credits", 100, 60)


def test_an_idempotency_key_gives_the_same_bytes_again(api: Program, alice: Customer) -> None:
    key = {"Idempotency-Key": "order-1"}
    first = api.post("/generations", FILM, headers=key)
    again = api.post("/generations", FILM, headers=key)

    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (again.status_code, again.content) == (202, first.content)
    assert available(alice) == 9990

    other = api.post("/generations", {**FILM, "deadline": 60}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("key", ["", "x" * 256, "schön"])
def test_an_idempotency_key_is_1_to_255_printable_ascii_characters(api: Program, key: str) -> None:
    answer = api.post("/generations", FILM, headers={"Idempotency-Key": key.encode()})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


def test_fifty_parallel_posts_under_one_key_are_one_film(
    site: str, api: Program, alice: Customer
) -> None:
    def post(_: int) -> tuple[int, bytes]:
        answer = native(site, alice.test_key).post(
            "/generations", FILM, headers={"Idempotency-Key": "storm"}
        )
        return answer.status_code, answer.content

    with ThreadPoolExecutor(50) as pool:
        answers = set(pool.map(post, range(50)))

    assert len(answers) == 1
    assert answers.pop()[0] == 202
    assert len(api.get("/generations").json()["data"]) == 1
    assert available(alice) == 9990


def test_the_list_is_cut_into_pages_newest_first(api: Program) -> None:
    ids = [api.post("/generations", FILM).json()["id"] for _ in range(3)]
    first = api.get("/generations?limit=2").json()
    rest = api.get(f"/generations?limit=2&after={first['next']}").json()

    assert [g["id"] for g in first["data"]] == [ids[2], ids[1]]
    assert first["has_more"] is True
    assert [g["id"] for g in rest["data"]] == [ids[0]]
    assert (rest["has_more"], rest["next"]) == (False, None)


def test_the_list_can_be_kept_to_one_status(api: Program) -> None:
    done = api.post("/generations", FILM, headers={"Prefer": "wait=60"}).json()["id"]
    assert [g["id"] for g in api.get("/generations?status=succeeded").json()["data"]] == [done]
    assert api.get("/generations?status=failed").json()["data"] == []


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "status=done", "after=%00"])
def test_a_page_out_of_limits_is_refused(api: Program, query: str) -> None:
    answer = api.get(f"/generations?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def test_a_film_under_way_cannot_be_cancelled(api: Program) -> None:
    done = api.post("/generations", FILM, headers={"Prefer": "wait=60"}).json()["id"]
    answer = api.post(f"/generations/{done}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_cancellable")
    assert (answer.json()["generation_status"], answer.json()["credits"]) == ("succeeded", 10)

    going = api.post("/generations", {**FILM, "prompt": "slow:3 A snail"}).json()["id"]
    while api.get(f"/generations/{going}").json()["status"] == "queued":
        pass
    answer = api.post(f"/generations/{going}/cancel").json()
    assert (answer["code"], answer["generation_status"]) == ("not_cancellable", "processing")
    assert answer["detail"].endswith(
        "It costs its 10 credits if it succeeds; if it fails, all of them come back."
    )
    assert settled(api, going)["credits"]["charged"] == 10


def test_the_steps_are_streamed_until_the_end(api: Program) -> None:
    made = api.post("/generations", FILM).json()["id"]
    told = api.get(f"/generations/{made}/events", stream=True)

    assert told.headers["Content-Type"].startswith("text/event-stream")
    lines = [line.decode() for line in told.iter_lines()]
    names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    assert [name for name in names if name != "generation.waiting"] == [
        "generation.queued",
        "generation.processing",
        "generation.succeeded",
    ]
    last = [line.removeprefix("id: ") for line in lines if line.startswith("id: ")][-1]

    again = api.get(f"/generations/{made}/events", headers={"Last-Event-ID": str(int(last) - 1)})
    assert again.text.count("event: ") == 1
    over = api.get(f"/generations/{made}/events", headers={"Last-Event-ID": last})
    assert over.status_code == 204


def test_who_watches_a_film_wait_is_told_its_place_anew(api: Program, alice: Customer) -> None:
    made = _waiting(alice)
    told = api.get(f"/generations/{made}/events", stream=True)
    lines = (line.decode() for line in told.iter_lines() if line)
    assert next(lines).startswith("id: ")
    assert next(lines) == "event: generation.queued"
    whole = json.loads(next(lines).removeprefix("data: "))["generation"]
    assert whole["position"] >= 1
    news = next(line for line in lines if line.startswith("event: "))
    assert news == "event: generation.waiting"
    again = json.loads(next(lines).removeprefix("data: "))
    assert again["position"] >= 1
    assert set(again) == {"id", "status", "position", "eta"}
    told.close()


def test_the_list_counts_the_tries_as_the_single_film_does(api: Program) -> None:
    made = api.post("/generations", FILM, headers={"Prefer": "wait=60"}).json()
    assert made["attempts"] == 1
    assert [g["attempts"] for g in api.get("/generations").json()["data"]] == [1]


def test_mallory_finds_nothing_of_alices(api: Program, mallory: Program) -> None:
    made = api.post("/generations", FILM).json()["id"]
    addresses = [f"/generations/{made}{rest}" for rest in ("", "/events", "/content")]

    assert [mallory.get(address).status_code for address in addresses] == [404, 404, 404]
    assert mallory.post(f"/generations/{made}/cancel").status_code == 404
    assert mallory.get(f"/generations?after={made}").status_code == 404
    assert mallory.get("/generations").json()["data"] == []


def test_live_and_test_mode_do_not_see_each_other(site: str, api: Program, alice: Customer) -> None:
    made = api.post("/generations", FILM).json()["id"]
    assert native(site, alice.live_key).get(f"/generations/{made}").status_code == 404


def _waiting(alice: Customer) -> str:
    """A film that no worker will look at for an hour."""
    actor = Actor(organisation_id=alice.organisation.pk, livemode=False)
    with tenancy.scope(alice.organisation.pk):
        receipt = submission.submit(actor, Submission(fields=FILM, door="native"), lambda _: "")
        Generation.objects.filter(public_id=receipt.generation).update(
            next_run_at=timezone.now() + timedelta(hours=1)
        )
    return receipt.generation


def test_a_queued_film_knows_its_place_and_can_be_cancelled_for_nothing(
    api: Program, alice: Customer
) -> None:
    first, second = _waiting(alice), _waiting(alice)

    def ahead_of_the_second() -> int:
        """Two looks, between which orders of others come and go."""
        ahead, behind = (api.get(f"/generations/{g}").json()["position"] for g in (first, second))
        return ahead if 1 <= ahead < behind else 0

    ahead = until(ahead_of_the_second, what="the order of their coming")
    assert [g["id"] for g in api.get("/generations?status=queued").json()["data"]] == [
        second,
        first,
    ]

    for _ in range(2):
        answer = api.post(f"/generations/{first}/cancel")
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert answer.json()["credits"] == {"quoted": 10, "held": 0, "charged": 0}
    until(lambda: api.get(f"/generations/{second}").json()["position"] <= ahead, what="one step on")
    assert available(alice) == 9990


def test_a_stream_that_is_taken_up_again_repeats_nothing(api: Program) -> None:
    made = api.post("/generations", FILM).json()["id"]
    told = api.get(f"/generations/{made}/events", headers={"Last-Event-ID": "0"}).text
    ids = [int(each) for each in re.findall(r"^id: (\d+)$", told, re.M)]
    assert ids == sorted(set(ids))
    assert ids[0] > 0
    assert "generation.succeeded" in told


def test_no_change_is_told_beside_a_generation_that_was_read_before_it(
    api: Program, alice: Customer
) -> None:
    actor, name = Actor(organisation_id=alice.organisation.pk, livemode=False), _waiting(alice)
    before = access.find(actor, name)
    assert api.post(f"/generations/{name}/cancel").status_code == 200
    after = access.find(actor, name)
    told = [[step.status for step in access.changes_after(each, -1)] for each in (before, after)]
    assert told == [["accepted"], ["accepted", "cancelled"]]


def test_cancelling_while_workers_hurry_never_loses_a_credit(api: Program, alice: Customer) -> None:
    made = [api.post("/generations", FILM).json()["id"] for _ in range(6)]
    codes = {api.post(f"/generations/{public_id}/cancel").status_code for public_id in made}
    ends = [settled(api, public_id)["status"] for public_id in made]
    assert codes <= {200, 409}
    assert set(ends) <= {"cancelled", "succeeded"}
    assert available(alice) == 10_000 - 10 * ends.count("succeeded")
