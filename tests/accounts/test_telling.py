"""Events reach the addresses that asked for them, and whoever was away reads them later."""

from __future__ import annotations

import base64
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from django.core import mail
from django.db import connection
from django.db.models.functions import Now
from django.test import override_settings

from accounts import outbox, tenancy
from accounts.models import WebhookDelivery, WebhookEndpoint
from billing import notices
from billing.models import Notice
from generations import deliveries, posting
from tests.accounts.receiving import (
    Receiver,
    change,
    endpoint,
    over,
    proves,
    sent_test,
)
from tests.generations.programs import FILM, Program, settled
from tests.people import Customer
from tests.waiting import until

IN_MEMORY = "django.core.mail.backends.locmem.EmailBackend"
ORDERED = "generation.*"


def test_a_film_is_told_step_by_step_signed_and_logged(api: Program, server: Receiver) -> None:
    made = endpoint(api, f"{server.address}/in", ORDERED)
    film = api.post("/generations", FILM).json()["id"]
    settled(api, film)
    until(lambda: len(server.at("/in")) == 3, what="three events")
    by_type = {each.body["type"]: each for each in server.at("/in")}
    assert set(by_type) == {
        "generation.queued", "generation.processing", "generation.succeeded",
    }  # fmt: skip
    assert all(proves(each, made["secret"]) for each in server.at("/in"))
    end = by_type["generation.succeeded"]
    assert (end.body["data"]["id"], end.body["data"]["status"]) == (film, "succeeded")
    assert end.body["id"] == end.event
    # the same in the feed, in the order of what happened, with each event once
    feed = api.get("/events").json()
    assert [each["type"] for each in feed["data"]] == [
        "generation.queued", "generation.processing", "generation.succeeded",
    ]  # fmt: skip
    assert {each["id"] for each in feed["data"]} == {each.event for each in by_type.values()}
    one = api.get(f"/events/{end.event}").json()
    assert one["data"]["video"]["bytes"] == end.body["data"]["video"]["bytes"]
    assert api.get("/events", params={"type": "generation.s"}).status_code == 422
    assert api.get("/events", params={"type": "wallet.*"}).json()["data"] == []
    # and in the log
    listed = api.get(
        f"/webhooks/{made['id']}/deliveries", params={"event": end.event, "status": "succeeded"}
    ).json()
    (delivery,) = listed["data"]
    log = over(api, made, delivery["id"])["log"]
    (attempt,) = log
    assert (attempt["status"], attempt["error"], attempt["response_body"]) == (204, None, "")
    assert attempt["request"]["body"].encode() == end.content
    sent = {name.lower(): value for name, value in attempt["request"]["headers"].items()}
    assert sent["webhook-signature"] == end.headers["webhook-signature"]


def test_a_secret_is_replaced_without_a_gap_and_only_for_a_while(
    api: Program, server: Receiver
) -> None:
    made = endpoint(api, f"{server.address}/in", "webhook.test")
    assert len(base64.b64decode(made["secret"].removeprefix("whsec_"))) == 32
    one = api.get(f"/webhooks/{made['id']}").json()
    assert "secret" not in one
    assert all("secret" not in each for each in api.get("/webhooks").json()["data"])
    rotate = f"/webhooks/{made['id']}/rotate-secret"
    key = {"headers": {"Idempotency-Key": "turn"}}
    first = api.post(rotate, **key)
    assert api.post(rotate, **key).json() == first.json()
    second = first.json()["secret"]
    assert second != made["secret"]
    sent_test(api, made)
    (both,) = server.came
    assert both.headers["webhook-signature"].count("v1,") == 2
    assert proves(both, made["secret"])
    assert proves(both, second)
    third = api.post(rotate, {"overlap": 0}).json()["secret"]
    sent_test(api, made)
    assert [proves(server.came[-1], each) for each in (made["secret"], second, third)] == [
        False, False, True,
    ]  # fmt: skip
    for wrong in (-1, 604_801, True, "1"):
        assert api.post(rotate, {"overlap": wrong}).status_code == 422


