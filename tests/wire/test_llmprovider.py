"""llmprovider: Kling's task without an envelope, and gateways that answer in their own shapes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from generations.catalogue.params import CameraControl, Params
from generations.catalogue.validation import check
from generations.wire.llmprovider import client, server
from generations.wire.task import (
    Accepted,
    Reason,
    Rejected,
    RemoteVideo,
    Task,
    TaskState,
    Unknown,
    WireReply,
)
from tests.wire import orders

PUBLISHED = {
    "task_id": "task_xyz789",
    "task_info": {"external_task_id": "custom_id_123"},
    "task_status": "submitted",
    "created_at": 1722769557708,
    "updated_at": 1722769557708,
}
QUEUED = Task(
    id="task_xyz789",
    state=TaskState.QUEUED,
    external_id="custom_id_123",
    created_ms=1722769557708,
    updated_ms=1722769557708,
)


def raw(reply: WireReply) -> tuple[int, dict[str, str], bytes]:
    return reply.status, dict(reply.headers), json.dumps(reply.json).encode()


def test_the_published_answer_is_given_and_read() -> None:
    assert server.encode_created(QUEUED).json == PUBLISHED
    assert client.decode_created(200, {}, json.dumps(PUBLISHED).encode()) == Accepted(QUEUED)
    wrapped = {"code": 0, "message": "SUCCEED", "data": PUBLISHED}
    assert client.decode_created(200, {}, json.dumps(wrapped).encode()) == Accepted(QUEUED)


def test_the_published_order_is_a_kling_v1_film_with_a_pan() -> None:
    order = server.decode_order(
        {
            "model": "kling-video-v1",
            "prompt": "A beautiful sunset over the ocean",
            "camera_control": {"type": "simple", "config": {"pan": 1}},
        }
    )
    film = check(order.fields, lenient=True).params
    assert film == Params(
        model="kling-v1",
        prompt="A beautiful sunset over the ocean",
        aspect_ratio="16:9",
        cfg_scale=0.5,
        camera_control=CameraControl("simple", "pan", 1.0),
    )
    request = client.encode_create(film, external_id="e")
    assert request.path == "/v1/videos/text2video"
    assert request.json is not None
    assert request.json["model"] == "kling-video-v1"
    assert "model_name" not in request.json


def test_only_the_two_published_models_are_served() -> None:
    def served(**fields: Any) -> bool:
        return client.can_serve(check({"prompt": "x", **fields}).params)

    assert served(model="kling-v1")
    assert served(model="kling-v1-6", mode="pro")
    assert not served(model="kling-v1", image="https://example.com/a.png")
    assert not served(model="kling-v2-6")


@pytest.mark.parametrize(
    "shape",
    [
        {"task_id": "t", "status": "completed", "url": "https://x.example/a.mp4"},
        {
            "code": "success",
            "data": {"id": "t", "status": "success", "video_url": "https://x.example/a.mp4"},
        },
        {
            "code": 0,
            "data": {
                "task_id": "t",
                "task_status": "succeed",
                "task_result": {"videos": [{"url": "https://x.example/a.mp4"}]},
            },
        },
    ],
)
def test_other_gateways_shapes_are_read(shape: dict[str, Any]) -> None:
    assert client.decode_task(200, {}, json.dumps(shape).encode()) == Task(
        id="t", state=TaskState.SUCCEEDED, videos=(RemoteVideo("https://x.example/a.mp4"),)
    )


def test_seconds_are_told_from_milliseconds() -> None:
    body = json.dumps({**PUBLISHED, "created_at": 1722769557, "updated_at": "1722769557"})
    read = client.decode_task(200, {}, body.encode())
    assert isinstance(read, Task)
    assert (read.created_ms, read.updated_ms) == (1722769557000, 1722769557000)


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (401, "invalid_api_key", Reason.AUTH),
        (400, "content_policy_violation", Reason.MODERATION),
        (429, "insufficient_quota", Reason.BALANCE),
        (429, "rate_limit_exceeded", Reason.RATE),
        (404, "model_not_found", Reason.DISCONTINUED),
        (400, "bad_value", Reason.INVALID),
    ],
)
def test_errors_in_openai_shape_say_who_must_act(status: int, code: str, reason: Reason) -> None:
    refused = client.decode_created(*raw(server.encode_error(status, "no", code=code)))
    assert isinstance(refused, Rejected)
    assert (refused.reason, refused.message) == (reason, "no")


def test_a_broken_answer_to_a_create_may_hide_a_task() -> None:
    for status, body in ((200, b"{}"), (200, b"<html>"), (502, b""), (200, b'{"task_id":"t"}')):
        assert isinstance(client.decode_created(status, {}, body), Unknown)
    missing = client.decode_task(*raw(server.encode_error(404, "no", code="not_found")))
    assert isinstance(missing, Rejected)
    assert missing.reason is Reason.NOT_FOUND


@given(orders.orders())
def test_an_order_survives_the_wire(film: Params) -> None:
    if not client.can_serve(film):
        return
    body = json.loads(json.dumps(client.encode_create(film, external_id="e-1").json))
    order = server.decode_order(body)
    assert order.external_id == "e-1"
    assert check(order.fields, lenient=True).params == orders.without(film, *client.lost(film))


@given(orders.tasks())
def test_a_task_survives_the_wire(task: Task) -> None:
    assert client.decode_task(*raw(server.encode_task(task))) == task


@given(orders.STATUSES, orders.BODIES)
def test_broken_answers_never_crash_the_client(status: int, body: bytes) -> None:
    assert isinstance(client.decode_created(status, {}, body), Accepted | Rejected | Unknown)
    assert isinstance(client.decode_task(status, {}, body), Task | Rejected)
