"""Every default, limit and error of Segmind's pages, and both of its API versions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from billing.errors import CapReached
from generations.compat.segmind.errors import refuse
from generations.errors import NoProvider, QueueFull
from generations.wire.segmind.slugs import SLUGS
from kling_saas.lib.refusals import Unavailable
from tests.generations import any_json
from tests.generations.programs import Program, available, funded, settled
from tests.people import Customer

PICTURE = "https://example.com/first.png"
SLUG_TEXT, SLUG_THREE, SLUG_PICTURE = (
    "/v2/kling-text2video",
    "/v2/kling-3-standard-text2video",
    "/v2/kling-2.1",
)


def _input(api: Program, answer: Any) -> dict[str, Any]:
    """What was ordered by an answer to v2."""
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = api.get(f"/generations/{answer.json()['request_id']}").json()
    return {**made["input"], "credits": made["credits"]["quoted"]}


def test_text2video_fills_in_its_pages_defaults(segmind: Program, api: Program) -> None:
    assert _input(api, segmind.post(SLUG_TEXT, {"prompt": "A fox"})) == {
        "model": "kling-v1",
        "prompt": "A fox",
        "negative_prompt": "No buildings, no artificial objects",
        "aspect_ratio": "16:9",
        "cfg_scale": 0.5,
        "mode": "std",
        "duration": 5,
        "sound": False,
        "watermark": False,
        "credits": 10,
    }


def test_3_standard_fills_in_its_pages_defaults_sound_included(
    segmind: Program, api: Program
) -> None:
    assert _input(api, segmind.post(SLUG_THREE, {"prompt": "A fox", "duration": "3"})) == {
        "model": "kling-v3",
        "prompt": "A fox",
        "negative_prompt": "blur, distort, and low quality",
        "aspect_ratio": "16:9",
        "cfg_scale": 0.5,
        "duration": 3,
        "sound": True,
        "mode": "std",
        "watermark": False,
        "credits": 27,
    }
    silent = {"prompt": "A fox", "duration": 3, "generate_audio": False}
    assert _input(api, segmind.post(SLUG_THREE, silent))["credits"] == 18


def test_2_1_fills_in_its_pages_defaults(segmind: Program, api: Program) -> None:
    assert _input(api, segmind.post(SLUG_PICTURE, {"image": PICTURE})) == {
        "model": "kling-v2-1",
        "image": PICTURE,
        "negative_prompt": "No jittery motion, avoid rapid scene changes.",
        "mode": "pro",
        "cfg_scale": 0.7,
        "duration": 5,
        "sound": False,
        "watermark": False,
        "credits": 35,
    }
    master = _input(api, segmind.post(SLUG_PICTURE, {"image": PICTURE, "mode": "master"}))
    assert (master["model"], master["credits"]) == ("kling-v2-1-master", 100)


@pytest.mark.parametrize(
    ("slug", "body", "named"),
    [
        (SLUG_TEXT, {}, "prompt"),
        (SLUG_TEXT, {"prompt": "x" * 2501}, "prompt"),
        (SLUG_TEXT, {"prompt": "x", "aspect_ratio": "4:3"}, "aspect_ratio"),
        (SLUG_TEXT, {"prompt": "x", "cfg_scale": 1.1}, "cfg_scale"),
        (SLUG_TEXT, {"prompt": "x", "cfg_scale": -0.1}, "cfg_scale"),
        (SLUG_TEXT, {"prompt": "x", "duration": 7}, "duration"),
        (SLUG_TEXT, {"prompt": "x", "mode": "master"}, "mode"),
        (SLUG_TEXT, {"prompt": "x", "camera_control_type": "spin"}, "camera_control_type"),
        (
            SLUG_TEXT,
            {"prompt": "x", "camera_control_type": "simple"},
            "camera_control_config",
        ),
        (
            SLUG_TEXT,
            {"prompt": "x", "camera_control_type": "simple", "camera_control_config": "pan"},
            "camera_control_config_value",
        ),
        (
            SLUG_TEXT,
            {
                "prompt": "x",
                "camera_control_type": "simple",
                "camera_control_config": "pan",
                "camera_control_config_value": 11,
            },
            "camera_control_config_value",
        ),
        (SLUG_THREE, {"prompt": "x", "duration": "2"}, "duration"),
        (SLUG_THREE, {"prompt": "x", "duration": "16"}, "duration"),
        (SLUG_THREE, {"prompt": "x", "voice_ids": ["a", "b", "c"]}, "voice_ids"),
        (SLUG_THREE, {"prompt": "x", "generate_audio": "loud"}, "generate_audio"),
        (SLUG_THREE, {"prompt": "x", "multi_prompt": [{"prompt": "s"}] * 6}, "multi_prompt"),
        (SLUG_THREE, {"prompt": "x", "multi_prompt": [{"prompt": "s" * 513}]}, "multi_prompt"),
        (SLUG_PICTURE, {"prompt": "x"}, "image"),
        (SLUG_PICTURE, {"image": PICTURE, "image_tail": PICTURE, "mode": "std"}, "image_tail"),
        (SLUG_PICTURE, {"image": PICTURE, "duration": 3}, "duration"),
        ("/v2/kling-2", {"prompt": "x", "start_image": "x"}, "start_image"),
        ("/v2/kling-2.6", {"prompt": "x", "start_image": "x"}, "start_image"),
        (
            "/v2/kling-o1-reference-image-to-video",
            {"prompt": "x", "image_urls": [PICTURE, "x"]},
            "image_urls[1]",
        ),
        (
            "/v2/kling-o3-image2video",
            {"prompt": "x", "image_url": PICTURE, "end_image_url": "x"},
            "end_image_url",
        ),
        ("/v2/kling-o3-video2video-edit", {"prompt": "x", "video_url": "x"}, "video_url"),
        (
            "/v2/kling-kiss",
            {"first_reference_image": PICTURE, "second_reference_image": "x"},
            "second_reference_image",
        ),
        ("/v2/kling-create-voice", {"audio_url": "x"}, "audio_url"),
        ("/v2/kling-create-voice", {"audio_url": PICTURE, "name": "x" * 21}, "name"),
    ],
)
def test_each_limit_of_the_pages_is_a_400_that_names_the_parameter(
    segmind: Program, alice: Customer, slug: str, body: dict[str, Any], named: str
) -> None:
    answer = segmind.post(slug, body)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error"}
    assert answer.json()["error"].startswith(named)
    assert available(alice) == 10_000


def test_the_three_flat_camera_parameters_are_one_move(segmind: Program, api: Program) -> None:
    body = {
        "prompt": "A fox",
        "camera_control_type": "simple",
        "camera_control_config": "zoom",
        "camera_control_config_value": -10,
    }
    move = _input(api, segmind.post(SLUG_TEXT, body))["camera_control"]
    assert move == {"type": "simple", "axis": "zoom", "value": -10.0}


def test_five_shots_of_ten_silent_seconds_cost_the_pages_ceiling(
    segmind: Program, api: Program
) -> None:
    body = {
        "prompt": "A day",
        "generate_audio": False,
        "multi_prompt": [{"prompt": f"Hour {n}", "duration": "10"} for n in range(5)],
    }
    made = _input(api, segmind.post(SLUG_THREE, body))
    assert (made["duration"], made["credits"]) == (50, 300)


def test_v2_is_asked_until_the_film_is_there(segmind: Program, api: Program, site: str) -> None:
    made = segmind.post(SLUG_TEXT, {"prompt": "A fox"}).json()
    base = f"{site}/segmind/v2/requests/{made['request_id']}"
    assert made == {
        "request_id": made["request_id"],
        "status": "QUEUED",
        "poll_url": base,
        "status_url": f"{base}/status",
        "response_url": base,
    }
    settled(api, made["request_id"])
    path = f"/v2/requests/{made['request_id']}"
    status = segmind.get(f"{path}/status").json()
    assert (status["status"], "output" in status) == ("COMPLETED", False)
    result = segmind.get(path).json()
    assert result["metrics"]["cost"] == 0.28
    assert result["metrics"]["remaining_credits"] == 279.72
    assert result["video"]["content_type"] == "video/mp4"


def test_v1_answers_bytes_only_to_who_names_a_video_type(segmind: Program) -> None:
    body = {"prompt": "A fox"}
    film = segmind.post("/v1/kling-text2video", body, headers={"Accept": "video/mp4"})
    assert film.headers["Content-Type"] == "video/mp4"
    assert film.content[4:8] == b"ftyp"
    assert (film.headers["x-cost"], film.headers["x-remaining-credits"]) == ("0.280", "279.720")
    again = segmind.get(f"/v2/requests/{film.headers['x-request-id']}")
    assert again.json()["video"]["file_size"] == len(film.content)

    plain = segmind.post("/v1/kling-text2video", body, headers={"Accept": "*/*"})
    assert plain.json()["status"] == "COMPLETED"
    assert plain.json() == segmind.get(f"/v2/requests/{plain.json()['request_id']}").json()


def test_a_key_can_be_set_to_bytes(site: str, alice: Customer) -> None:
    from accounts import api_keys, tenancy

    with tenancy.scope(alice.organisation.pk):
        _, key = api_keys.issue(alice.organisation.pk, livemode=False, name="raw", raw_video=True)
    film = Program(f"{site}/segmind", **{"x-api-key": key}).post(
        "/v1/kling-text2video", {"prompt": "A fox"}
    )
    assert film.headers["Content-Type"] == "video/mp4"


@pytest.mark.parametrize(("prompt", "status"), [("fail:moderation", 400), ("fail:failed", 502)])
def test_a_film_that_fails_is_an_error_on_v1_and_422_on_v2(
    segmind: Program, alice: Customer, prompt: str, status: int
) -> None:
    answer = segmind.post("/v1/kling-text2video", {"prompt": prompt})
    assert answer.status_code == status
    assert set(answer.json()) == {"error", "request_id"}
    later = segmind.get(f"/v2/requests/{answer.json()['request_id']}")
    assert (later.status_code, later.json()["status"]) == (422, "FAILED")
    assert "cost" not in later.json()["metrics"]
    assert available(alice) == 10_000


def test_that_no_upstream_can_is_502_a_cap_406_and_our_own_trouble_500() -> None:
    assert refuse(NoProvider("Nobody makes it.", retry_after=9)).status_code == 502
    capped = refuse(
        CapReached(scope="credential", set_by="", period="call", credits=5, spent=0, needed=10)
    )
    assert capped.status_code == 406
    assert json.loads(capped.content)["error"].startswith("This needs 10 credits. The cap of this")
    assert refuse(QueueFull("Too many wait.", retry_after=5)).status_code == 429
    ours = refuse(Unavailable("The database did not answer.", retry_after=2))
    assert (ours.status_code, ours.headers["Retry-After"]) == (500, "2")


def test_a_film_that_takes_too_long_is_504_with_the_id(segmind: Program) -> None:
    made = segmind.post(SLUG_TEXT, {"prompt": "fail:never A snail"}).json()["request_id"]
    answer = segmind.get(f"/v1/requests/{made}?until=1.000")
    assert answer.status_code == 504
    assert answer.json()["request_id"] == answer.headers["x-request-id"] == made
    for still in ("", "?until=99999999999.000", "?until=²"):
        told = segmind.get(f"/v1/requests/{made}{still}")
        assert (told.status_code, told.json()["request_id"]) == (202, made)
        assert told.json()["status"] in ("QUEUED", "PROCESSING")


def test_no_credits_is_406_with_both_figures(site: str, alice: Customer) -> None:
    live = Program(f"{site}/segmind", **{"x-api-key": alice.live_key})
    answer = live.post("/v2/kling-2", {"prompt": "A whale"})
    assert answer.status_code == 406
    assert answer.json()["error"].startswith("Insufficient credits. This needs 100 credits and 60")
    assert live.get("/v1/get-user-credits").json() == {"credits": 1.68, "free-credits": 0}


def test_a_missing_or_bad_key_is_401(site: str, alice: Customer) -> None:
    for headers in (
        {},
        {"x-api-key": "SG_0123456789abcdef"},
        {"Authorization": f"Bearer {alice.test_key}"},
    ):
        answer = Program(f"{site}/segmind", **headers).post(SLUG_TEXT, {"prompt": "A fox"})
        assert answer.status_code == 401
        assert set(answer.json()) == {"error"}


def test_a_suspended_organisation_is_403(segmind: Program, alice: Customer) -> None:
    from django.utils import timezone

    from accounts import tenancy
    from accounts.models import Organisation

    with tenancy.system("an operator suspends"):
        Organisation.objects.filter(pk=alice.organisation.pk).update(suspended_at=timezone.now())
    assert segmind.post(SLUG_TEXT, {"prompt": "A fox"}).status_code == 403
    assert segmind.get("/v1/get-user-credits").status_code == 200


def test_unknown_slugs_and_requests_are_404_and_a_wrong_method_says_the_right_one(
    segmind: Program, site: str
) -> None:
    assert segmind.post("/v1/kling-9", {}).status_code == 404
    assert segmind.post("/v2/kling-9", {}).json()["error"].startswith("Model or endpoint not")
    missing = segmind.get("/v2/requests/gen_1")
    assert (missing.status_code, missing.json()) == (404, {"error": "Request gen_1 not found"})
    for path in ("/v1/kling-text2video", "/v1/kling-create-voice"):
        wrong = segmind.get(path)
        assert (wrong.status_code, wrong.headers["Allow"]) == (405, "POST")
        assert wrong.json() == {"error": "Use POST here."}
    assert segmind.post("/v1/kling-text2video", data="{").status_code == 400


def test_mallory_gets_the_404_of_an_id_that_never_was(site: str, segmind: Program) -> None:
    made = segmind.post(SLUG_TEXT, {"prompt": "A fox"}).json()["request_id"]
    mallory = Program(f"{site}/segmind", **{"x-api-key": funded("mallory").test_key})
    for path in (f"/v2/requests/{made}", f"/v2/requests/{made}/status", f"/v1/requests/{made}"):
        assert mallory.get(path).json() == {"error": f"Request {made} not found"}


def test_a_key_makes_a_repeated_call_the_same_film(segmind: Program, alice: Customer) -> None:
    headers = {"Idempotency-Key": "k"}
    first = segmind.post(SLUG_TEXT, {"prompt": "A fox"}, headers=headers)
    again = segmind.post(SLUG_TEXT, {"prompt": "A fox"}, headers=headers)
    blocking = segmind.post("/v1/kling-text2video", {"prompt": "A fox"}, headers=headers)
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    assert blocking.json()["request_id"] == first.json()["request_id"]
    assert available(alice) == 9990
    other = segmind.post(SLUG_TEXT, {"prompt": "A dog"}, headers=headers)
    assert other.status_code == 400


_NAMES = tuple({p.name for slug in SLUGS for p in slug.parameters})


@given(body=any_json.bodies(*_NAMES))
def test_no_body_whatever_gives_a_5xx(site: str, body: dict[str, Any]) -> None:
    program = Program(f"{site}/segmind", **{"x-api-key": any_json.key()})
    for slug in (SLUG_TEXT, SLUG_THREE, SLUG_PICTURE):
        answer = program.post(slug, body)
        assert answer.status_code < 500, answer.text
