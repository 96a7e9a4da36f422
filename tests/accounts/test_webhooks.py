"""Webhook endpoints: whose they are, what is kept of them, and where they may lead."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import override_settings

from accounts import tenancy, webhooks
from accounts.actors import Actor
from accounts.event_types import EVENTS, PATTERNS, words_of
from accounts.models import OutboxMessage, WebhookAttempt, WebhookEndpoint
from billing.models import RefundStatus
from generations import posting
from generations.models import Status
from kling_saas.env import ROOT
from tests.accounts.receiving import (
    Receiver,
    change,
    endpoint,
    over,
    proves,
    sent_test,
)
from tests.generations.programs import FILM, Program, funded, native
from tests.people import Customer
from tests.waiting import until


def test_an_orders_own_address_is_signed_with_the_organisations_secret(
    site: str, api: Program, server: Receiver
) -> None:
    film = api.post("/generations", {**FILM, "webhook_url": f"{server.address}/order"}).json()
    kling = Program(f"{site}/kling", Authorization=api.http.headers["Authorization"])
    asked = {"model_name": "kling-v1", "prompt": "A boat", "callback_url": server.address + "/k"}
    kling.post("/v1/videos/text2video", asked)
    (came,) = until(lambda: server.at("/order"), what="its end")
    own = api.get("/webhooks/signing-secret").json()
    assert api.get("/webhooks/signing-secret").json() == own
    assert proves(came, own["secret"])
    assert came.body["data"]["id"] == film["id"]
    until(lambda: len(server.at("/k")) == 2, what="start and end of Kling's")
    flat = server.at("/k")[-1]
    assert proves(flat, own["secret"])
    told = {"task_id", "task_status", "task_status_msg", "task_info", "created_at", "updated_at"}
    assert told <= set(flat.body)
    assert not {"id", "type", "data"} & set(flat.body)
    assert flat.content == json.dumps(
        flat.body, ensure_ascii=False, separators=(",", ":")
    ).encode()  # fmt: skip
    listed = api.get(f"/webhooks/{own['id']}/deliveries").json()["data"]
    assert {each["url"] for each in listed} == {f"{server.address}/order", f"{server.address}/k"}
    rotated = api.post("/webhooks/signing-secret/rotate").json()
    assert rotated["secret"] != own["secret"]
    again = next(each["id"] for each in listed if each["url"].endswith("/order"))
    assert api.post(f"/webhooks/{own['id']}/deliveries/{again}/resend").status_code == 202
    until(lambda: len(server.at("/order")) == 2, what="it again")
    assert server.at("/order")[1].event == came.event
    assert all(proves(server.at("/order")[1], each["secret"]) for each in (own, rotated))
    assert own["id"] not in api.get("/webhooks").text
    refused = api.post(f"/webhooks/{own['id']}/test")
    assert (refused.status_code, refused.json()["code"]) == (409, "endpoint_has_no_address")
    assert len(api.get(f"/webhooks/{own['id']}/deliveries").json()["data"]) == len(listed)


def test_addresses_of_orders_that_take_nothing_for_days_are_owed_nothing_more(
    api: Program, server: Receiver
) -> None:
    server.answers["/order"] = (500, b"", {})
    own = {"id": api.get("/webhooks/signing-secret").json()["id"]}
    with tenancy.system("a test turns the clock"):
        row = WebhookEndpoint.objects.filter(public_id=own["id"])
        row.update(failing_since=Now() - timedelta(days=5.1))
    api.post("/generations", {**FILM, "webhook_url": f"{server.address}/order"})
    until(lambda: server.at("/order"), what="a try")
    (delivery,) = api.get(f"/webhooks/{own['id']}/deliveries").json()["data"]
    assert over(api, own, delivery["id"])["last_error"] == "given_up"
    del server.answers["/order"]
    api.post(f"/webhooks/{own['id']}/deliveries/{delivery['id']}/resend")
    assert over(api, own, delivery["id"])["status"] == "succeeded"


def test_nobody_sees_another_tenants_or_the_other_modes(
    site: str, alice: Customer, api: Program, server: Receiver
) -> None:
    mallory, live = native(site, funded("mallory").test_key), native(site, alice.live_key)
    made = endpoint(api, f"{server.address}/test")
    of_live = endpoint(live, f"{server.address}/live")
    delivery = sent_test(api, made)
    for stranger in (mallory, live):
        place = f"/webhooks/{made['id']}"
        for path in (place, f"{place}/deliveries", f"{place}/deliveries/{delivery['id']}",
                     f"/events/{delivery['event']}"):  # fmt: skip
            assert stranger.get(path).status_code == 404, path
        for path in ("test", "resend", "rotate-secret", f"deliveries/{delivery['id']}/resend"):
            body = {"since": "2026-01-01T00:00:00Z"} if path == "resend" else None
            assert stranger.post(f"{place}/{path}", body).status_code == 404, path
        gone = stranger.http.delete(stranger.root + place, timeout=60)
        assert gone.status_code == 404
        assert stranger.get("/events", params={"after": delivery["event"]}).status_code == 404
    assert mallory.get("/webhooks").json()["data"] == []
    assert [each["id"] for each in live.get("/webhooks").json()["data"]] == [of_live["id"]]
    assert sent_test(live, of_live)["livemode"] is True
    assert (len(server.at("/test")), len(server.at("/live"))) == (1, 1)
    assert mallory.get(f"/webhooks/{of_live['id']}/deliveries").status_code == 404


def test_endpoints_are_kept_changed_and_deleted(api: Program, server: Receiver) -> None:
    body = {"url": f"{server.address}/a", "events": ["wallet.*"], "description": "Ours"}
    key = {"headers": {"Idempotency-Key": "first endpoint"}}
    made = api.post("/webhooks", body, **key)
    again = api.post("/webhooks", body, **key)
    assert made.status_code == again.status_code == 201
    assert (made.json(), again.headers["Idempotent-Replayed"]) == (again.json(), "true")
    reused = api.post("/webhooks", {**body, "description": ""}, **key)
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")
    place = made.headers["Location"].removeprefix("/api/v1")
    assert api.get(place).json()["events"] == ["wallet.*"]
    changed = change(api, place, {"description": "", "events": ["*", "*"], "enabled": False})
    assert (changed["description"], changed["events"]) == ("", ["*"])
    assert changed["disabled_reason"] == "by_customer"
    wrong = {"url": "ftp://x", "events": ["generation.flies", 1], "colour": "red",
             "description": "x" * 201, "enabled": 1}  # fmt: skip
    refused = api.http.patch(api.root + place, json=wrong, timeout=60).json()
    assert {each["field"] for each in refused["violations"]} == {
        "url", "events[0]", "events[1]", "colour", "description", "enabled",
    }  # fmt: skip
    for empty in ({}, {"url": None}, {"url": ""}, {"url": body["url"], "events": []}):
        assert api.post("/webhooks", empty).status_code == 422
    for _ in range(2):
        gone = api.http.delete(api.root + place, timeout=60)
        assert (gone.status_code, gone.json()["deleted"]) == (200, True)
    assert api.get(place).status_code == 404
    assert api.get("/webhooks").json()["data"] == []


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/", "https://[::1]/", "http://example.com/", "https://a:b@c.de/",
            "https://169.254.169.254/latest", "https://10.0.0.1/", "https://example.com:8080/"],
)  # fmt: skip
def test_an_address_inside_is_refused_when_it_is_given(url: str) -> None:
    with override_settings(ALLOW_PRIVATE_ADDRESSES=False):
        assert not webhooks.is_address(url)
        assert webhooks.is_address("https://example.com/in")


def test_an_address_that_leads_inside_is_not_reached_and_no_redirect_followed(
    alice: Customer, server: Receiver
) -> None:
    inside = server.address.replace("127.0.0.1", "localhost")
    with override_settings(ALLOW_PRIVATE_ADDRESSES=False):
        assert posting.post("http://localhost/", b"{}", {}).error == "blocked_address"
        assert posting.post(inside, b"{}", {}).error == "blocked_address"
    assert server.came == []
    server.answers["/away"] = (307, b"", {"Location": f"{server.address}/secret"})
    told = posting.post(f"{server.address}/away", b"{}", {})
    assert (told.status, told.taken) == (307, False)
    assert server.at("/secret") == []


def test_twenty_five_at_once_are_no_more_than_the_limit(alice: Customer) -> None:
    who = Actor(organisation_id=alice.organisation.pk, livemode=True)

    def one() -> bool:
        try:
            webhooks.create(who, webhooks.Wanted(url="https://example.com/in"))
        except webhooks.TooManyEndpoints:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as threads:
        made = [threads.submit(one) for _ in range(25)]
        assert sum(each.result(timeout=60) for each in made) == 20
    with tenancy.scope(who.organisation_id):
        assert WebhookAttempt.objects.count() == 0


def _kinds(start: str) -> set[str]:
    return {word.partition(".")[2] for word in EVENTS if word.startswith(f"{start}.")}


def test_every_event_is_told_of_in_the_table_and_every_notice_is_one() -> None:
    kinds = {page.stem for page in (ROOT / "templates/billing/notices").glob("*.txt")}
    assert _kinds("wallet") == kinds - {"webhook_disabled"}
    assert _kinds("refund") == {"recorded", *RefundStatus.values}
    assert _kinds("generation") == {"late_film", *(at.public for at in Status)}
    assert all(told.endswith(".") for told in EVENTS.values())
    with tenancy.system("a test looks at what the product has said"):
        said = set(OutboxMessage.objects.values_list("topic", flat=True).distinct())
    assert said - set(EVENTS) <= {"wallet.webhook_disabled", "", "any"}
    assert {word for pattern in PATTERNS for word in words_of(pattern)} == set(EVENTS)
    assert words_of("generation.flies") == []
