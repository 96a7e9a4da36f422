"""The line to an upstream: passes HTTP on over real sockets, and fails as it is told to.

Each request is a create (POST), a look (GET) or a film's download; what is to happen to the next
ones of a sort is told beforehand. Connections are not kept, so that one cut hurts one request.
"""

from __future__ import annotations

import socket
import threading
from collections import Counter, deque
from enum import StrEnum

_CHUNK = 65_536
_PATIENCE = 20.0  # seconds a caller is left without an answer, if it does not give up before
_REFUSAL = b"HTTP/1.1 503 X\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


class Sort(StrEnum):
    """What a request is for."""

    CREATE = "create"
    LOOK = "look"
    FILM = "film"


class Fault(StrEnum):
    """What happens to one request."""

    LOST_REQUEST = "lost-request"  # cut before the upstream hears of it
    LOST_REPLY = "lost-reply"  # the upstream did it; cut instead of the answer
    LATE_REPLY = "late-reply"  # the upstream did it; no answer until the caller has given up
    REFUSED = "refused"  # 503, the upstream hears nothing
    CUT = "cut"  # half of the answer


class Line:
    """Listens on a port of its own; every connection is a thread."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self._upstream = upstream
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.struck: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._next: dict[Sort, deque[Fault]] = {sort: deque() for sort in Sort}
        threading.Thread(target=self._accept, name="line", daemon=True).start()

    def will(self, sort: Sort, fault: Fault, times: int = 1) -> None:
        """The next `times` requests of this sort suffer this."""
        with self._lock:
            self._next[sort].extend([fault] * times)

    def troubles(self) -> int:
        """How often it has failed so far."""
        with self._lock:
            return self.struck.total()

    def calm(self) -> None:
        """Nothing is planned any more."""
        with self._lock:
            for planned in self._next.values():
                planned.clear()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        with caller:
            try:
                if request := _request(caller):
                    self._answer(caller, request)
            except OSError:
                return
            finally:
                _hang_up(caller)

    def _answer(self, caller: socket.socket, request: bytes) -> None:
        fault = self._fault(_sort(request))
        if fault is Fault.LOST_REQUEST:
            return
        if fault is Fault.REFUSED:
            caller.sendall(_REFUSAL)
            return
        reply = self._asked(request)
        if fault is Fault.LATE_REPLY:
            caller.settimeout(_PATIENCE)
            caller.recv(1)  # nothing but the end of its patience
        elif fault is Fault.CUT:
            caller.sendall(reply[: len(reply) // 2])
        elif fault is None:
            caller.sendall(reply)

    def _fault(self, sort: Sort) -> Fault | None:
        with self._lock:
            if not self._next[sort]:
                return None
            fault = self._next[sort].popleft()
            self.struck[f"{sort} {fault}"] += 1
            return fault

    def _asked(self, request: bytes) -> bytes:
        with socket.create_connection(self._upstream, timeout=_PATIENCE) as upstream:
            upstream.sendall(request)
            reply = bytearray()
            while part := upstream.recv(_CHUNK):
                reply += part
        return bytes(reply)


def _request(caller: socket.socket) -> bytes:
    """One whole request, told to end its connection; empty when the caller went away."""
    caller.settimeout(_PATIENCE)
    got = bytearray()
    while b"\r\n\r\n" not in got:
        part = caller.recv(_CHUNK)
        if not part:
            return b""
        got += part
    head, _, body = bytes(got).partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    length = next(
        (int(n.split(b":")[1]) for n in lines if n.lower().startswith(b"content-length:")), 0
    )
    while len(body) < length:
        part = caller.recv(_CHUNK)
        if not part:
            return b""
        body += part
    return b"\r\n".join([*lines, b"Connection: close", b"", body])


def _sort(request: bytes) -> Sort:
    if request.startswith(b"POST"):
        return Sort.CREATE
    return Sort.FILM if b"/films/" in request.partition(b"\r\n")[0] else Sort.LOOK


def _hang_up(caller: socket.socket) -> None:
    """Ends the connection even where a forked child holds a copy of it."""
    try:
        caller.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
