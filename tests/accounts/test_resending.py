"""Events that are asked for again: none is left out, and no try under way undoes it."""

from __future__ import annotations

import threading
from datetime import timedelta

from django.utils import timezone

from accounts import api_keys, outbox, tenancy, webhook_deliveries
from accounts.models import OutboxMessage, WebhookDelivery, WebhookEndpoint
from tests.accounts.receiving import Receiver, endpoint, over
from tests.generations.programs import Program
from tests.people import Customer
from tests.serving import Quiet, serving
from tests.waiting import until


def told(of: Customer, seconds_ago: list[int]) -> set[str]:
    """Events of these moments, in the order of their ids and numbers."""
    now, names = timezone.now(), []
    with tenancy.scope(of.organisation.pk):
        for number, ago in enumerate(seconds_ago):
            event = outbox.emit(
                organisation_id=of.organisation.pk, livemode=False, topic="purchase.expired",
                subject=f"pur_{number}",
            )  # fmt: skip
            names.append(event.public_id or "")
            moment = now - timedelta(seconds=ago)
            OutboxMessage.objects.filter(pk=event.pk).update(created_at=moment)

    def numbered() -> bool:
        with tenancy.scope(of.organisation.pk):
            rows = OutboxMessage.objects.filter(public_id__in=names, sequence__isnull=False)
            return rows.count() == len(names)

    until(numbered, what="the numbers of the events")
    return set(names)


def owed_again(of: Customer, made: dict[str, str], *, failed_only: bool) -> int:
    """All since an hour ago, two at a time as one goes on from what the answer says."""
    who, since, count = api_keys.verify(of.test_key), timezone.now() - timedelta(hours=1), 0
    for _ in range(9):
        again = webhook_deliveries.resend_since(
            who, made["id"], since, failed_only=failed_only, most=2
        )
        count += again.count
        if again.until is None:
            return count
        assert again.until > since
        since = again.until
    raise AssertionError("it goes on for ever")


def test_what_goes_on_where_an_answer_ended_leaves_no_event_out(
    api: Program, alice: Customer, server: Receiver
) -> None:
    names = told(alice, [500, 100, 300, 300, 300, 400, 200])
    made = endpoint(api, f"{server.address}/late", "purchase.*")
    assert owed_again(alice, made, failed_only=False) == len(names)
    until(lambda: {each.event for each in server.came} == names, what="all that it has missed")

    def taken() -> bool:
        with tenancy.scope(alice.organisation.pk):
            rows = WebhookDelivery.objects.filter(delivered_at__isnull=False)
            return rows.count() == len(names)

    until(taken, what="that all are written down")
    with tenancy.scope(alice.organisation.pk):
        WebhookDelivery.objects.update(delivered_at=None, last_status=500)
    assert owed_again(alice, made, failed_only=True) == len(names)
    until(lambda: len(server.came) == 2 * len(names), what="all that failed")


def test_what_is_asked_for_again_while_it_is_under_way_is_sent_again(api: Program) -> None:
    came: list[str] = []
    go_on = threading.Event()

    class Held(Quiet):
        def post(self) -> None:
            self.body()
            came.append(self.headers["webhook-id"])
            go_on.wait(60)
            self.answer(204)

    with serving(Held) as address:
        made = endpoint(api, address)
        with tenancy.system("a test has it fail before"):  # so one post at a time is sent there
            WebhookEndpoint.objects.filter(public_id=made["id"]).update(failed=1)
        delivery = api.post(f"/webhooks/{made['id']}/test").json()["id"]
        until(lambda: came, what="the first try")
        again = api.post(f"/webhooks/{made['id']}/deliveries/{delivery}/resend")
        assert (again.status_code, again.json()["status"]) == (202, "pending")
        go_on.set()
        until(lambda: len(came) == 2, what="the second try")
        assert len(set(came)) == 1
        taken = over(api, made, delivery)
    assert (taken["status"], len(taken["log"])) == ("succeeded", 2)


def test_what_waits_for_its_next_try_comes_at_once_when_what_failed_is_asked_for(
    api: Program, server: Receiver
) -> None:
    since = timezone.now().isoformat()
    made = endpoint(api, f"{server.address}/away")
    server.answers["/away"] = (503, b"", {"Retry-After": "7200"})
    delivery = api.post(f"/webhooks/{made['id']}/test").json()["id"]
    waiting = over(api, made, delivery, lambda each: each["last_status"])
    assert (waiting["status"], waiting["attempts"]) == ("pending", 1)
    del server.answers["/away"]
    assert api.post(f"/webhooks/{made['id']}/resend", {"since": since}).json()["count"] == 1
    assert over(api, made, delivery)["status"] == "succeeded"
    assert [each.event for each in server.at("/away")] == [waiting["event"]] * 2
    assert api.post(f"/webhooks/{made['id']}/resend", {"since": since}).json()["count"] == 0
