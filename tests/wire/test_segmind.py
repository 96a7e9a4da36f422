"""Segmind: each page's defaults and limits, raw films and queued ones, and both sides agreeing."""

from __future__ import annotations

import dataclasses
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from generations.catalogue.billable import official_units
from generations.catalogue.params import CameraControl, Params, Shot
from generations.catalogue.validation import InvalidRequest, check
from generations.wire.segmind import client, server
from generations.wire.segmind.slugs import SECONDS_MAX, SHOTS_MAX, SLUGS, find
from generations.wire.task import (
    Accepted,
    BadRequest,
    Order,
    Reason,
    Rejected,
    RemoteVideo,
    Task,
    TaskState,
    Unknown,
    WireReply,
)
from tests.wire import orders

RECORDED = json.loads((Path(__file__).parent / "recorded/segmind.json").read_text())
PICTURE = "https://example.com/a.png"


def decode(slug: str, body: Any) -> Order:
    page = find(slug)
    assert page is not None
    return server.decode_order(page, body)


def params(slug: str, body: Any) -> Params:
    fields = decode(slug, body).fields
    return check(fields, lenient=True, max_shots=SHOTS_MAX, max_seconds=SECONDS_MAX).params


def raw(reply: WireReply) -> tuple[int, dict[str, str], bytes]:
    return reply.status, dict(reply.headers), json.dumps(reply.json).encode()


def answer(name: str) -> tuple[int, dict[str, str], bytes]:
    return RECORDED[name]["status"], {}, json.dumps(RECORDED[name]["json"]).encode()


def test_the_three_published_examples_are_the_films_they_describe() -> None:
    first = params("kling-text2video", RECORDED["text2video_order"])
    assert (first.model, first.mode, first.duration, first.cfg_scale) == ("kling-v1", "std", 5, 0.5)
    third = params("kling-3-standard-text2video", RECORDED["kling_3_order"])
    assert (third.model, third.mode, third.sound) == ("kling-v3", "std", True)
    assert (third.cfg_scale, third.shot_type) == (0.5, None)
    second = params("kling-2.1", RECORDED["kling_2_1_order"])
    assert (second.model, second.mode, second.cfg_scale) == ("kling-v2-1", "pro", 0.7)
    assert second.aspect_ratio == "16:9"


def test_what_is_left_out_is_each_pages_own_default() -> None:
    assert decode("kling-text2video", {"prompt": "x"}).fields == {
        "model": "kling-v1",
        "mode": "std",
        "prompt": "x",
        "negative_prompt": "No buildings, no artificial objects",
        "cfg_scale": 0.5,
        "aspect_ratio": "16:9",
        "duration": 5,
    }
    assert decode("kling-2.1", {"image": PICTURE}).fields == {
        "model": "kling-v2-1",
        "mode": "pro",
        "image": PICTURE,
        "negative_prompt": "No jittery motion, avoid rapid scene changes.",
        "cfg_scale": 0.7,
        "duration": 5,
    }
    third = decode("kling-3-standard-text2video", {"prompt": "x"})
    assert third.fields == {
        "model": "kling-v3",
        "mode": "std",
        "prompt": "x",
        "negative_prompt": "blur, distort, and low quality",
        "cfg_scale": 0.5,
        "aspect_ratio": "16:9",
        "duration": "5",
        "sound": True,
        "shot_type": "customize",
    }
    assert third.explicit == {"prompt"}


def test_an_empty_negative_prompt_keeps_the_pages_words_out() -> None:
    assert params("kling-text2video", {"prompt": "x", "negative_prompt": ""}).negative_prompt == ""


def test_three_seconds_sound_by_default_and_silence_is_the_floor() -> None:
    body = {"prompt": "x", "duration": "3"}
    assert official_units(params("kling-3-standard-text2video", body)) == Decimal("2.7")
    silent = params("kling-3-standard-text2video", {**body, "generate_audio": False})
    assert official_units(silent) == Decimal("1.8")


def test_five_shots_of_ten_seconds_replace_the_duration() -> None:
    shots = [{"prompt": f"shot {n}", "duration": "10"} for n in range(5)]
    body = {"prompt": "x", "duration": "5", "generate_audio": False, "multi_prompt": shots}
    film = params("kling-3-standard-text2video", body)
    assert (film.duration, film.shot_type) == (50, "customize")
    assert official_units(film) == 30
    with pytest.raises(InvalidRequest):
        params("kling-3-standard-text2video", {**body, "multi_prompt": shots[:1] * 6})


def test_master_is_another_model_and_the_end_frame_needs_pro() -> None:
    master = params("kling-2.1", {"image": PICTURE, "mode": "master"})
    assert (master.model, master.mode) == ("kling-v2-1-master", "pro")
    assert params("kling-2.1", {"image": PICTURE, "image_tail": PICTURE}).image_tail == PICTURE
    for mode in ("std", "master"):
        with pytest.raises(BadRequest, match="image_tail: needs mode pro"):
            decode("kling-2.1", {"image": PICTURE, "image_tail": PICTURE, "mode": mode})


