"""A reply is lost and its order sent again: one film and one charge, at every door."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.generations.programs import FILM, Program, available, settled
from tests.people import Customer
from tests.waiting import until

KEY = {"Idempotency-Key": "an-order-of-mine"}
NAMED = {"external_task_id": "an-order-of-mine"}
KLINGS = {"model_name": "kling-v1", "prompt": FILM["prompt"]}


@dataclass(frozen=True)
class Door:
    """How an order is sent there, and where in the answer its id is."""

    path: str
    body: dict[str, Any]
    told: tuple[str, ...]
    headers: dict[str, str] = field(default_factory=dict)


SEGMIND = "/segmind/{}/kling-text2video"
FILMS = "/v1/videos/text2video"
DOORS = {
    "native": Door("/api/v1/generations", FILM, ("id",), KEY),
    "kling": Door(f"/kling{FILMS}", KLINGS, ("data", "task_id"), KEY),
    "kling by its task id": Door(f"/kling{FILMS}", {**KLINGS, **NAMED}, ("data", "task_id")),
    "kling at the root": Door(FILMS, {**KLINGS, **NAMED}, ("data", "task_id")),
    "segmind v1": Door(SEGMIND.format("v1"), {"prompt": "A fox"}, ("request_id",), KEY),
    "segmind v2": Door(SEGMIND.format("v2"), {"prompt": "A fox"}, ("request_id",), KEY),
    "llmprovider": Door(f"/llmprovider{FILMS}", FILM, ("task_id",), KEY),
    "llmprovider by its task id": Door(f"/llmprovider{FILMS}", {**FILM, **NAMED}, ("task_id",)),
    "openai": Door("/openai/v1/videos", {**FILM, "size": "1280x720"}, ("id",), KEY),
}


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_an_order_whose_reply_was_lost_is_one_order_when_it_is_sent_again(
    site: str, alice: Customer, api: Program, door: Door
) -> None:
    headers = {"Authorization": f"Bearer {alice.test_key}", **door.headers}
    if "segmind" in door.path:
        headers = {"x-api-key": alice.test_key, **door.headers}
    with _sent(site + door.path, headers, door.body):
        until(lambda: available(alice) < 10_000, what="that it is accepted")
    again = Program(site, **headers).post(door.path, door.body)
    found = again.json()
    for name in door.told:
        found = found[name]
    made = settled(api, found)
    assert (made["status"], made["credits"]["charged"]) == ("succeeded", 10)
    assert [each["id"] for each in api.get("/generations").json()["data"]] == [found]
    assert available(alice) == 10_000 - 10


@contextmanager
def _sent(address: str, headers: dict[str, str], body: dict[str, Any]) -> Iterator[None]:
    """The order is on its way; at the end its sender hangs up without having read."""
    parts = urlsplit(address)
    content = json.dumps(body).encode()
    told = {**headers, "Host": parts.netloc, "Content-Type": "application/json"}
    told["Content-Length"] = str(len(content))
    lines = [f"POST {parts.path} HTTP/1.1", *(f"{n}: {v}" for n, v in told.items()), "", ""]
    with socket.create_connection((parts.hostname or "", parts.port or 80)) as wire:
        wire.sendall("\r\n".join(lines).encode() + content)
        yield
