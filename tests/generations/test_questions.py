"""Questions that cannot be asked, and hosts that do not speak HTTP, in one set of words."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from django.test import override_settings

from kling_saas.lib.http import Answer, Question
from kling_saas.lib.questions import Questioner
from tests.serving import Quiet, serving
from tests.stack import free_ports


def asked(address: str, **headers: str) -> Answer:
    async def ask() -> Answer:
        async with Questioner() as line:
            return await line.ask(Question(address, headers))

    return asyncio.run(ask())


@contextmanager
def saying(words: bytes) -> Iterator[str]:
    """A server that says this to everybody, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(words)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("address", "error"),
    [
        ("http://127.0.0.1:{free}/", httpx.ConnectError),
        ("ftp://127.0.0.1/", httpx.UnsupportedProtocol),
        ("no address", httpx.InvalidURL),
        ("http://host:port/", httpx.LocalProtocolError),
        (f"http://{'a' * 70}.example/", httpx.InvalidURL),
    ],
)
def test_an_address_of_no_use_is_told_so(address: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        asked(address.format(free=free_ports(1)[0]))


def test_a_header_that_cannot_be_sent_is_told_so() -> None:
    with saying(b"") as address, pytest.raises(httpx.LocalProtocolError):
        asked(address, Authorization="Bearer a\r\nb")


@pytest.mark.parametrize(
    "words",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnoise",
    ],
)
def test_an_answer_that_breaks_off_or_is_none_is_told_so(words: bytes) -> None:
    with saying(words) as address, pytest.raises(httpx.ReadError):
        asked(address)


def test_a_redirect_is_an_answer_and_an_address_goes_out_as_it_was_written() -> None:
    seen: list[str] = []

    class Elsewhere(Quiet):
        def get(self) -> None:
            seen.append(self.path)
            self.answer(302, b"", Location="/elsewhere")

    with serving(Elsewhere) as address:
        answer = asked(f"{address}/a%2Cb?ids=1%2C2")
    assert (answer.status_code, answer.headers["location"]) == (302, "/elsewhere")
    assert seen == ["/a%2Cb?ids=1%2C2"]


def test_a_host_that_says_nothing_is_left() -> None:
    silent = threading.Event()

    class Silent(Quiet):
        def get(self) -> None:
            silent.wait(10)

    with serving(Silent) as address, override_settings(UPSTREAM_TIMEOUT=0.2):
        with pytest.raises(httpx.ReadTimeout):
            asked(address)
        silent.set()
