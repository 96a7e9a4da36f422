"""Customers see what their programs asked and were answered, soon and without secrets."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.utils import timezone

from accounts import call_log, calls, tenancy
from accounts.models import ApiCall
from tests.generations.programs import FILM, Program, funded, native, settled
from tests.waiting import until

SOON = 2.0  # seconds


def logged(api: Program, answer: requests.Response, *, ended: bool = True) -> dict[str, Any]:
    """The call in the log, seen within two seconds."""
    name, since = answer.headers["X-Request-Id"], time.monotonic()

    def there() -> dict[str, Any] | None:
        found = api.get(f"/requests/{name}")
        seen: dict[str, Any] = found.json()
        return seen if found.status_code == 200 and (seen["status"] or not ended) else None

    call: dict[str, Any] = until(there, what="the call in the log")
    assert time.monotonic() - since < SOON
    return call


def test_a_call_is_seen_two_seconds_later_with_what_was_sent_and_answered(api: Program) -> None:
    made = api.post("/generations", FILM, headers={"Idempotency-Key": "of-monday"})
    call = logged(api, made)
    assert (call["method"], call["path"], call["status"]) == ("POST", "/api/v1/generations", 202)
    assert json.loads(call["request"]["body"]) == FILM
    assert call["request"]["headers"]["Idempotency-Key"] == "of-monday"
    assert json.loads(call["response"]["body"])["id"] == made.json()["id"]
    assert call["response"]["headers"]["Location"] == made.headers["Location"]
    assert (call["livemode"], call["credential"][:4]) == (False, "key:")
    assert call["ms"] >= 0
    assert "ksk_" not in json.dumps(call)


def test_refusals_are_logged_and_found_by_what_they_were(api: Program) -> None:
    wrong = api.post("/generations", {**FILM, "model": "kling-v9"})
    gone = api.get("/generations", params={"after": "gen_none"})
    for answer in (wrong, gone):
        logged(api, answer)

    def found(**asked: str) -> list[str]:
        page = api.get("/requests", params=asked).json()
        return [call["id"] for call in page["data"]]

    names = [answer.headers["X-Request-Id"] for answer in (gone, wrong)]
    assert found(status="4xx") == names
    assert found(status="422") == names[1:]
    assert found(method="GET", path="/api/v1/gener") == names[:1]
    assert found(**{"from": "2099-01-01"}) == []
    assert found(credential="key:0") == []
    first = api.get("/requests", params={"limit": 1, "status": "4xx"}).json()
    assert (first["has_more"], first["data"][0]["query"]) == (True, "after=gen_none")
    then = api.get("/requests", params={"after": first["next"], "status": "4xx"}).json()
    assert [call["id"] for call in then["data"]] == names[1:]
    for broken in ({"status": "9xx"}, {"method": "LOOK"}, {"to": "soon"}):
        assert api.get("/requests", params=broken).status_code == 422
    assert api.get("/requests/nonsense").status_code == 404
    # the log is not of itself, and nobody else's
    assert found(path="/api/v1/requests") == []
    stranger = native(api.root.removesuffix("/api/v1"), funded("mallory").test_key)
    assert stranger.get(f"/requests/{names[0]}").status_code == 404
    assert stranger.get("/requests").json()["data"] == []


def test_it_is_for_who_may_administrate(site: str, api: Program) -> None:
    made = api.post("/keys", {"name": "reader", "scopes": ["read", "generate"]}).json()
    reader = Program(f"{site}/api/v1", Authorization=f"Bearer {made['secret']}")
    refused = reader.get("/requests")
    assert (refused.status_code, refused.json()["scope"]) == (403, "admin")
    assert logged(api, refused)["status"] == 403


def test_what_is_secret_is_masked_and_long_pictures_are_shortened(site: str, api: Program) -> None:
    made = api.post("/keys", {"name": "shown once"})
    assert made.json()["secret"] not in json.dumps(logged(api, made))
    pair = api.post("/access-keys", {"name": "shown once"})
    assert pair.json()["secret"] not in json.dumps(logged(api, pair))
    token = api.post("/tokens", {"end_user": "u-1"})
    assert token.json()["token"] not in json.dumps(logged(api, token))
    theirs = Program(f"{site}/api/v1", Authorization=f"Bearer {token.json()['token']}")
    assert logged(api, theirs.get("/generations"))["end_user"] == "u-1"
    picture = "iVBORw0KGgo" + "A" * 30_000
    sent = Program(f"{site}/segmind", **{"x-api-key": api.http.headers["Authorization"][7:]}).post(
        "/v2/kling-image2video", {"image": picture, "prompt": "A boat"}
    )
    call = logged(api, sent)
    assert call["request"]["headers"]["X-Api-Key"] == "***"
    assert json.loads(call["request"]["body"])["image"].endswith(f"… ({len(picture)} characters)")
    film = api.post("/generations", FILM, headers={"Prefer": "wait=60"})
    link = film.json()["video"]["url"]
    assert link not in json.dumps(logged(api, film))


def test_a_held_call_is_seen_while_it_is_held_and_counted_once(api: Program) -> None:
    slow = {**FILM, "prompt": "slow:3 A lighthouse"}
    with ThreadPoolExecutor(1) as threads:
        held = threads.submit(lambda: api.post("/generations", slow, headers={"Prefer": "wait=60"}))

        def open_calls() -> list[dict[str, Any]]:
            page = api.get("/requests", params={"path": "/api/v1/generations"}).json()
            return [call for call in page["data"] if call["status"] is None]

        (seen,) = until(open_calls, what="the held call")
        answer = held.result()
    call = logged(api, answer)
    assert (call["id"], call["status"]) == (seen["id"], answer.status_code)
    assert call["ms"] >= 1000
    assert json.loads(call["response"]["body"])["status"] == "succeeded"
    listed = api.get("/requests", params={"path": "/api/v1/generations"}).json()["data"]
    assert [each["id"] for each in listed] == [call["id"]]


def test_a_call_of_a_dialect_that_is_held_is_logged_to_its_end(site: str, api: Program) -> None:
    key = api.http.headers["Authorization"][7:]
    held = Program(f"{site}/segmind", **{"x-api-key": key}).post(
        "/v1/kling-text2video", {"prompt": "slow:1 A lighthouse"}
    )
    assert held.status_code == 200

    def ended() -> list[dict[str, Any]]:
        page = api.get("/requests", params={"path": "/segmind/v1/"}).json()
        return [call for call in page["data"] if call["status"]]

    (call,) = until(ended, what="the held call's end")
    assert (call["status"], call["method"]) == (200, "POST")
    assert call["ms"] >= 500


def test_a_call_is_written_once_and_forgotten_when_it_is_old() -> None:
    whom = funded().organisation.pk
    writer, now = call_log.Writer(), timezone.now()

    def call(number: int, **facts: Any) -> call_log.Call:
        given: dict[str, Any] = {
            "organisation_id": whom, "livemode": False, "at": now, "method": "GET", "path": "/p",
            "request_id": f"00000000-0000-4000-8000-{whom:06d}{number:06d}", "query": "a\0b",
            "credential": "", "end_user": "", "address": "", "headers": {}, "body": b"\0\xff",
            "answer": call_log.Answered(status=200, ms=1),
        }  # fmt: skip
        return call_log.Call(**{**given, **facts})

    def there() -> list[str]:
        with tenancy.scope(whom):
            return [str(row.request_id)[-6:] for row in ApiCall.objects.order_by("pk")]

    writer.add(call(1))
    until(lambda: there() == ["000001"], what="the first")
    writer.add(call(1))  # written again after a connection broke: once in the log
    writer.add(call(2, at=now - timedelta(days=40)))
    until(lambda: len(there()) == 2, what="the second")
    assert calls.forget_old() >= 1
    assert there() == ["000001"]


def test_a_held_call_that_its_client_gave_up_is_told_as_such(site: str) -> None:
    alice = funded()
    order = {"prompt": "A snail slow:6"}
    with pytest.raises(requests.Timeout):
        requests.post(
            f"{site}/segmind/v1/kling-text2video", json=order, timeout=2,
            headers={"x-api-key": alice.test_key},
        )  # fmt: skip
    api = native(site, alice.test_key)
    (call,) = until(lambda: api.get("/requests", params={"status": "499"}).json()["data"])
    assert (call["path"], call["status"]) == ("/segmind/v1/kling-text2video", 499)
    (made,) = api.get("/generations").json()["data"]
    assert settled(api, made["id"])["status"] == "succeeded"
