"""What a program streams has no length beforehand, and is read all the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.generations.programs import FILM, available, funded
from tests.people import Customer
from tests.web.conftest import png

_KLING = {"model_name": "kling-v1", "prompt": "A boat"}
_FLAT = {"model": "kling-v1", "prompt": "A boat"}


def pieces(body: bytes) -> Iterator[bytes]:
    for place in range(0, len(body), 10):
        yield body[place : place + 10]


def sent(site: str, alice: Customer, path: str, body: Iterator[bytes], kind: str) -> Any:
    proof = {"x-api-key": alice.test_key, "Authorization": f"Bearer {alice.test_key}"}
    return requests.post(
        site + path, data=body, headers={**proof, "Content-Type": kind}, timeout=60
    )


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("/api/v1/generations", FILM),
        ("/kling/v1/videos/text2video", _KLING),
        ("/llmprovider/v1/videos/text2video", _FLAT),
        ("/segmind/v2/kling-text2video", {"prompt": "A boat"}),
        ("/openai/v1/videos", {"model": "kling-v1", "prompt": "A boat"}),
    ],
)
def test_an_order_that_is_streamed_is_read(site: str, path: str, order: dict[str, Any]) -> None:
    alice = funded()
    before = available(alice)
    made = sent(site, alice, path, pieces(json.dumps(order).encode()), "application/json")
    assert made.status_code in (200, 201, 202), made.text
    assert available(alice) < before


def test_a_picture_that_is_streamed_is_kept_and_an_endless_body_refused(site: str) -> None:
    alice = funded()
    picture = png(400, 400)
    kept = sent(site, alice, "/api/v1/uploads", pieces(picture), "image/png")
    assert (kept.status_code, kept.json()["bytes"] > 0) == (201, True), kept.text
    for path in ("/api/v1/generations", "/kling/v1/videos/text2video", "/api/v1/uploads"):
        endless = (b" " * 2**20 for _ in range(40))
        kind = "image/png" if "uploads" in path else "application/json"
        refused = sent(site, alice, path, endless, kind)
        told = 400 if "kling" in path else 413  # Kling's table has no other
        assert refused.status_code == told, refused.text
        assert "large" in refused.text or "at most" in refused.text
    assert available(alice) == 10_000
