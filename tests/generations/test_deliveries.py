"""Callbacks to customers: a server that never ends must not keep another customer waiting."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from generations import deliveries


@pytest.fixture
def door() -> Iterator[str]:
    """Answers at /endless with a body without end, at /refused with 500, at /slow byte by byte."""

    class Server(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
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

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_an_answer_without_end_is_taken_for_its_status_at_once(door: str) -> None:
    began = time.monotonic()
    assert deliveries._post(f"{door}/endless", {"a": 1}) == ""
    assert deliveries._post(f"{door}/refused", {"a": 1}) == "HTTP 500"
    assert time.monotonic() - began < 1


def test_headers_that_drip_are_left_at_the_deadline(
    door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "POST_SECONDS", 0.3)
    began = time.monotonic()
    assert deliveries._post(f"{door}/slow", {"a": 1}) == "ReadTimeout"
    assert time.monotonic() - began < 1