def test_what_failed_is_sent_again_under_its_id_alone_or_all_at_once(
    api: Program, server: Receiver
) -> None:
    made = endpoint(api, f"{server.address}/in")
    elsewhere = endpoint(api, f"{server.address}/well")
    server.answers["/in"] = (503, b"<h1>No\x00\x1b[31m</h1>" + b"x" * 5000, {"Retry_After": "7200"})
    answer = api.post(f"/webhooks/{made['id']}/test").json()
    tried = over(api, made, answer["id"], lambda each: each["log"])
    assert (tried["status"], tried["attempts"], tried["last_status"]) == ("pending", 1, 503)
    assert tried["next_attempt_at"] > tried["log"][0]["at"]
    with tenancy.system("a test looks"):
        row = WebhookDelivery.objects.get(public_id=answer["id"])
        assert row.next_attempt_at - row.created_at > timedelta(seconds=7000)
    body = tried["log"][0]["response_body"]
    assert body.startswith("<h1>No[31m</h1>xxx")
    assert len(body) < posting.ANSWER_KEPT
    del server.answers["/in"]
    again = api.post(f"/webhooks/{made['id']}/deliveries/{answer['id']}/resend")
    assert again.status_code == 202
    taken = over(api, made, answer["id"])
    assert (taken["status"], len(taken["log"])) == ("succeeded", 2)
    assert len({each.event for each in server.at("/in")}) == 1
    # all that failed, and all there was
    film = api.post("/generations", FILM).json()
    settled(api, film["id"])
    until(lambda: len(server.at("/in")) == 5, what="three more")
    assert until(lambda: len(server.at("/well")) == 3, what="the other's, without the test")
    with tenancy.system("a test has what was taken fail"):
        until(
            lambda: WebhookDelivery.objects.filter(
                endpoint__public_id=made["id"], delivered_at__isnull=False
            ).count() == 4
        )  # fmt: skip
        rows = WebhookDelivery.objects.filter(endpoint__public_id=made["id"])
        failing = rows.filter(event__topic__in=["generation.queued", "generation.succeeded"])
        assert failing.update(delivered_at=None, last_status=500) == 2
    resend, since = f"/webhooks/{made['id']}/resend", film["created_at"]
    answer = api.post(resend, {"since": since})
    assert (answer.status_code, answer.json()["count"]) == (202, 2)
    until(lambda: len(server.at("/in")) == 7, what="the two that failed")
    until(lambda: api.post(resend, {"since": since}).json()["count"] == 0)
    late = endpoint(api, f"{server.address}/late", "generation.succeeded")
    assert api.post(f"/webhooks/{late['id']}/resend", {"since": since, "what": "all"}).json() == {
        "object": "resend", "endpoint": late["id"], "count": 1, "has_more": False,
        "next_since": None,
    }  # fmt: skip
    until(lambda: len(server.at("/late")) == 1, what="what it has missed")
    assert server.at("/late")[0].event in {each.event for each in server.at("/well")}
    for wrong in ({}, {"since": "monday"}, {"since": since, "what": "some"}, {"after": since}):
        assert api.post(resend, wrong).status_code == 422
    assert elsewhere["id"] != late["id"]


def test_who_says_gone_is_told_nothing_more_until_enabled_again(
    api: Program, server: Receiver
) -> None:
    made = endpoint(api, f"{server.address}/gone")
    other = endpoint(api, f"{server.address}/well", "webhook.*")
    server.answers["/gone"] = (410, b"", {})
    assert sent_test(api, made)["status"] == "failed"
    until(lambda: not api.get(f"/webhooks/{made['id']}").json()["enabled"], what="its end")
    found = api.get(f"/webhooks/{made['id']}").json()
    assert (found["enabled"], found["disabled_reason"]) == (False, "gone")
    told = until(lambda: server.at("/well"), what="the news of it")[0].body
    assert told["type"] == "webhook.disabled"
    assert told["data"] == {
        "id": made["id"], "url": f"{server.address}/gone", "reason": "gone",
    }  # fmt: skip
    refused = api.post(f"/webhooks/{made['id']}/test")
    assert (refused.status_code, refused.json()["code"]) == (409, "endpoint_disabled")
    sent_test(api, other)
    assert len(server.at("/gone")) == 1
    del server.answers["/gone"]
    assert change(api, f"/webhooks/{made['id']}", {"enabled": True})["enabled"]
    assert sent_test(api, made)["status"] == "succeeded"


