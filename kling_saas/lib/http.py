"""Calls to others, by httpx: time limits, byte limits, and a guard against reaching inside.

`api_client` talks to hosts an operator configured. `guarded_client` goes to addresses a customer
or an upstream named: it resolves once, refuses when any answer is not a public address, and
connects to the address it checked, so a name cannot be re-bound in between.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx
from django.conf import settings
from httpcore._backends.sync import SyncBackend

AGENT = {"User-Agent": "kling-saas/1"}
_OF_LEASE = 0.75  # in which a call is over; the rest is for writing down what came of it
CONNECT = 10.0  # seconds, to a configured host
_CONNECT_ELSEWHERE = 5.0  # to an address others named: of a host that swallows calls there are many
_PIECE = 64 * 1024  # bytes that are written under one look at the clock
ANSWER_MAX = 16 * 1024 * 1024  # bytes; a list of 500 tasks has half of one
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_PASSING = (408, 425, 429)  # and every 5xx: the same question may be answered later
_PUBLIC_IPV6 = ipaddress.ip_network("2000::/3")  # all that IANA has given out as global unicast


class BlockedAddress(Exception):
    """The address is not one we may fetch; the text never says what stands behind it."""


class FetchFailed(Exception):
    """A fetch that did not give what was asked; the text is fit for whoever named the address.

    `status` is the HTTP status when there was one. `passing`: nobody answered, or only "not now",
    so that it may come later. What came and was wrong, or was refused, is not passing.
    """

    def __init__(self, reason: str, status: int | None = None, *, passing: bool = False) -> None:
        super().__init__(reason)
        self.status = status
        self.passing = passing or status in _PASSING or (status is not None and status >= 500)


def was_not_sent(error: httpx.HTTPError) -> bool:
    """Whether the request certainly never reached the server: then it is safe to send again."""
    return isinstance(
        error,
        httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.UnsupportedProtocol,
    )


class AnswerTooLarge(httpx.DecodingError):
    """An API's answer that has no end; whoever asked must not be filled by it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, unpacked. `headers` are found in any case."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True, slots=True)
class Question:
    """A GET that may be repeated: where, and with which headers."""

    address: str
    headers: Mapping[str, str]


def call(client: httpx.Client, request: httpx.Request) -> Answer:
    """The whole answer. Raises AnswerTooLarge (over ANSWER_MAX) and httpx's errors."""
    answer, content = client.send(request, stream=True), bytearray()
    with closing(answer):
        for chunk in answer.iter_bytes():
            _append(content, chunk, request)
    return Answer(answer.status_code, answer.headers, bytes(content))


async def read(answer: httpx.Response) -> Answer:
    """The whole of an answer that has begun to come. Raises as `call`."""
    content = bytearray()
    try:
        async for chunk in answer.aiter_bytes():
            _append(content, chunk, answer.request)
    finally:
        await answer.aclose()
    return Answer(answer.status_code, answer.headers, bytes(content))


def _append(content: bytearray, chunk: bytes, request: httpx.Request) -> None:
    content += chunk
    if len(content) > ANSWER_MAX:
        raise AnswerTooLarge(f"an answer of more than {ANSWER_MAX} bytes", request=request)


@cache
def trusted() -> ssl.SSLContext:
    """The certificates we believe, read once: it takes 30 ms and half a megabyte each time."""
    return httpx.create_ssl_context()


def api_client(timeout: float | None = None) -> httpx.Client:
    """For one call at a configured host. Plain httpx: it tells "not sent" from "no answer".

    `timeout` is for one read or write. All it does ends within three quarters of LEASE_SECONDS from
    now, whatever `timeout` says: a create must be over before another worker may have its order.
    """
    seconds = timeout or settings.UPSTREAM_TIMEOUT
    backend = _TimedBackend(time.monotonic() + settings.LEASE_SECONDS * _OF_LEASE)
    return _client_on(backend, httpx.Timeout(seconds, connect=CONNECT))


def _client_on(backend: httpcore.NetworkBackend, limits: httpx.Timeout) -> httpx.Client:
    transport = httpx.HTTPTransport(verify=trusted(), trust_env=False)
    pool = transport._pool  # noqa: SLF001 - httpx has no public way to set the network backend
    pool._network_backend = backend  # noqa: SLF001
    return httpx.Client(timeout=limits, headers=AGENT, transport=transport, trust_env=False)


