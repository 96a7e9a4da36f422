"""HTTP servers of a test's own, each on a free port of this machine until its block ends."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Quiet(BaseHTTPRequestHandler):
    """A handler that says nothing on the terminal; `get` and `post` are for the test to fill."""

    def get(self) -> None:
        """Answer a GET."""
        self.answer(501)

    def post(self) -> None:
        """Answer a POST."""
        self.answer(501)

    def do_GET(self) -> None:
        """As the standard library calls it."""
        self.get()

    def do_HEAD(self) -> None:
        """As a GET; the content is not sent."""
        self.get()

    def do_POST(self) -> None:
        """As the standard library calls it."""
        self.post()

    def do_PUT(self) -> None:
        """As a POST: something is to change."""
        self.post()

    def do_PATCH(self) -> None:
        """As a POST."""
        self.post()

    def do_DELETE(self) -> None:
        """As a POST."""
        self.post()

    def body(self) -> bytes:
        """What was sent."""
        return self.rfile.read(int(self.headers["Content-Length"]))

    def answer(self, status: int, content: bytes = b"", **headers: str) -> None:
        """A whole answer; `Retry_After="1"` is a header."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *values: object) -> None:  # noqa: A002
        """Nothing."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # who hangs up is no trouble
            super().handle_error(request, client_address)


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The server's address; each connection is a thread."""
    server = _Server(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
