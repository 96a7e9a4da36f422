"""A bad line to the site: it loses answers, hangs up in the middle, says that it is busy."""

from __future__ import annotations

import re
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import requests

from tests.serving import Quiet, serving

LOST, UNSENT, HALF = "lost", "unsent", "half"  # its answer is lost; never sent; cut in the middle
BUSY, MANY, GONE, OTHER = "busy", "many", "gone", "other"  # 503; 429; 404; another content
LATER = "later"  # 429, with ASKED seconds to wait
SILENT = "silent"  # taken, and never answered
GARBLED = "garbled"  # a content that is not packed as it says
EMPTY, CHATTY = "empty", "chatty"  # events: none, and an end; no end, and only that it lives
ASKED = 3  # longer than a first pause ever is
_REFUSED = {BUSY: 503, MANY: 429, GONE: 404, LATER: 429}
_HOP = {"connection", "transfer-encoding", "content-length", "date", "server"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that came."""

    line: str
    headers: dict[str, str]
    at: float = field(default_factory=time.monotonic)


@dataclass(slots=True)
class Line:
    """`faults` are what becomes of the next requests whose `METHOD /path` the pattern fits."""

    site: str
    address: str = ""
    faults: list[tuple[str, str]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def strike(self, pattern: str, *faults: str) -> None:
        """They befall the next that fit, one each."""
        self.faults += [(pattern, fault) for fault in faults]

    def of(self, pattern: str) -> list[Asked]:
        """Those that came and fit."""
        return [each for each in self.asked if re.search(pattern, each.line)]

    def next_fault(self, line: str) -> str:
        """What becomes of this one; "" is nothing."""
        found = next((each for each in self.faults if re.search(each[0], line)), None)
        if found is None:
            return ""
        self.faults.remove(found)
        return found[1]


class _Door(Quiet):
    line: Line

    def get(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = f"{self.command} {self.path}"
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.line.asked.append(Asked(asked, headers))
        fault = self.line.next_fault(asked)
        if fault == UNSENT:
            self.hang_up()
        elif fault == EMPTY:
            self.answer(200, Content_Type="text/event-stream")
        elif fault == SILENT:
            while self.hung_on():
                pass
        elif fault == GARBLED:
            self.answer(200, b"not gzip", Content_Encoding="gzip")
        elif fault == CHATTY:
            self.chat()
        elif fault in _REFUSED:
            after = str(ASKED if fault == LATER else 0)
            self.answer(_REFUSED[fault], b"<html>a proxy's page</html>", Retry_After=after)
        else:
            self.through(sent, headers, fault)

    post = get

    def through(self, sent: bytes, headers: dict[str, str], fault: str) -> None:
        kept = {name: value for name, value in headers.items() if name not in ("host", *_HOP)}
        with requests.request(
            self.command, self.line.site + self.path, data=sent, stream=True,
            headers={**kept, "Accept-Encoding": "identity"}, allow_redirects=False, timeout=120,
        ) as answer:  # fmt: skip
            if fault == LOST:
                _ = answer.content
                self.hang_up()
                return
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name.lower() not in _HOP:
                    self.send_header(name, value)
            if "json" in answer.headers.get("Content-Type", ""):
                self.whole(answer.content, fault)
            else:
                self.flow(answer, fault)

    def whole(self, content: bytes, fault: str) -> None:
        content = content.replace(self.line.site.encode(), self.line.address.encode())
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if fault == HALF else content)

    def flow(self, answer: requests.Response, fault: str) -> None:
        length = answer.headers.get("Content-Length")
        if length is not None:
            self.send_header("Content-Length", length)
        self.end_headers()
        left = int(length) // 2 if length and fault == HALF else None
        for piece in answer.iter_content(None if length is None else 4096):
            self.wfile.write(piece[::-1] if fault == OTHER else piece[:left])
            self.wfile.flush()
            if fault == HALF and (left is None or (left := left - len(piece)) <= 0):
                return

    def chat(self) -> None:
        self.send_response(200)
        self.end_headers()
        while self.hung_on():
            self.wfile.write(b": still here\n\n")

    def hung_on(self) -> bool:
        """False once the client has left, which a moment's waiting for its next word shows."""
        return not select.select([self.connection], [], [], 0.1)[0]

    def hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def bad_line(site: str) -> Iterator[Line]:
    """Listens until the block ends; links in answers lead through it too."""
    this = Line(site)
    with serving(type("Door", (_Door,), {"line": this})) as address:
        this.address = address
        yield this