class _TimedStream(httpcore.NetworkStream):
    """A connection on which every read and write waits no longer than until `deadline`.

    A time limit for each read alone never ends against a server that sends a byte now and then.
    """

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """At most `max_bytes`. Raises httpcore.ReadTimeout."""
        return self._stream.read(max_bytes, _left(self._deadline, timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """All of `buffer`. Raises httpcore.WriteTimeout."""
        for begin in range(0, len(buffer), _PIECE):
            left = _left(self._deadline, timeout, httpcore.WriteTimeout)
            self._stream.write(buffer[begin : begin + _PIECE], left)

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """The same connection with TLS, under the same deadline."""
        left = _left(self._deadline, timeout, httpcore.ConnectTimeout)
        return _TimedStream(
            self._stream.start_tls(ssl_context, server_hostname, left), self._deadline
        )

    def get_extra_info(self, info: str) -> Any:
        """What the connection knows about itself."""
        return self._stream.get_extra_info(info)


def _left(deadline: float, timeout: float | None, too_late: type[Exception]) -> float:
    """Seconds one operation may take. Raises `too_late` when there are none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise too_late("slower than the time allowed")
    return left if timeout is None else min(left, timeout)


class _TimedBackend(SyncBackend):
    """Everything on its connections is over at `deadline`, on the monotonic clock."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection under the deadline. Raises httpcore.ConnectTimeout when it has passed."""
        left = _left(self._deadline, timeout, httpcore.ConnectTimeout)
        stream = super().connect_tcp(host, port, left, local_address, socket_options)
        return _TimedStream(stream, self._deadline)


class _GuardedBackend(_TimedBackend):
    """Connects only to public addresses, to the very one that was checked."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Resolve once, check every answer, connect to the first."""
        address = _checked_address(host, port)
        return super().connect_tcp(address, port, timeout, local_address, socket_options)


def _checked_address(host: str, port: int) -> str:
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"{host} has no address") from error
    addresses = [str(answer[4][0]) for answer in answers]
    if not settings.ALLOW_PRIVATE_ADDRESSES and not all(map(is_public, addresses)):
        raise BlockedAddress("this address is not public")
    return addresses[0]


def is_public(text: str) -> bool:
    """Whether an IP address is globally reachable, whatever it is wrapped in."""
    address: Any = ipaddress.ip_address(text.partition("%")[0])
    if address.version == 6:
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.ip_address(int(address) & 0xFFFFFFFF)
        if inner is None and address not in _PUBLIC_IPV6:
            return False
        address = inner or address
    return bool(address.is_global and not address.is_multicast)


def check_address(url: str) -> None:
    """Refuse an address by its form alone, before anything is resolved. Raises BlockedAddress."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BlockedAddress("this is not an address") from None
    private = settings.ALLOW_PRIVATE_ADDRESSES
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise BlockedAddress("addresses begin with https://")
    if parts.username or parts.password:
        raise BlockedAddress("addresses must not carry a user name or password")
    if not private and port not in {None, 80, 443}:
        raise BlockedAddress("only the ports 80 and 443 are reached")
    try:
        literal = ipaddress.ip_address(parts.hostname)
    except ValueError:
        return
    if not private and not is_public(str(literal)):
        raise BlockedAddress("this address is not public")


@contextmanager
def guarded_client(max_seconds: float, timeout: float = 15.0) -> Iterator[httpx.Client]:
    """A client for addresses others named. Redirects are for the caller to check and follow.

    `timeout` is for one read or write, `max_seconds` for all it does from now on, headers included.
    """
    backend = _GuardedBackend(time.monotonic() + max_seconds)
    limits = httpx.Timeout(timeout, connect=min(timeout, _CONNECT_ELSEWHERE))
    with _client_on(backend, limits) as client:
        yield client


def fetch(url: str, *, max_bytes: int, max_seconds: float, redirects: int = 3) -> Iterator[bytes]:
    """Stream a body in chunks. Raises FetchFailed or BlockedAddress; ends early for nobody.

    A body shorter or longer than its Content-Length, larger than `max_bytes` or slower than
    `max_seconds` in all is a failure.
    """
    deadline = time.monotonic() + max_seconds
    with guarded_client(max_seconds) as client:
        for _ in range(redirects + 1):
            check_address(url)
            answered = False
            try:
                with client.stream("GET", url) as response:
                    answered = True
                    if response.is_redirect:
                        url = str(response.next_request.url) if response.next_request else ""
                        continue
                    if response.status_code != 200:
                        raise FetchFailed(f"HTTP {response.status_code}", response.status_code)
                    yield from _body(response, max_bytes)
                    return
            except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
                slow = time.monotonic() >= deadline
                raise FetchFailed(
                    "slower than the time allowed" if slow else _why(error),
                    passing=_is_of_the_line(error, answered=answered),
                ) from error
    raise FetchFailed("too many redirects")


def _is_of_the_line(error: Exception, *, answered: bool) -> bool:
    """Whether the network is the cause, or a server that hung up before it said anything.

    One that announces more than it sends hangs up as well, and does so again.
    """
    hung_up = isinstance(error, httpx.RemoteProtocolError) and not answered
    return hung_up or isinstance(error, httpx.TimeoutException | httpx.NetworkError)


def _why(error: Exception) -> str:
    """For whoever named the address; the error itself is the cause."""
    if isinstance(error, httpx.InvalidURL | UnicodeError):
        return "this is not an address"
    if isinstance(error, httpx.HTTPError) and was_not_sent(error):
        return "nobody answers there"
    if isinstance(error, httpx.TimeoutException):
        return "no answer came in time"
    return "the connection broke off"


def _body(response: httpx.Response, max_bytes: int) -> Iterator[bytes]:
    announced = response.headers.get("Content-Length", "")
    if announced.isdigit() and int(announced) > max_bytes:
        raise FetchFailed(f"larger than {max_bytes} bytes")
    received = 0
    for chunk in response.iter_bytes():  # as they come: a chunk size would wait until it is full
        received += len(chunk)
        if received > max_bytes:
            raise FetchFailed(f"larger than {max_bytes} bytes")
        yield chunk
    plain = "Content-Encoding" not in response.headers
    if plain and announced.isdigit() and received != int(announced):
        raise FetchFailed(f"{received} of {announced} bytes came")


def blocking_client(limits: httpx.Timeout) -> httpx.AsyncClient:
    """For one call at a configured host that is answered minutes later: plain httpx, no pool."""
    return httpx.AsyncClient(timeout=limits, headers=AGENT, trust_env=False, verify=trusted())
