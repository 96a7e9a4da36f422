"""Addresses that others name: none of them makes us open a connection inside.

Resolver and connector are replaced at the socket level, so what is asserted is where a real
client would have gone, and every name can answer what an attacker likes.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from django.test import override_settings

from kling_saas.lib import http as kling_http
from tests.generations.endless import dripping
from tests.serving import Quiet, serving

PUBLIC, RESOLVE = "93.184.216.34", socket.getaddrinfo
INSIDE = [
    # one address in many spellings
    "http://127.0.0.1/", "http://127.1/", "http://127.0.1/", "http://2130706433/",
    "http://0x7f000001/", "http://0x7f.0.0.1/", "http://0177.0.0.1/", "http://017700000001/",
    "http://127.0.0.1./", "http://127.000.000.001/", "http://0x7F.1/", "http://127.255.255.254/",
    "http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/", "http://１２７.0.0.1/", "http://%31%32%37.0.0.1/",
    "http://localhost/", "http://LOCALHOST/", "http://localhost./",
    # this host, this network, link local and cloud metadata, carrier, benchmarks, documentation
    "http://0.0.0.0/", "http://0/", "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/", "http://10.0.0.1/", "http://172.16.0.1/", "http://192.168.1.1/",
    "http://100.64.0.1/", "http://198.18.0.1/", "http://192.0.2.1/", "http://224.0.0.1/",
    "http://240.0.0.1/", "http://255.255.255.255/",
    # IPv6, plain and with an IPv4 address inside
    "http://[::1]/", "http://[::]/", "http://[0:0:0:0:0:0:0:1]/", "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/", "http://[::127.0.0.1]/", "http://[::ffff:0:127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/", "http://[64:ff9b:1::7f00:1]/", "http://[2002:7f00:1::]/",
    "http://[2001:0:7f00:1::]/", "http://[fe80::1]/", "http://[fe80::1%25lo]/", "http://[fc00::1]/",
    "http://[fec0::1]/", "http://[ff02::1]/",
    # words before the host, other ports, other schemes, no address at all
    "http://example.com@127.0.0.1/", "http://a:b@example.com/", "http://127.0.0.1:80\\@example.com/",
    "http://public.test:22/", "http://public.test:8080/", "https://public.test:5432/",
    "file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:6379/_INFO", "//127.0.0.1/",
    "http://", "http:///127.0.0.1", "http://[::1", "127.0.0.1", "", "http://127.0.0.1 /",
    # names that lead inside
    "http://inside.test/", "https://inside.test/", "http://mixed.test/", "http://six.test/",
    "http://metadata.test/", "http://nowhere.test/",
]  # fmt: skip
NAMES = {
    "public.test": [PUBLIC],
    "inside.test": ["127.0.0.1"],
    "mixed.test": [PUBLIC, "10.0.0.1"],
    "six.test": ["::1"],
    "metadata.test": ["169.254.169.254"],
    "nowhere.test": [],
}


class Wire:
    """The network as the guarded client sees it: names, and where it connected."""

    def __init__(self, door: int) -> None:
        self.door = door
        self.reached: list[str] = []
        self.names = {name: list(found) for name, found in NAMES.items()}
        self.rebinding: list[list[str]] = []
        self.open = socket.create_connection

    def resolve(self, host: str, port: int, *rest: Any, **more: Any) -> list[Any]:
        if host == "rebinding.test":
            found = self.rebinding.pop(0)
        elif host in self.names:
            found = self.names[host]
        else:
            return RESOLVE(host, port, *rest, **more)
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]

    def connect(self, address: tuple[str, int], *rest: Any, **more: Any) -> socket.socket:
        self.reached.append(address[0])
        assert address[0] == PUBLIC, address
        return self.open(("127.0.0.1", self.door))


@pytest.fixture
def answers() -> dict[str, tuple[int, dict[str, str], bytes]]:
    """What the public server says at each path; a test fills it."""
    return {}


@pytest.fixture
def wire(
    monkeypatch: pytest.MonkeyPatch, answers: dict[str, tuple[int, dict[str, str], bytes]]
) -> Iterator[Wire]:
    """A network with one public server, and the guard shut."""

    class Server(Quiet):
        def get(self) -> None:
            status, headers, body = answers.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    with serving(Server) as address:
        made = Wire(int(address.rpartition(":")[2]))
        monkeypatch.setattr(socket, "getaddrinfo", made.resolve)
        monkeypatch.setattr(socket, "create_connection", made.connect)
        with override_settings(ALLOW_PRIVATE_ADDRESSES=False):
            yield made
        monkeypatch.undo()


def fetched(address: str, *, most: int = 1000, seconds: float = 5) -> bytes:
    return b"".join(kling_http.fetch(address, max_bytes=most, max_seconds=seconds))


def test_the_corpus_is_large_enough() -> None:
    assert len(set(INSIDE)) == len(INSIDE) >= 60


@pytest.mark.parametrize("address", INSIDE)
def test_no_spelling_of_an_inner_address_opens_a_connection(wire: Wire, address: str) -> None:
    with pytest.raises((kling_http.BlockedAddress, kling_http.FetchFailed)):
        fetched(address)
    assert wire.reached == []


def test_a_public_address_is_fetched(wire: Wire, answers: dict[str, Any]) -> None:
    answers["/film"] = (200, {}, b"film")
    assert fetched("http://public.test/film") == b"film"
    assert wire.reached == [PUBLIC]


@pytest.mark.parametrize("target", INSIDE[:48])
def test_a_redirect_inside_is_not_followed(
    wire: Wire, answers: dict[str, Any], target: str
) -> None:
    answers["/"] = (302, {"Location": target.encode().decode("latin-1")}, b"")
    with pytest.raises((kling_http.BlockedAddress, kling_http.FetchFailed)):
        fetched("http://public.test/")
    assert set(wire.reached) == {PUBLIC}


def test_a_redirect_to_another_scheme_or_in_a_circle_ends(
    wire: Wire, answers: dict[str, Any]
) -> None:
    answers["/file"] = (302, {"Location": "file:///etc/passwd"}, b"")
    answers["/circle"] = (302, {"Location": "/circle"}, b"")
    with pytest.raises(kling_http.BlockedAddress):
        fetched("http://public.test/file")
    with pytest.raises(kling_http.FetchFailed, match="too many redirects"):
        fetched("http://public.test/circle")
    assert wire.reached.count(PUBLIC) == len(wire.reached)


def test_a_redirect_to_no_host_is_a_failed_fetch(wire: Wire, answers: dict[str, Any]) -> None:
    answers["/old"] = (302, {"Location": "https://xn--a/"}, b"")
    with pytest.raises(kling_http.FetchFailed, match="this is not an address"):
        fetched("http://public.test/old")


def test_a_redirect_to_a_public_address_is_followed(wire: Wire, answers: dict[str, Any]) -> None:
    answers["/old"] = (307, {"Location": "/new"}, b"")
    answers["/new"] = (200, {}, b"film")
    assert fetched("http://public.test/old") == b"film"


def test_a_name_that_changes_its_mind_is_asked_once(wire: Wire, answers: dict[str, Any]) -> None:
    answers["/"] = (200, {}, b"film")
    wire.rebinding = [[PUBLIC], ["127.0.0.1"]]
    assert fetched("http://rebinding.test/") == b"film"
    assert (wire.reached, wire.rebinding) == ([PUBLIC], [["127.0.0.1"]])
    with pytest.raises((kling_http.BlockedAddress, kling_http.FetchFailed)):
        fetched("http://rebinding.test/")
    assert wire.reached == [PUBLIC]


def test_the_refusal_never_says_what_stands_there(wire: Wire) -> None:
    said = set()
    for address in ("http://127.0.0.1/", "http://10.0.0.1/", "http://inside.test/"):
        with pytest.raises(kling_http.BlockedAddress) as refusal:
            fetched(address)
        said.add(str(refusal.value))
    assert said == {"this address is not public"}


def test_a_body_too_large_too_short_or_too_slow_is_a_failure(
    wire: Wire, answers: dict[str, Any]
) -> None:
    answers["/large"] = (200, {}, b"x" * 1001)
    answers["/short"] = (200, {"Content-Length": "900"}, b"x" * 500)
    answers["/gone"] = (403, {}, b"")
    with pytest.raises(kling_http.FetchFailed, match="larger than 1000 bytes"):
        fetched("http://public.test/large")
    with pytest.raises(kling_http.FetchFailed):
        fetched("http://public.test/short", seconds=3)
    with pytest.raises(kling_http.FetchFailed, match="slower"):
        fetched("http://public.test/large", most=2000, seconds=0)
    with pytest.raises(kling_http.FetchFailed) as refusal:
        fetched("http://public.test/gone")
    assert refusal.value.status == 403


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", b"HTTP/1.1 2"])
def test_a_server_that_sends_a_byte_now_and_then_is_left_at_the_deadline(
    wire: Wire, head: bytes
) -> None:
    with dripping(head) as wire.door:
        began = time.monotonic()
        with pytest.raises(kling_http.FetchFailed, match="slower than the time allowed"):
            fetched("http://public.test/drip", seconds=0.5)
        assert time.monotonic() - began >= 0.5


@pytest.mark.parametrize("reads", [True, False])
def test_a_call_of_an_upstream_is_over_before_its_lease(reads: bool) -> None:
    """Each read and write alone is soon done: the server takes or sends a byte now and then."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                if reads:
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n")
                while True:
                    connection.sendall(b"0") if reads else connection.recv(1)
                    time.sleep(0.05)

        threading.Thread(target=drip, daemon=True).start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}/"
        began = time.monotonic()
        with (
            override_settings(LEASE_SECONDS=1, UPSTREAM_TIMEOUT=30.0),
            kling_http.api_client() as client,
            pytest.raises(httpx.TimeoutException) as error,
        ):
            client.post(address, content=b"" if reads else b"x" * 30_000_000)
        assert 0.7 <= time.monotonic() - began < 10  # the server goes on for 45 s and for ever
        assert not kling_http.was_not_sent(error.value)


def test_who_slept_until_the_lease_was_over_does_not_call_any_more() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        with (
            override_settings(LEASE_SECONDS=0),
            kling_http.api_client() as client,
            pytest.raises(httpx.ConnectTimeout) as error,
        ):
            client.post(f"http://127.0.0.1:{server.getsockname()[1]}/")
        assert kling_http.was_not_sent(error.value)
        server.settimeout(0.1)
        with pytest.raises(TimeoutError):
            server.accept()


def test_the_demo_and_its_tests_may_reach_this_machine(wire: Wire) -> None:
    assert ipaddress.ip_address("127.0.0.1").is_loopback
    with override_settings(ALLOW_PRIVATE_ADDRESSES=True):
        kling_http.check_address("http://127.0.0.1:9100/")
    with pytest.raises(kling_http.BlockedAddress):
        kling_http.check_address("http://127.0.0.1:9100/")
