"""llmprovider's door: the flat task, and errors in OpenAI's shape."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from tests.generations import any_json
from tests.generations.programs import Program, available, funded, settled
from tests.people import Customer

PATH = "/v1/videos/text2video"
FILM = {"model": "kling-video-v1", "prompt": "A beautiful sunset over the ocean"}


def test_the_pages_defaults_and_aliases_hold(llmprovider: Program, api: Program) -> None:
    for model, official in (("kling-video-v1", "kling-v1"), ("kling-video-v1-6", "kling-v1-6")):
        made = llmprovider.post(PATH, {**FILM, "model": model}).json()["task_id"]
        ordered = api.get(f"/generations/{made}").json()["input"]
        assert (ordered["model"], ordered["cfg_scale"], ordered["mode"]) == (official, 0.5, "std")
        assert (ordered["aspect_ratio"], ordered["duration"]) == ("16:9", 5)


def test_a_finished_task_is_flat_and_found_by_either_id(llmprovider: Program, api: Program) -> None:
    made = llmprovider.post(PATH, {**FILM, "external_task_id": "custom_id_123"}).json()
    assert made["task_info"] == {"external_task_id": "custom_id_123"}
    settled(api, made["task_id"])

    task = llmprovider.get(f"{PATH}/{made['task_id']}").json()
    assert task["task_status"] == "succeed"
    assert task["task_result"]["videos"][0]["url"].startswith("http")
    assert llmprovider.get(f"{PATH}/custom_id_123").json() == task
    speech = {"task": "tts", "text": "Hello", "voice": "AOT", "language": "en"}
    other = api.post("/generations", speech).json()["id"]
    assert llmprovider.get(f"{PATH}/{other}").status_code == 404  # as at Kling's path


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"prompt": "x"}, "model", "invalid_request"),
        ({**FILM, "model": "sora"}, "model", "model_not_found"),
        ({"model_name": "sora", "prompt": "x"}, "model_name", "model_not_found"),
        ({"model": "kling-video-v1"}, "prompt", "invalid_request"),
        ({**FILM, "motion_has_audio": "loud"}, "motion_has_audio", "invalid_request"),
        ({**FILM, "voice_list": "x"}, "voice_list", "invalid_request"),
        ({**FILM, "prompt": "x" * 2501}, "prompt", "invalid_request"),
        ({**FILM, "negative_prompt": "x" * 2501}, "negative_prompt", "invalid_request"),
        ({**FILM, "cfg_scale": 2}, "cfg_scale", "invalid_request"),
        ({**FILM, "duration": "6"}, "duration", "invalid_request"),
        ({**FILM, "aspect_ratio": "4:3"}, "aspect_ratio", "invalid_request"),
        (
            {**FILM, "camera_control": {"type": "simple"}},
            "camera_control.config",
            "invalid_request",
        ),
        (
            {**FILM, "camera_control": {"type": "simple", "config": {"pan": 11}}},
            "camera_control.config.pan",
            "invalid_request",
        ),
    ],
)
def test_each_limit_is_a_400_with_its_param(
    llmprovider: Program, alice: Customer, body: dict[str, Any], param: str, code: str
) -> None:
    answer = llmprovider.post(PATH, body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)
    assert error["message"].startswith(param)
    if code == "model_not_found":
        assert error["message"].endswith("send one of kling-video-v1, kling-video-v1-6.")
    assert available(alice) == 10_000


def test_other_refusals_have_openais_types(
    llmprovider: Program, site: str, alice: Customer
) -> None:
    def told(answer: Any) -> tuple[int, str]:
        return answer.status_code, answer.json()["error"]["type"]

    nobody = Program(f"{site}/llmprovider", Authorization="Bearer sk-nonsense")
    assert told(nobody.post(PATH, FILM)) == (401, "authentication_error")
    assert told(Program(f"{site}/llmprovider").get(f"{PATH}/x")) == (401, "authentication_error")
    live = Program(f"{site}/llmprovider", Authorization=f"Bearer {alice.live_key}")
    dear = {**FILM, "model": "kling-v2-master"}
    assert told(live.post(PATH, dear)) == (402, "insufficient_quota")
    assert told(llmprovider.get(f"{PATH}/task_xyz789")) == (404, "not_found_error")
    assert told(llmprovider.post("/v1/images", {})) == (404, "not_found_error")
    wrong = llmprovider.get(PATH)
    assert (told(wrong)[0], wrong.headers["Allow"]) == (405, "POST")
    assert told(llmprovider.post(PATH, data="{")) == (400, "invalid_request_error")


def test_mallory_finds_nothing(llmprovider: Program, site: str) -> None:
    made = llmprovider.post(PATH, {**FILM, "external_task_id": "alices"}).json()["task_id"]
    key = funded("mallory").test_key
    mallory = Program(f"{site}/llmprovider", Authorization=f"Bearer {key}")
    assert [mallory.get(f"{PATH}/{label}").status_code for label in (made, "alices")] == [404, 404]


def test_a_task_id_or_a_key_makes_a_repeated_call_the_same_task(
    llmprovider: Program, alice: Customer
) -> None:
    body = {**FILM, "external_task_id": "once"}
    first = llmprovider.post(PATH, body, headers={"Idempotency-Key": "k"})
    again = llmprovider.post(PATH, body, headers={"Idempotency-Key": "k"})
    known = llmprovider.post(PATH, body)
    other = llmprovider.post(PATH, {**body, "prompt": "A storm"})
    assert again.content == first.content
    assert known.json()["task_id"] == first.json()["task_id"]
    assert (other.status_code, other.json()["error"]["code"]) == (409, "external_id_reused")
    assert available(alice) == 9990


@given(
    body=any_json.bodies(
        "model", "prompt", "negative_prompt", "cfg_scale", "mode", "camera_control",
        "aspect_ratio", "duration", "external_task_id",
    )
)  # fmt: skip
def test_no_body_whatever_gives_a_5xx(site: str, body: dict[str, Any]) -> None:
    program = Program(f"{site}/llmprovider", Authorization=f"Bearer {any_json.key()}")
    answer = program.post(PATH, body)
    assert answer.status_code < 500, answer.text
