"""Writes the log of API calls off their path, in batches, by one thread of each process.

A call waits here for half a second at most, so that customers see it almost at once and no answer
waits for the log. What a killed process still held is lost: this tells customers what happened,
and nothing is decided by it.
"""

from __future__ import annotations

import atexit
import json
import logging
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import DataError, connection

from accounts import tenancy
from kling_saas.lib import logs
from kling_saas.lib.database import DATABASE_GONE

log = logging.getLogger(__name__)
_EVERY = 0.5  # seconds between two writings
_AT_ONCE = 500  # calls in a statement
_TOO_MANY = 429
_REFUSED_AT_ONCE = 10  # of an organisation's calls answered so in one writing
_MOST = 20_000  # calls that wait while the database is away
_MOST_BYTES = 64 << 20  # of bodies that wait; further calls are written without theirs

_WRITE = """
INSERT INTO accounts_apicall
    (organisation_id, livemode, request_id, at, ms, method, path, query, status, credential,
     end_user, address, request_headers, request_body, response_headers, response_body)
SELECT organisation_id, livemode, request_id, at, ms, method, path, query, status, credential,
       end_user, address, request_headers, request_body, response_headers, response_body
  FROM jsonb_populate_recordset(NULL::accounts_apicall, %s)
    ON CONFLICT (request_id) DO NOTHING
"""
_END = """
UPDATE accounts_apicall c
   SET status = e.status, ms = e.ms, response_headers = e.response_headers,
       response_body = e.response_body
  FROM jsonb_populate_recordset(NULL::accounts_apicall, %s) e
 WHERE c.request_id = e.request_id
"""


@dataclass(slots=True, kw_only=True)
class Answered:
    """What came back: `ms` since the request; the body is masked and cut when it is written."""

    status: int | None
    ms: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def row(self) -> dict[str, Any]:
        """As columns."""
        return {
            "status": self.status,
            "ms": self.ms,
            "response_headers": {k: logs.kept(v, 500) for k, v in self.headers.items()},
            "response_body": logs.redact_body(self.body, settings.REQUEST_LOG_BODY),
        }


@dataclass(slots=True, kw_only=True)
class Call:
    """A request and its answer, which has no status while it is held."""

    organisation_id: int
    livemode: bool
    request_id: str
    at: datetime
    method: str
    path: str
    query: str
    credential: str
    end_user: str
    address: str
    headers: Mapping[str, str]
    body: bytes
    answer: Answered

    def row(self) -> dict[str, Any]:
        """As columns."""
        return {
            "organisation_id": self.organisation_id,
            "livemode": self.livemode,
            "request_id": self.request_id,
            "at": self.at.isoformat(),
            "method": logs.kept(self.method, 10),
            "path": logs.kept(self.path, 500),
            "query": logs.kept(f"?{self.query}", 1000)[1:],
            "credential": self.credential,
            "end_user": self.end_user,
            "address": logs.kept(self.address, 45),
            "request_headers": {k: logs.kept(v, 500) for k, v in self.headers.items()},
            "request_body": logs.redact_body(self.body, settings.REQUEST_LOG_BODY, sent=True),
            **self.answer.row(),
        }


class Writer:
    """Takes calls from any thread, and writes them from one of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._some = threading.Event()
        self._calls: list[Call] = []
        self._ends: dict[str, Answered] = {}
        self._refused: Counter[int] = Counter()  # by organisation, since the last writing
        self._bytes = self._dropped = 0
        self._thread: threading.Thread | None = None

    def add(self, call: Call) -> None:
        """Write it soon. Of calls refused for their rate a few tell as much as all."""
        with self._lock:
            if len(self._calls) >= _MOST:
                self._dropped += 1
                return
            if call.answer.status == _TOO_MANY:
                self._refused[call.organisation_id] += 1
                if self._refused[call.organisation_id] > _REFUSED_AT_ONCE:
                    return
            self._bytes += len(call.body) + len(call.answer.body)
            if self._bytes > _MOST_BYTES:
                call.body = call.answer.body = b""
            self._calls.append(call)
            self._begin()
        self._some.set()

    def end(self, request_id: str, answer: Answered) -> None:
        """A call that was held is answered."""
        with self._lock:
            self._ends[request_id] = answer
            self._begin()
        self._some.set()

    def flush(self) -> None:
        """Write what is here now. While the database is away it waits; what it refuses is lost."""
        with self._writing:
            while batch := self._taken():
                calls, ends = batch
                try:
                    self._write(calls, ends)
                except DATABASE_GONE as error:
                    self._put_back(calls, ends)
                    connection.close()
                    log.warning("the log of calls waits: %s", error)
                    return

    def _begin(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="calls", daemon=True)
            self._thread.start()
            atexit.register(self.flush)

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            self._some.wait()
            pause.wait(_EVERY)
            self._some.clear()
            try:
                self.flush()
            except Exception:
                log.exception("a part of the log of calls is lost")
            with self._lock:
                if self._calls or self._ends:
                    self._some.set()

    def _taken(self) -> tuple[list[Call], dict[str, Answered]] | None:
        with self._lock:
            if self._dropped:
                log.warning("%d calls are missing in the log", self._dropped)
            self._dropped = 0
            self._refused.clear()
            calls, self._calls = self._calls[:_AT_ONCE], self._calls[_AT_ONCE:]
            ends: dict[str, Answered] = {}
            if not self._calls:  # so none ends before it is written
                ends, self._ends, self._bytes = self._ends, {}, 0
        return (calls, ends) if calls or ends else None

    def _put_back(self, calls: list[Call], ends: dict[str, Answered]) -> None:
        with self._lock:
            self._calls = calls + self._calls
            self._ends = {**ends, **self._ends}
            self._bytes = sum(len(each.body) + len(each.answer.body) for each in self._calls)

    def _write(self, calls: list[Call], ends: dict[str, Answered]) -> None:
        """All in one; and each by itself where the database refuses one of them."""
        try:
            _write(calls, ends)
        except DataError:
            if len(calls) + len(ends) == 1:
                log.exception("a call is missing in the log")
                return
            for call in calls:
                self._write([call], {})
            for name, answer in ends.items():
                self._write([], {name: answer})


def _write(calls: list[Call], ends: dict[str, Answered]) -> None:
    with tenancy.system("calls of every tenant are logged"), connection.cursor() as cursor:
        if calls:
            cursor.execute(_WRITE, [json.dumps([call.row() for call in calls])])
        if ends:
            rows = [{"request_id": name, **answer.row()} for name, answer in ends.items()]
            cursor.execute(_END, [json.dumps(rows)])


writer = Writer()
