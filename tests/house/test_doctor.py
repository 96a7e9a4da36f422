"""The doctor judges the clocks of upstreams, and no answer of theirs makes it fall over."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.utils import timezone

from generations.models import Protocol, ProviderAccount
from kling_saas import doctor


class Upstream:
    """Knows no task, and tells the time it is given; None tells none."""

    def __init__(self) -> None:
        told = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = b'{"code": 1203, "message": "no such task"}'
                self.send_response_only(404)
                if told.date is not None:
                    self.send_header("Date", told.date)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            def do_HEAD(self) -> None:
                self.do_GET()

            def log_message(self, format: str, *values: object) -> None:  # noqa: A002
                pass

        self.date: str | None = None
        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.account = ProviderAccount(
            name="clock",
            protocol=Protocol.KLING,
            base_url=f"http://127.0.0.1:{self.server.server_port}",
        )
        self.account.set_credential("sandbox-key")
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    made = Upstream()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.mark.parametrize(("seconds", "good"), [(0, True), (3, True), (3600, False), (-60, False)])
def test_an_upstream_whose_clock_is_far_from_ours_is_told(
    upstream: Upstream, seconds: int, good: bool
) -> None:
    upstream.date = format_datetime(timezone.now() + timedelta(seconds=seconds))
    found = doctor._account(upstream.account)
    assert found.good is good, found
    assert "s apart" in found.sentence


@pytest.mark.parametrize("date", [None, "", "soon", "Sun, 99 Nov 2026 25:00:00 GMT"])
def test_a_date_that_cannot_be_read_is_no_clock(upstream: Upstream, date: str | None) -> None:
    upstream.date = date
    found = doctor._account(upstream.account)
    assert (found.good, "apart" in found.sentence) == (True, False)


def test_an_address_that_is_none_tells_no_time() -> None:
    for address in ("http://[::1", "https://a..b", "http://127.0.0.1:1", ""):
        assert doctor._clocks_apart(address) is None
