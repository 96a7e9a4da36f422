"""Kling's door answers the official paths of its other products, in their official words."""

from __future__ import annotations

import io
import wave
from typing import Any

import pytest
import requests

from accounts import tenancy
from generations.models import Attempt
from tests.generations.programs import Program, available
from tests.people import Customer
from tests.waiting import until

FILM = {"model_name": "kling-v1-6", "prompt": "A fox in the snow"}
LIPS = "/v1/videos/lip-sync"
SPEECH = {
    "text": "Good evening, dear friends of the fox.",
    "voice_id": "AOT",
    "voice_language": "en",
}


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
    assert "warnings" not in task
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
    assert requests.get(audio["url"], timeout=60).content[:1] == b"\xff"

    told = {"mode": "text2video", "video_id": film["id"], "text": "Hello", "voice_id": "AOT"}
    made = ended(kling, LIPS, {"input": told})
    assert (made["final_unit_deduction"], "warnings" in made) == ("0.5", False)
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


def test_a_choice_is_shown_and_its_session_has_one_id(kling: Program, film: dict[str, Any]) -> None:
    steps = "/v1/videos/multi-elements"
    opened = kling.post(f"{steps}/init-selection", {"video_id": film["id"]}).json()["data"]
    session = {"session_id": opened["session_id"]}
    point = {"frame_index": 1, "points": [{"x": 0.5, "y": 0.5}]}
    added = kling.post(f"{steps}/add-selection", {**session, **point}).json()["data"]
    by_step = {"session_id": added["task_id"]}
    shown = kling.post(f"{steps}/preview-selection", by_step).json()["data"]
    assert {told["session_id"] for told in (opened, added, shown)} == {opened["session_id"]}
    assert requests.get(shown["res"]["video"], timeout=60).content[4:8] == b"ftyp"


def test_a_voice_of_ones_own_is_named_in_later_orders(kling: Program, film: dict[str, Any]) -> None:
    order = {"voice_name": "Fox", "video_id": film["id"]}
    made = ended(kling, "/v1/general/custom-voices", order)["task_result"]["voices"][0]
    assert made == {"voice_name": "Fox", "voice_id": made["voice_id"]}  # and nothing of our account
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
    said = kling.post("/v1/audio/tts", {"text": "x", "voice_id": "nope", "voice_speed": 9}).json()
    for words in ("voice_language is missing: send voice_language.", "voice_speed must be",
                  "voice_id: there is no voice nope"):  # fmt: skip
        assert words in said["message"]
    for sent, words in (({"image": "x"}, "input.image is"), ({"images": ["x"]}, "input.images[0]")):
        said = kling.post(EFFECTS, {"effect_scene": "squish", "input": sent}).json()["message"]
        assert said.startswith(words)
    body = {"session_id": "x", "image_list": [{"image": "x"}], "edit_mode": "swap", "prompt": "x"}
    said = kling.post("/v1/videos/multi-elements", body).json()["message"]
    assert said.startswith("image_list[0].image is")
    assert "session_id: " in said
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
    told = {"video_id": film["id"], "text": "Hello", "voice_id": "AOT"}
    made = ended(kling, LIPS, {"input": told})
    listed = kling.get(f"{LIPS}?pageNum=1&pageSize=30").json()["data"]
    assert [task["task_id"] for task in listed] == [made["task_id"]]


def test_the_literal_paths_answer_at_the_root(site: str, alice: Customer) -> None:
    root = Program(site, Authorization=f"Bearer {alice.test_key}")
    speech = root.post("/v1/audio/tts", SPEECH).json()
    assert speech["data"]["task_status"] == "succeed"


OMNI = "/v1/videos/omni-video"
SEA = {"model_name": "kling-v3-omni", "mode": "std", "aspect_ratio": "1:1", "duration": "3"}


def sent_for(task_id: str) -> dict[str, Any]:
    """The body that went to the upstream."""
    with tenancy.system("a test looks at what was sent"):
        row = Attempt.objects.filter(generation__public_id=task_id).latest("number")
        return dict(row.request["json"])


def test_a_film_that_kling_is_to_cut_into_shots_is_ordered_as_one(kling: Program) -> None:
    planned = {**SEA, "prompt": "The sea", "multi_shot": True, "shot_type": "intelligence"}
    sent = sent_for(ended(kling, OMNI, planned)["task_id"])
    assert (sent["multi_shot"], sent["shot_type"], sent["prompt"]) == (
        True, "intelligence", "The sea"
    )  # fmt: skip
    switched_on = {**SEA, "prompt": "The sea", "multi_shot": True}
    assert "shot_type" in kling.post(OMNI, switched_on).json()["message"]


def test_shots_need_no_prompt_and_count_only_where_they_are_wanted(kling: Program) -> None:
    shots = [{"index": 1, "prompt": "A wave", "duration": "1"},
             {"index": 2, "prompt": "A gull", "duration": "2"}]  # fmt: skip
    told = {**SEA, "multi_shot": True, "shot_type": "customize", "multi_prompt": shots}
    sent = sent_for(ended(kling, OMNI, told)["task_id"])
    assert (sent["multi_prompt"], sent["shot_type"]) == (shots, "customize")
    plain = {**SEA, "prompt": "The sea", "multi_shot": False, "multi_prompt": shots}
    sent = sent_for(ended(kling, OMNI, plain)["task_id"])
    assert {"multi_shot", "shot_type", "multi_prompt"}.isdisjoint(sent)
    assert kling.post(OMNI, SEA).json()["code"] == 1201


