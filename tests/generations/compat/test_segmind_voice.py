"""Segmind's kling-create-voice makes a voice that later orders name, at its recorded price."""

from __future__ import annotations

from typing import Any

import pytest

from tests.generations.programs import Program, available, settled
from tests.people import Customer
from tests.waiting import until

PAGE = "/v1/kling-create-voice"


@pytest.fixture
def recording(api: Program) -> str:
    """The address of somebody speaking for more than five seconds."""
    text = "Good evening, dear friends. It is a pleasure to see all of you here tonight."
    order = {"task": "tts", "text": text, "voice": "v", "language": "en"}
    made = settled(api, api.post("/generations", order).json()["id"])
    return str(made["audio"]["url"])


def test_the_held_call_answers_with_the_voice(
    segmind: Program, api: Program, alice: Customer, recording: str
) -> None:
    before = available(alice)
    answer = segmind.post(PAGE, {"voice_url": recording, "voice_name": "Fox"})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    assert told["output"] == {**told["output"], "voice_id": told["voice_id"], "voice_name": "Fox"}
    assert before - available(alice) == 1
    assert answer.headers["x-cost"] == "0.028"
    film = {"model": "kling-v2-6", "mode": "pro", "sound": True, "voices": [told["voice_id"]],
            "prompt": "Hi", "image": "https://example.com/a.png"}  # fmt: skip
    assert api.post("/quotes", film).json()["credits"] == 60


def test_a_queued_voice_is_asked_for_by_its_request(segmind: Program, recording: str) -> None:
    queued = segmind.post("/v2/kling-create-voice", {"audio_url": recording}).json()
    assert queued["status"] == "QUEUED"
    path = queued["response_url"].partition("/segmind")[2]
    found = _ended(segmind, path)
    assert found["output"]["voice_id"] == queued["request_id"]


def _ended(segmind: Program, path: str) -> dict[str, Any]:
    until(lambda: segmind.get(path).json()["status"] == "COMPLETED")
    answer: dict[str, Any] = segmind.get(path).json()
    return answer


def test_a_voice_needs_a_recording(segmind: Program) -> None:
    answer = segmind.post(PAGE, {"voice_name": "Fox"})
    assert (answer.status_code, "voice_url" in answer.json()["error"]) == (400, True)
