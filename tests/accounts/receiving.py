"""A customer's own server for events: it keeps what came, and answers as a test tells it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import standardwebhooks
import svix

from tests.generations.programs import Program
from tests.serving import Quiet, serving
from tests.waiting import until


@dataclass(frozen=True, slots=True)
class Came:
    """One post, as it came."""

    path: str
    headers: dict[str, str]
    content: bytes
    at: float

    @property
    def event(self) -> str:
        return self.headers["webhook-id"]

    @property
    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.content)
        return found


@dataclass(slots=True)
class Receiver:
    """`answers` is what a path is answered: a status, a body and headers; else 204."""

    address: str = ""
    came: list[Came] = field(default_factory=list)
    answers: dict[str, tuple[int, bytes, dict[str, str]]] = field(default_factory=dict)

    def at(self, path: str) -> list[Came]:
        """What came there."""
        return [each for each in self.came if each.path == path]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Listens until the block ends."""
    this = Receiver()

    class Door(Quiet):
        def post(self) -> None:
            content = self.body()
            headers = {name.lower(): value for name, value in self.headers.items()}
            this.came.append(Came(self.path, headers, content, time.monotonic()))
            status, body, more = this.answers.get(self.path, (204, b"", {}))
            self.answer(status, body, **more)

    with serving(Door) as address:
        this.address = address
        yield this


def endpoint(api: Program, url: str, *events: str) -> dict[str, Any]:
    """A new one, with its secret."""
    answer = api.post("/webhooks", {"url": url, "events": list(events) or ["*"]})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def change(api: Program, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = api.http.patch(api.root + path, json=body, timeout=60)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def sent_test(api: Program, made: dict[str, Any]) -> dict[str, Any]:
    """The delivery of a test event, once it is settled."""
    answer = api.post(f"/webhooks/{made['id']}/test")
    assert answer.status_code == 202, answer.text
    return over(api, made, answer.json()["id"])


def over(
    api: Program,
    made: dict[str, Any],
    delivery: str,
    is_so: Callable[[dict[str, Any]], Any] = lambda each: each["status"] != "pending",
) -> dict[str, Any]:
    """A delivery when it is so."""

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = api.get(f"/webhooks/{made['id']}/deliveries/{delivery}").json()
        return found if is_so(found) else None

    return until(look, what=f"that of {delivery}")


def proves(came: Came, secret: str) -> bool:
    """Whether both official packages believe it; each refuses it with one byte changed."""
    told = []
    for package in (standardwebhooks, svix):
        judge: Any = package.Webhook(secret)
        refused: Any = package.webhooks.WebhookVerificationError
        try:
            judge.verify(came.content, came.headers)
        except refused:
            told.append(False)
        else:
            told.append(True)
        with pytest.raises(refused):
            judge.verify(came.content.replace(b"e", b"f", 1), came.headers)
    assert told[0] == told[1]
    return told[0]