def test_the_length_of_a_film_to_be_edited_is_its_own_whatever_a_client_always_sends(
    kling: Program, film_elsewhere: str
) -> None:
    videos = [{"video_url": film_elsewhere, "refer_type": "base"}]
    edit = {"prompt": "Make <<<video_1>>> red", "duration": "10", "video_list": videos}
    task = ended(kling, OMNI, edit)
    assert task["warnings"] == ["duration was dropped: it goes only with what has no base film."]
    assert float(task["task_result"]["videos"][0]["duration"]) == pytest.approx(5, abs=0.2)
    assert "duration" not in sent_for(task["task_id"])


def test_the_mode_of_a_lip_sync_decides_what_counts(kling: Program, film: dict[str, Any]) -> None:
    audio = kling.post("/v1/audio/tts", SPEECH).json()["data"]["task_result"]["audios"][0]
    told = {"video_id": film["id"], "audio_type": "url", "audio_url": audio["url"], "text": "Hello",
            "voice_id": "AOT", "voice_language": "en", "voice_speed": 1}  # fmt: skip
    heard = ended(kling, LIPS, {"input": {**told, "mode": "audio2video"}})
    dropped = ["input.text", "voice", "language", "speed"]
    assert [warning.split()[0] for warning in heard["warnings"]] == dropped
    assert set(sent_for(heard["task_id"])["input"]) == {"video_id", "mode", "audio_type",
                                                        "audio_url"}  # fmt: skip
    said = ended(kling, LIPS, {"input": {**told, "mode": "text2video"}})
    assert sent_for(said["task_id"])["input"]["text"] == "Hello"
    dropped = ["input.audio_type", "input.audio_url"]
    assert [warning.split()[0] for warning in said["warnings"]] == dropped
    assert kling.post(LIPS, {"input": told}).json()["code"] == 1201


PICTURE = "https://example.com/a.png"
EFFECTS = "/v1/videos/effects"


def test_an_old_effect_runs_on_the_model_that_was_asked_for(kling: Program) -> None:
    inner = {"images": [PICTURE, PICTURE], "duration": "5"}
    asked = {"model_name": "kling-v1-5", "mode": "pro"}
    hug = ended(kling, EFFECTS, {"effect_scene": "hug", "input": {**inner, **asked}})
    assert hug["final_unit_deduction"] == "3.5"
    assert sent_for(hug["task_id"])["input"] == {**inner, **asked}
    hug = ended(kling, EFFECTS, {"effect_scene": "hug", "input": inner})
    usual = {"model_name": "kling-v1-6", "mode": "std"}
    assert sent_for(hug["task_id"])["input"] == {**inner, **usual}
    assert hug["final_unit_deduction"] == "2"


def test_what_a_scene_has_no_words_for_is_dropped_aloud(kling: Program) -> None:
    inner = {"images": [PICTURE, PICTURE], "duration": "5"}
    extra = {"model_name": "kling-v1-6", "mode": "pro", "colour": "red"}
    order = {"effect_scene": "hug_pro", "input": {**inner, **extra}, "style": "oil"}
    hug = ended(kling, EFFECTS, order)
    assert sent_for(hug["task_id"])["input"] == inner
    dropped = ["input.colour", "style", "version", "mode"]
    assert [warning.split()[0] for warning in hug["warnings"]] == dropped
    assert hug["final_unit_deduction"] == "2"


@pytest.mark.parametrize("product", ["text-to-audio", "video-to-audio"])
def test_a_sound_comes_in_both_forms_and_under_klings_keys(
    kling: Program, api: Program, film: dict[str, Any], product: str
) -> None:
    order: dict[str, Any] = {"prompt": "Rain on a roof", "duration": 3.0}
    if product == "video-to-audio":
        order = {"video_id": film["id"], "sound_effect_prompt": "Rain"}
    task = ended(kling, f"/v1/audio/{product}", order)
    # Natively a length that was not ordered as `duration` is not told as 0 either.
    assert api.get(f"/generations/{task['task_id']}").json()["input"].get("duration") != 0
    (sound,) = task["task_result"]["audios"]
    assert set(sound) == {"id", "url_mp3", "url_wav", "duration_mp3", "duration_wav"}
    mp3, wav = (requests.get(sound[f"url_{form}"], timeout=60).content for form in ("mp3", "wav"))
    assert (mp3[:1], wav[:4], wav[8:12]) == (b"\xff", b"RIFF", b"WAVE")
    with wave.open(io.BytesIO(wav)) as heard:
        seconds = heard.getnframes() / heard.getframerate()
    assert seconds == pytest.approx(float(sound["duration_wav"]), abs=0.1)
    assert sound["duration_mp3"] == sound["duration_wav"]
    speech = kling.post("/v1/audio/tts", SPEECH).json()["data"]["task_result"]["audios"][0]
    assert set(speech) == {"id", "url", "duration"}
