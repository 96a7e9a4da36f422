"""Callbacks to customers: a server that never ends must not keep another customer waiting."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from accounts import outbox, tenancy, webhooks
from accounts.models import WebhookDelivery
from generations import posting
from tests.generations.endless import dripping, endless
from tests.generations.orders import parked
from tests.generations.programs import funded
from tests.people import Customer
from tests.serving import Quiet, serving
from tests.waiting import until

posted: list[str] = []


@pytest.fixture
def door() -> Iterator[str]:
    """Takes what is posted, and at /refused answers 500."""

    posted.clear()

    class Server(Quiet):
        def post(self) -> None:
            self.body()
            posted.append(self.path)
            self.answer(500 if self.path == "/refused" else 200)

    with serving(Server) as address:
        yield address


def test_an_answer_without_end_is_taken_for_its_status_at_once(door: str) -> None:
    began = time.monotonic()
    with endless() as address:
        taken = posting.post(address, b"{}", {})
    assert (taken.taken, taken.answer) == (True, " " * posting.ANSWER_KEPT)
    refused = posting.post(f"{door}/refused", b"{}", {})
    assert (refused.taken, refused.status) == (False, 500)
    assert time.monotonic() - began < posting.POST_SECONDS


def test_headers_that_drip_are_left_at_the_deadline() -> None:
    began = time.monotonic()
    with dripping(b"HTTP/1.1 200 OK\r\nX-Slow: ") as port:
        left = posting.post(f"http://127.0.0.1:{port}/", b"{}", {}, within=0.3)
    assert (left.taken, left.error) == (False, "timeout")
    assert 0.3 <= time.monotonic() - began < posting.POST_SECONDS


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [
        ("120", 120, 120), ("99999999999", 21600, 21600), ("", 0, 0), ("soon", 0, 0), ("-1", 0, 0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0), ("Wed, 21 Oct 2065 07:28:00 GMT", 21600, 21600),
        ("Wed, 21 Oct 2015 07:28:00 -9999999999", 0, 0),
    ],
)  # fmt: skip
def test_a_server_may_ask_us_to_wait_and_not_for_ever(said: str, least: int, most: int) -> None:
    assert least <= posting._retry_after(said) <= most


def owed(whose: Customer, url: str, count: int) -> None:
    """So much news for it."""
    who, order = whose.organisation.pk, parked(whose)
    with tenancy.scope(who):
        for _ in range(count):
            outbox.emit(
                organisation_id=who, livemode=False, topic="generation.failed", url=url,
                subject=order.public_id,
            )  # fmt: skip


def failed(whose: Customer) -> int:
    """How often in a row its server let us wait in vain."""
    return webhooks.own(whose.organisation.pk, False).failed


def test_servers_that_never_answer_keep_no_other_customer_waiting(door: str) -> None:
    silent = [funded(name) for name in ("alice", "bob", "carol")]
    with socket.create_server(("127.0.0.1", 0)) as hole:
        for each in silent:
            owed(each, f"http://127.0.0.1:{hole.getsockname()[1]}/hook", 12)
        until(lambda: all(failed(each) for each in silent), seconds=60, what="three rests")
        began = time.monotonic()
        owed(funded("dave"), f"{door}/well", 3)
        until(lambda: posted == ["/well"] * 3, what="news of a customer whose server is well")
        assert time.monotonic() - began < posting.POST_SECONDS


def test_a_fault_of_ours_is_not_counted_against_an_endpoint(door: str) -> None:
    alice = funded()
    who = alice.organisation.pk
    with tenancy.scope(who):
        # What it tells of cannot be found any more, so nothing can be built for its address.
        outbox.emit(
            organisation_id=who, livemode=False, topic="generation.failed", subject="gen_nobodys",
            url=f"{door}/well",
        )  # fmt: skip
        mine = WebhookDelivery.objects.filter(organisation_id=who)

    def tried() -> WebhookDelivery | None:
        with tenancy.scope(who):
            found: WebhookDelivery | None = (
                mine.filter(attempts__gte=1).exclude(last_error="").first()
            )
        return found

    delivery = until(tried, seconds=60, what="the first try")
    assert delivery.last_error.startswith("internal")
    assert delivery.next_attempt_at is not None
    endpoint = webhooks.own(who, False)
    assert (endpoint.failed, endpoint.failing_since, endpoint.rest_until) == (0, None, None)
    owed(alice, f"{door}/well", 1)
    until(lambda: posted == ["/well"], seconds=60, what="news that can be told")