def test_five_days_of_failures_disable_it_and_its_owners_get_a_mail(
    api: Program, alice: Customer, server: Receiver
) -> None:
    made = endpoint(api, f"{server.address}/broken")
    server.answers["/broken"] = (500, b"", {})

    def try_again(delivery: str, tries: int) -> dict[str, Any]:
        with tenancy.system("a test turns the clock"):
            WebhookDelivery.objects.filter(public_id=delivery).update(next_attempt_at=Now())
        return over(api, made, delivery, lambda each: len(each["log"]) == tries)

    first = api.post(f"/webhooks/{made['id']}/test").json()["id"]
    over(api, made, first, lambda each: each["log"])
    for tries, days in ((2, 4.9), (3, 5.1)):
        with tenancy.system("a test turns the clock"):
            mine = WebhookEndpoint.objects.filter(public_id=made["id"])
            mine.update(failing_since=Now() - timedelta(days=days))
        assert api.get(f"/webhooks/{made['id']}").json()["enabled"]
        try_again(first, tries)
    until(lambda: not api.get(f"/webhooks/{made['id']}").json()["enabled"])
    assert api.get(f"/webhooks/{made['id']}").json()["disabled_reason"] == "failing"
    assert over(api, made, first)["last_error"] == "endpoint_disabled"
    with override_settings(EMAIL_BACKEND=IN_MEMORY):
        mail.outbox = []
        until(lambda: _mailed(alice))
        (letter,) = [one for one in mail.outbox if one.to == [alice.user.email]]
    assert letter.subject == "A webhook endpoint is disabled"
    assert f"{server.address}/broken" in letter.body
    assert made["id"] in letter.body


def _mailed(of: Customer) -> bool:
    notices.mail_due()
    with tenancy.scope(of.organisation.pk):
        return bool(Notice.objects.filter(kind="webhook_disabled", mailed_at__isnull=False))


def test_one_that_never_answers_among_twenty_keeps_no_other_waiting(
    api: Program, alice: Customer, server: Receiver
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hole:
        endpoint(api, f"http://127.0.0.1:{hole.getsockname()[1]}/dead")
        for number in range(19):
            endpoint(api, f"{server.address}/{number}")
        assert api.post("/webhooks", {"url": server.address}).json()["code"] == "too_many_endpoints"
        began, who = time.monotonic(), alice.organisation.pk
        for number in range(4):
            with tenancy.scope(who):
                outbox.emit(
                    organisation_id=who, livemode=False, topic="purchase.expired",
                    subject=f"pur_{number}",
                )  # fmt: skip
        until(lambda: len(server.came) == 4 * 19, what="what is owed to 19")
        took = sorted(each.at - began for each in server.came)
    assert took[int(0.95 * len(took))] < 5


def test_what_is_owed_to_one_that_does_not_answer_waits_and_comes_when_it_does(
    api: Program, server: Receiver
) -> None:
    made = endpoint(api, f"{server.address}/in")
    with tenancy.system("a test lets it rest"):
        row = WebhookEndpoint.objects.get(public_id=made["id"])
        resting = WebhookEndpoint.objects.filter(pk=row.pk)
        resting.update(failed=3, rest_until=Now() + timedelta(hours=1))
    with tenancy.scope(row.organisation_id):
        for number in range(5):
            outbox.emit(
                organisation_id=row.organisation_id, livemode=False, topic="purchase.expired",
                subject=f"pur_{number}",
            )  # fmt: skip
    until(lambda: len(api.get(f"/webhooks/{made['id']}/deliveries").json()["data"]) == 5)
    with tenancy.scope(row.organisation_id):
        assert deliveries.put_off(row) == 4
        assert deliveries.put_off(row) == 0
        resting.update(rest_until=None)
    until(lambda: len(server.at("/in")) == 5, what="the one that tries it, and then all")
    assert len({each.event for each in server.came}) == 5


def test_a_reader_of_the_feed_misses_nothing_that_is_committed_late(
    api: Program, alice: Customer
) -> None:
    who = alice.organisation.pk

    def tell(name: str) -> None:
        outbox.emit(
            organisation_id=who, livemode=False, topic="purchase.expired", subject=name
        )  # fmt: skip

    def seen(after: str) -> list[tuple[str, str]]:
        page = api.get("/events", params={"after": after, "limit": 1} if after else {}).json()
        return [(each["id"], each["data"]["id"]) for each in page["data"]]

    with tenancy.scope(who):
        tell("late")  # its row is older, and nobody sees it yet
        _in_another_thread(lambda: _told(who, tell, "soon"))
        (first,) = until(lambda: seen(""), what="the one that ended first")
        assert first[1] == "soon"
        assert seen(first[0]) == []
    ((second, subject),) = until(lambda: seen(first[0]), what="the one that ended late")
    assert subject == "late"
    assert [each[1] for each in seen("")] == ["soon", "late"]
    assert seen(second) == []
    assert api.get("/events", params={"after": "evt_nobodys"}).status_code == 404


def _told(who: int, tell: Callable[[str], None], name: str) -> None:
    with tenancy.scope(who):
        tell(name)


def _in_another_thread(step: Callable[[], None]) -> None:
    def whole() -> None:
        try:
            step()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        threads.submit(whole).result(timeout=60)
