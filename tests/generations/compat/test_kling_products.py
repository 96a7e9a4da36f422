"""Kling's door answers the official paths of its other products, in their official words."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.generations.programs import Program, available
from tests.people import Customer
from tests.waiting import until

FILM = {"model_name": "kling-v1-6", "prompt": "A fox in the snow"}
LIPS = "/v1/videos/lip-sync"
SPEECH = {"text": "Good evening, dear friends of the fox.", "voice_id": "v", "voice_language": "en"}


def ended(kling: Program, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """The task when it has succeeded."""
    answer = kling.post(path, body).json()
    assert answer["code"] == 0, answer
    path += f"/{answer['data']['task_id']}"

    def over() -> dict[str, Any] | None:
        task: dict[str, Any] = kling.get(path).json()["data"]
        return task if task["task_status"] in ("succeed", "failed") else None

    task = until(over, seconds=60, what=f"the end of {path}")
    assert task["task_status"] == "succeed", task
    return task


@pytest.fixture
def film(kling: Program) -> dict[str, Any]:
    """`{id, url, duration}` of a finished film."""
    task = ended(kling, "/v1/videos/text2video", FILM)
    return dict(task["task_result"]["videos"][0])


def test_a_film_is_extended_by_its_video_id(
    kling: Program, alice: Customer, film: dict[str, Any]
) -> None:
    before = available(alice)
    task = ended(kling, "/v1/videos/video-extend", {"video_id": film["id"], "prompt": "It runs"})
    assert task["final_unit_deduction"] == "2"
    assert before - available(alice) == 20
    assert float(task["task_result"]["videos"][0]["duration"]) == pytest.approx(10, abs=0.2)
    assert task["task_info"]["parent_video"]["id"] == film["id"]


def test_lips_move_to_a_text_and_to_a_sound_that_was_made_at_once(
    kling: Program, film: dict[str, Any]
) -> None:
    speech = kling.post("/v1/audio/tts", SPEECH).json()
    assert (speech["code"], speech["data"]["task_status"]) == (0, "succeed")
    (audio,) = speech["data"]["task_result"]["audios"]
    assert float(audio["duration"]) > 2
    assert requests.get(audio["url"], timeout=10).content[:1] == b"\xff"

    told = {"mode": "text2video", "video_id": film["id"], "text": "Hello", "voice_id": "v"}
    assert ended(kling, LIPS, {"input": told})["final_unit_deduction"] == "0.5"
    told = {"mode": "audio2video", "video_url": film["url"], "audio_type": "url",
            "audio_url": audio["url"]}  # fmt: skip
    assert ended(kling, LIPS, {"input": told})["final_unit_deduction"] == "0.5"


def test_a_face_is_found_at_once_and_then_speaks(kling: Program, film: dict[str, Any]) -> None:
    found = kling.post("/v1/videos/identify-face", {"video_id": film["id"]}).json()["data"]
    (face,) = found["face_data"]
    assert found["final_unit_deduction"] == "0.1"
    speech = kling.post("/v1/audio/tts", SPEECH).json()["data"]
    chosen = {"face_id": face["face_id"], "audio_id": speech["task_result"]["audios"][0]["id"],
              "sound_start_time": 0, "sound_end_time": 2500, "sound_insert_time": 500,
              "sound_volume": 1, "original_audio_volume": 1}  # fmt: skip
    order = {"session_id": found["session_id"], "face_choose": [chosen]}
    task = ended(kling, "/v1/videos/advanced-lip-sync", order)
    assert float(task["task_result"]["videos"][0]["duration"]) == pytest.approx(5, abs=0.2)


def test_a_voice_of_ones_own_is_named_in_later_orders(kling: Program, film: dict[str, Any]) -> None:
    order = {"voice_name": "Fox", "video_id": film["id"]}
    made = ended(kling, "/v1/general/custom-voices", order)["task_result"]["voices"][0]
    assert made["voice_name"] == "Fox"
    told = {"video_id": film["id"], "text": "Hello", "voice_id": made["voice_id"]}
    assert ended(kling, LIPS, {"input": told})["task_result"]["videos"]


def test_refusals_are_klings_own(kling: Program, mallory_film: str) -> None:
    answers = {
        "nothing at all": kling.post(LIPS, {"input": {}}),
        "an unknown film": kling.post("/v1/videos/video-extend", {"video_id": "123"}),
        "a stranger's film": kling.post("/v1/videos/video-extend", {"video_id": mallory_film}),
    }
    told = {name: (a.status_code, a.json()["code"]) for name, a in answers.items()}
    assert told == dict.fromkeys(answers, (400, 1201))
    assert kling.post("/v1/videos/cartoon", {}).json()["code"] == 1202


@pytest.fixture
def mallory_film(site: str) -> str:
    """The id of a film that is not Alice's."""
    from tests.generations.programs import funded

    key = funded("mallory").test_key
    stranger = Program(f"{site}/kling", Authorization=f"Bearer {key}")
    task = ended(stranger, "/v1/videos/text2video", FILM)
    return str(task["task_result"]["videos"][0]["id"])


def test_a_list_has_the_tasks_of_its_product_alone(kling: Program, film: dict[str, Any]) -> None:
    told = {"video_id": film["id"], "text": "Hello", "voice_id": "v"}
    made = ended(kling, LIPS, {"input": told})
    listed = kling.get(f"{LIPS}?pageNum=1&pageSize=30").json()["data"]
    assert [task["task_id"] for task in listed] == [made["task_id"]]


def test_the_literal_paths_answer_at_the_root(site: str, alice: Customer) -> None:
    root = Program(site, Authorization=f"Bearer {alice.test_key}")
    speech = root.post("/v1/audio/tts", SPEECH).json()
    assert speech["data"]["task_status"] == "succeed"
