"""Callbacks to customers: a server that never ends must not keep another customer waiting."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from accounts import outbox, tenancy
from accounts.models import Organisation
from generations import deliveries
from tests.generations.orders import parked
from tests.generations.programs import funded
from tests.people import Customer
from tests.serving import Quiet, serving
from tests.waiting import until

posted: list[str] = []


@pytest.fixture
def door() -> Iterator[str]:
    """Answers at /endless with a body without end, at /refused with 500, at /slow byte by byte."""

    posted.clear()

    class Server(Quiet):
        def post(self) -> None:
            self.body()
            posted.append(self.path)
            with suppress(OSError):
                if self.path == "/slow":
                    self.drip(b"0")
                self.send_response(500 if self.path == "/refused" else 200)
                self.end_headers()
                if self.path == "/endless":
                    self.drip(b"x" * 1000)

        def drip(self, piece: bytes) -> None:
            while True:
                self.wfile.write(piece)
                time.sleep(0.01)

    with serving(Server) as address:
        yield address


def test_an_answer_without_end_is_taken_for_its_status_at_once(door: str) -> None:
    began = time.monotonic()
    assert deliveries._post(f"{door}/endless", {"a": 1}) == ""
    assert deliveries._post(f"{door}/refused", {"a": 1}) == "HTTP 500"
    assert time.monotonic() - began < deliveries.POST_SECONDS


def test_headers_that_drip_are_left_at_the_deadline(
    door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "POST_SECONDS", 0.3)
    assert deliveries._post(f"{door}/slow", {"a": 1}) == "ReadTimeout"


def owed(whose: Customer, url: str, count: int) -> None:
    """So much news for it."""
    who, order = whose.organisation.pk, parked(whose)
    with tenancy.scope(who):
        for _ in range(count):
            outbox.emit(
                organisation_id=who, livemode=False, topic="any", url=url,
                subject=order.public_id,
            )  # fmt: skip


def failed(whose: Customer) -> int:
    """How often in a row its server let us wait in vain."""
    with tenancy.scope(whose.organisation.pk):
        return Organisation.objects.get(pk=whose.organisation.pk).callbacks_failed


def test_servers_that_never_answer_keep_no_other_customer_waiting(door: str) -> None:
    silent = [funded(name) for name in ("alice", "bob", "carol")]
    with socket.create_server(("127.0.0.1", 0)) as hole:
        for each in silent:
            owed(each, f"http://127.0.0.1:{hole.getsockname()[1]}/hook", 12)
        until(lambda: all(failed(each) for each in silent), seconds=60, what="three rests")
        began = time.monotonic()
        owed(funded("dave"), f"{door}/well", 3)
        until(lambda: posted == ["/well"] * 3, what="news of a customer whose server is well")
        assert time.monotonic() - began < deliveries.POST_SECONDS