@pytest.mark.parametrize(
    ("slug", "body", "field"),
    [
        ("kling-text2video", {}, "prompt"),
        ("kling-2.1", {"prompt": "x"}, "image"),
        ("kling-text2video", {"prompt": "x", "mode": "master"}, "mode"),
        ("kling-text2video", {"prompt": "x", "duration": 7}, "duration"),
        ("kling-text2video", {"prompt": "x", "duration": True}, "duration"),
        ("kling-3-standard-text2video", {"prompt": "x", "duration": 16}, "duration"),
        ("kling-text2video", {"prompt": "x", "aspect_ratio": "4:3"}, "aspect_ratio"),
        (
            "kling-text2video",
            {"prompt": "x", "camera_control_type": "simple"},
            "camera_control_config",
        ),
        (
            "kling-text2video",
            {
                "prompt": "x",
                "camera_control_type": "simple",
                "camera_control_config": "pan",
            },
            "camera_control_config_value",
        ),
        (
            "kling-text2video",
            {"prompt": "x", "camera_control_config": "pan"},
            "camera_control_type",
        ),
        ("kling-text2video", "x", "body"),
    ],
)
def test_a_body_against_its_page_names_the_parameter(slug: str, body: Any, field: str) -> None:
    with pytest.raises(BadRequest) as caught:
        decode(slug, body)
    assert caught.value.field == field


def test_flat_camera_fields_make_one_move() -> None:
    body = {
        "prompt": "x",
        "camera_control_type": "simple",
        "camera_control_config": "tilt",
        "camera_control_config_value": -4,
    }
    film = params("kling-text2video", body)
    assert film.camera_control == CameraControl("simple", "tilt", -4.0)
    assert client.encode_create(film).json == {
        **body,
        "negative_prompt": "No buildings, no artificial objects",
        "cfg_scale": 0.5,
        "mode": "std",
        "aspect_ratio": "16:9",
        "duration": "5",
    }


def test_each_order_finds_its_page() -> None:
    def slug(**fields: Any) -> str:
        page = client.slug_for(check({"prompt": "x", **fields}).params)
        return page.name if page else ""

    assert slug(model="kling-v1") == "kling-text2video"
    assert slug(model="kling-v1", image=PICTURE) == "kling-image2video"
    assert slug(model="kling-v2-1", image=PICTURE) == "kling-2.1"
    assert slug(model="kling-v2-1-master", image=PICTURE) == "kling-2.1"
    assert slug(model="kling-v2-1-master") == ""
    assert slug(model="kling-v3") == "kling-3-standard-text2video"
    assert slug(model="kling-v3", mode="pro", image=PICTURE) == "kling-3-pro-image2video"
    assert slug(model="kling-v3", mode="4k") == ""
    assert slug(model="kling-3.0-turbo") == ""
    assert slug(model="kling-v3", multi_prompt=[{"prompt": "s", "duration": 2}] * 6) == ""


def test_a_video_content_type_means_the_body_is_the_film() -> None:
    headers = {
        "Content-Type": "video/mp4",
        "X-Cost": "0.28",
        "x-remaining-credits": "9.72",
        "x-request-id": "r-1",
    }
    follows = client.film_follows(200, headers)
    assert follows is not None
    assert (follows.task.id, follows.task.cost_usd) == ("r-1", Decimal("0.28"))
    assert client.film_follows(200, {"content-type": "application/json"}) is None
    assert client.film_follows(500, headers) is None


def test_recorded_answers_are_read() -> None:
    queued = client.decode_created(*answer("queued"))
    assert isinstance(queued, Accepted)
    assert queued.task == Task(id="2c7f59ea-1111-4222-8333-444455556666", state=TaskState.QUEUED)
    status, _, body = answer("completed")
    done = client.decode_task(status, {"x-request-id": "r-1"}, body)
    assert done == Task(
        id="",  # not told; the header names the question
        state=TaskState.SUCCEEDED,
        videos=(RemoteVideo("https://images.segmind.com/x.mp4", bytes=123456),),
        cost_usd=Decimal("0.28"),
        remaining_usd=Decimal("9.72"),
    )
    failed = client.decode_task(*answer("failed"))
    assert isinstance(failed, Task)
    assert (failed.state, failed.message) == (
        TaskState.FAILED,
        "Prompt is Mandatory and must be string",
    )
    assert (
        server.encode_queued(queued.task, "https://api.segmind.com").json
        == (RECORDED["queued"]["json"])
    )


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, b'{"error":"cfg_scale must be a number"}', Reason.INVALID),
        (400, b'{"error":"Blocked by content policy"}', Reason.MODERATION),
        (401, b'{"error":"Missing Authorization or x-api-key in header"}', Reason.AUTH),
        (404, b'{"error":"not found"}', Reason.DISCONTINUED),
        (405, b"<html>Method Not Allowed</html>", Reason.BROKEN),
        (406, b'{"error":"Insufficient credits: 0.1, need 0.28"}', Reason.BALANCE),
        (406, b'{"error":"Invalid content type"}', Reason.BROKEN),
        (410, b'{"error":"This model is retired"}', Reason.DISCONTINUED),
        (429, b"", Reason.RATE),
    ],
)
def test_refusals_are_told_apart_by_status_and_text(
    status: int, body: bytes, reason: Reason
) -> None:
    refused = client.decode_created(status, {}, body)
    assert isinstance(refused, Rejected)
    assert refused.reason is reason


