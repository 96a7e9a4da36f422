"""Servers whose answers have no end: as fast as they are read, or a byte now and then."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

from tests.serving import Quiet, serving


class _Endless(Quiet):
    def get(self) -> None:
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(b" " * 65536)

    def post(self) -> None:
        self.body()
        self.get()


@contextlib.contextmanager
def endless() -> Iterator[str]:
    """Its address."""
    with serving(_Endless) as address:
        yield address


@contextlib.contextmanager
def dripping(head: bytes) -> Iterator[int]:
    """Its port. It answers one call: the head at once, then a byte every 50 ms."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(head)
                while True:
                    connection.sendall(b"0")
                    time.sleep(0.05)

        threading.Thread(target=drip, daemon=True).start()
        yield server.getsockname()[1]
