"""Segmind's pages of other products at our door: ordered by its words, made, and paid by list."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from generations.wire.segmind.products import PAGES
from tests.generations import any_json
from tests.generations.programs import Program, available, settled
from tests.people import Customer
from tests.waiting import until

PICTURE = "https://example.com/first.png"


@pytest.fixture
def speech(api: Program) -> str:
    """The address of a recording of some seconds."""
    order = {"task": "tts", "text": "Good evening, dear friends of the fox.", "voice": "AOT",
             "language": "en"}  # fmt: skip
    made = settled(api, api.post("/generations", order).json()["id"])
    return str(made["audio"]["url"])


def ended(segmind: Program, slug: str, body: dict[str, Any]) -> dict[str, Any]:
    """What v2 tells at the end."""
    queued = segmind.post(f"/v2/{slug}", body)
    assert queued.status_code == 200, queued.text
    path = queued.json()["response_url"].partition("/segmind")[2]
    until(lambda: segmind.get(path).json()["status"] in ("COMPLETED", "FAILED"))
    told: dict[str, Any] = segmind.get(path).json()
    return told


def test_omni_films_are_made_by_their_pages(
    segmind: Program, alice: Customer, film_elsewhere: str
) -> None:
    before = available(alice)
    told = ended(segmind, "kling-o3-text2video", {"prompt": "A hen", "duration": "3"})
    assert (told["status"], told["video"]["content_type"]) == ("COMPLETED", "video/mp4")
    assert before - available(alice) == 24  # pro, silent: 0.8 units a second
    body = {"prompt": "As in @Image1", "image_urls": [PICTURE]}
    assert ended(segmind, "kling-o1-reference-image-to-video", body)["metrics"]["cost"] == 1.12
    edit = {"prompt": "Make @Video1 red", "video_url": film_elsewhere, "mode": "std"}
    assert ended(segmind, "kling-o3-video2video-edit", edit)["metrics"]["cost"] == 1.26


def test_a_movement_is_borrowed_in_a_held_call(segmind: Program, film_elsewhere: str) -> None:
    body = {"prompt": "It dances", "image_url": PICTURE, "video_url": film_elsewhere}
    made = segmind.post(
        "/v1/kling-2.6-standard-motion-control", body, headers={"Accept": "video/mp4"}
    )
    assert (made.status_code, made.headers["content-type"]) == (200, "video/mp4")
    assert (made.content[4:8], made.headers["x-cost"]) == (b"ftyp", "0.700")


def test_an_avatar_and_a_scene_of_two(segmind: Program, speech: str) -> None:
    body = {"image_url": PICTURE, "audio_url": speech}
    assert ended(segmind, "kling-v1-pro-ai-avatar", body)["status"] == "COMPLETED"
    two = {"first_reference_image": PICTURE, "second_reference_image": PICTURE}
    assert ended(segmind, "kling-hug", two)["metrics"]["cost"] == 0.56


def test_what_was_dropped_is_said(segmind: Program) -> None:
    body = {"prompt": "A hen", "negative_prompt": "dogs", "duration": "3"}
    told = segmind.post("/v2/kling-o3-text2video", body).json()
    assert told["warnings"] == [
        "negative_prompt was dropped: Kling has no word for it in omni films."
    ]


def test_a_misspelt_parameter_is_told_of(segmind: Program) -> None:
    body = {"prompt": "A hen", "aspect_ration": "9:16"}
    told = segmind.post("/v2/kling-text2video", body).json()["warnings"]
    assert told == ["aspect_ration was dropped: this page has no such parameter."]


@given(body=any_json.bodies(*{p.name for page in PAGES for p in page.parameters}))
def test_no_body_whatever_gives_a_5xx(site: str, body: dict[str, Any]) -> None:
    program = Program(f"{site}/segmind", **{"x-api-key": any_json.key()})
    for page in PAGES:
        answer = program.post(f"/v2/{page.name}", body)
        assert answer.status_code < 500, answer.text