def test_server_errors_on_create_may_hide_a_film() -> None:
    for status in (500, 502, 504):
        assert isinstance(client.decode_created(status, {}, b'{"error":"x"}'), Unknown)
    asked = client.decode_task(502, {}, b"")
    assert isinstance(asked, Rejected)
    assert asked.reason is Reason.UNAVAILABLE
    gone = client.decode_task(404, {}, b'{"error":"Request 1 not found"}')
    assert isinstance(gone, Rejected)
    assert gone.reason is Reason.NOT_FOUND


def test_a_failed_film_answers_422_and_costs_nothing() -> None:
    failed = Task(
        id="gen_1",
        state=TaskState.FAILED,
        message="moderated",
        created_ms=1000,
        updated_ms=3500,
        cost_usd=Decimal("0.28"),
    )
    reply = server.encode_result(failed)
    assert reply.status == 422
    assert reply.json == {
        "request_id": "gen_1",
        "status": "FAILED",
        "metrics": {"inference_time": 2.5, "queue_time": 0.0, "total_time": 2.5},
        "error": "moderated",
    }
    assert "x-cost" not in reply.headers


@pytest.mark.parametrize(
    ("words", "reason"),
    [("NSFW content detected", Reason.MODERATION), ("out of memory", Reason.FAILED)],
)
def test_a_failed_film_tells_whether_its_content_was_refused(words: str, reason: Reason) -> None:
    body = json.dumps({"request_id": "1", "status": "FAILED", "error": words}).encode()
    found = client.decode_task(422, {}, body)
    assert isinstance(found, Task)
    assert found.reason is reason


def test_credits_are_dollars() -> None:
    assert server.encode_credits(Decimal("9.72")).json == {"credits": 9.72, "free-credits": 0}


@given(orders.orders())
def test_an_order_survives_the_wire(film: Params) -> None:
    page = client.slug_for(film)
    if page is None:
        return
    request = client.encode_create(film)
    assert request.path == f"/v2/{page.name}"
    fields = server.decode_order(page, json.loads(json.dumps(request.json))).fields
    wanted = orders.without(film, *client.lost(film))
    if film.cfg_scale is None and "cfg_scale" in page.by_native:
        default = page.by_native["cfg_scale"].default
        assert isinstance(default, float)
        wanted = dataclasses.replace(wanted, cfg_scale=default)
    assert check(fields, lenient=True, max_shots=SHOTS_MAX).params == wanted


@given(orders.tasks())
def test_a_task_survives_the_wire(task: Task) -> None:
    told = dataclasses.replace(
        task,
        external_id=None,
        units=None,
        created_ms=0,
        updated_ms=0,
        cost_usd=Decimal("0.28") if task.state is TaskState.SUCCEEDED else None,
        videos=tuple(RemoteVideo(film.url, bytes=7) for film in task.videos),
    )
    assert client.decode_task(*raw(server.encode_result(told))) == told


@given(orders.STATUSES, orders.BODIES)
def test_broken_answers_never_crash_the_client(status: int, body: bytes) -> None:
    assert isinstance(client.decode_created(status, {}, body), Accepted | Rejected | Unknown)
    assert isinstance(client.decode_task(status, {}, body), Task | Rejected)


@given(orders.JSON, orders.JSON)
def test_arbitrary_orders_are_read_or_refused(body: Any, value: Any) -> None:
    for page in SLUGS:
        whole = {"prompt": value, "image": value, **(body if isinstance(body, dict) else {})}
        for sent in (body, whole):
            try:
                order = server.decode_order(page, sent)
            except BadRequest:
                continue
            assert order.fields["model"]


def test_shots_without_a_prompt_of_their_own_still_fill_the_required_one() -> None:
    film = Params(
        model="kling-v3",
        duration=4,
        aspect_ratio="16:9",
        shot_type="customize",
        multi_prompt=(Shot("a", 2), Shot("b", 2)),
    )
    sent = client.encode_create(film).json
    assert sent is not None
    assert sent["prompt"] == "a b"
    assert sent["multi_prompt"] == [
        {"prompt": "a", "duration": "2"},
        {"prompt": "b", "duration": "2"},
    ]
