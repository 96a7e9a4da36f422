"""Segmind's kling-create-voice makes a voice that later orders name, at its recorded price."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from accounts import tenancy
from generations.models import (
    Generation,
    ProductCorrection,
    Protocol,
    ProviderAccount,
    RefusedModel,
)
from tests.generations.programs import Program, available, settled
from tests.generations.scripted import Answer, scripted
from tests.people import Customer
from tests.selling import Seller, seen_by_all
from tests.stack import Stack
from tests.waiting import until

PAGE = "/v1/kling-create-voice"


@pytest.fixture
def recording(api: Program) -> str:
    """The address of somebody speaking for more than five seconds."""
    text = "Good evening, dear friends. It is a pleasure to see all of you here tonight."
    order = {"task": "tts", "text": text, "voice": "AOT", "language": "en"}
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


VOICES = "custom-voice kling-custom-voice"


@pytest.fixture
def nobody_else(recording: str, sell: Seller) -> Iterator[str]:
    """The recording, when only accounts of the test's own make voices."""
    rows = RefusedModel.objects.bulk_create(
        RefusedModel(account=account, model=VOICES, reason="a story")
        for account in ProviderAccount.objects.filter(enabled=True)
    )
    yield recording
    RefusedModel.objects.filter(pk__in=[row.pk for row in rows]).delete()


@pytest.mark.parametrize("protocol", [Protocol.SEGMIND, Protocol.SEGMIND_V1])
def test_segmind_alone_makes_a_voice_that_its_films_then_speak_with(
    segmind: Program,
    api: Program,
    nobody_else: str,
    sell: Seller,
    stack: Stack,
    protocol: Protocol,
) -> None:
    account = sell(
        f"{stack.sandbox}/segmind", "SG_0123456789abcdef", protocol=protocol,
        models_sold=["kling-custom-voice", "kling-v3"],
    )  # fmt: skip
    told = segmind.post(PAGE, {"voice_url": nobody_else, "voice_name": "Fox"})
    assert told.status_code == 200, told.text
    voice = told.json()["voice_id"]
    with tenancy.system("a test looks at who made it"):
        made = Generation.objects.get(public_id=voice)
    assert (made.account_id, set(made.made["facts"])) == (account.pk, {"voice_id"})
    assert voice != made.made["facts"]["voice_id"]

    film = {"model": "kling-v3", "prompt": "A fox says hello", "duration": 3, "sound": True,
            "voices": [voice]}  # fmt: skip
    spoken = settled(api, api.post("/generations", film).json()["id"])
    assert spoken["status"] == "succeeded", spoken
    gone = api.http.delete(f"{api.root}/voices/{voice}", timeout=60).json()
    assert (gone["kept_upstream"], gone["deleted_at"] is not None) == (True, True)


def test_the_words_of_the_page_are_corrected_without_a_release(
    segmind: Program, api: Program, nobody_else: str, sell: Seller
) -> None:
    sent: list[dict[str, Any]] = []

    def answers(method: str, path: str, body: dict[str, Any]) -> Answer:
        if method == "POST":
            sent.append({"path": path, **body})
            return 200, {"request_id": "r-1", "status": "QUEUED", "poll_url": "p",
                         "status_url": "s", "response_url": "r"}  # fmt: skip
        return 200, {"request_id": "r-1", "status": "COMPLETED", "output": {"speaker": "v-77"}}

    words = {"recording": "sample", "name": "label", "voice": "speaker"}
    row = ProductCorrection(product="custom-voice", words=words)
    row.full_clean()
    row.save()
    try:
        with scripted(answers) as upstream:
            sell(upstream.url, protocol=Protocol.SEGMIND, models_sold=["kling-custom-voice"])
            told = segmind.post(PAGE, {"sample": nobody_else, "label": "Fox"})
    finally:
        row.delete()
        seen_by_all()
    assert told.status_code == 200, told.text
    (order,) = sent
    sample = order.pop("sample")  # read when it was ordered, and sent as ours
    assert requests.get(sample, timeout=60).content == requests.get(nobody_else, timeout=10).content
    assert order == {"path": "/v2/kling-create-voice", "label": "Fox"}
    with tenancy.system("a test looks at what was told"):
        made = Generation.objects.get(public_id=told.json()["voice_id"]).made
    assert made["facts"] == {"voice_id": "v-77"}
