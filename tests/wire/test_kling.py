"""Kling's first standard: what we send, what we answer, and that both sides agree."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generations.catalogue.params import CameraControl, Params
from generations.catalogue.validation import check
from generations.wire.kling import client, server, tasks
from generations.wire.task import (
    Accepted,
    BadRequest,
    Reason,
    Rejected,
    RemoteVideo,
    Task,
    TaskState,
    Unknown,
    WireReply,
)
from tests.wire import orders

RECORDED = json.loads((Path(__file__).parent / "recorded/kling.json").read_text())
TASK = Task(
    id="867283741759111202",
    state=TaskState.SUCCEEDED,
    external_id="my-1",
    videos=(RemoteVideo("https://cdn.example.com/x.mp4", "867283741759111999", 5041),),
    created_ms=1774805076166,
    updated_ms=1774805230000,
    units=Decimal("1.5"),
)


def raw(reply: WireReply) -> tuple[int, dict[str, str], bytes]:
    return reply.status, dict(reply.headers), json.dumps(reply.json).encode()


def answer(name: str) -> tuple[int, dict[str, str], bytes]:
    return RECORDED[name]["status"], {}, json.dumps(RECORDED[name]["json"]).encode()


def test_we_answer_exactly_what_kling_was_recorded_to_answer() -> None:
    queued = Task(
        id=TASK.id,
        state=TaskState.QUEUED,
        external_id="my-1",
        created_ms=1774805076166,
        updated_ms=1774805076166,
    )
    request_id = "c0656403-1e6e-4b7e-b8f8-2cdd2595f2b9"
    assert server.encode_created(queued, request_id).json == RECORDED["created"]["json"]
    assert server.encode_task(TASK, request_id).json == RECORDED["succeeded"]["json"]


def test_recorded_answers_are_read() -> None:
    created = client.decode_created(*answer("created"))
    assert isinstance(created, Accepted)
    assert created.task.state is TaskState.QUEUED
    assert client.decode_task(*answer("succeeded")) == TASK
    failed = client.decode_task(*answer("failed"))
    assert isinstance(failed, Task)
    assert (failed.state, failed.message) == (TaskState.FAILED, "Failure to pass the risk control")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("concurrency", Reason.CONCURRENCY),
        ("balance", Reason.BALANCE),
        ("camera", Reason.INVALID),
        ("expired", Reason.AUTH),
        ("discontinued", Reason.DISCONTINUED),
    ],
)
def test_recorded_refusals_say_who_must_act(name: str, reason: Reason) -> None:
    refused = client.decode_created(*answer(name))
    assert isinstance(refused, Rejected)
    assert refused.reason is reason
    assert refused.code == str(RECORDED[name]["json"]["code"])


def test_the_published_page_asks_for_402_and_400_where_kling_gives_429_and_404() -> None:
    def statuses(style: Any) -> list[int]:
        return [
            server.encode_error(code, "", "r", status_style=style).status
            for code in (1102, 1201, 1203)
        ]

    assert statuses("seed") == [402, 400, 400]
    assert statuses("official") == [429, 400, 404]
    missing = server.encode_error(1203, "task not found", "r", status=404)
    assert missing.status == 404
    assert "data" not in missing.json
    found = client.decode_task(*raw(missing))
    assert isinstance(found, Rejected)
    assert found.reason is Reason.NOT_FOUND


def test_a_create_that_may_have_been_taken_is_unknown() -> None:
    for status, body in ((500, b""), (503, b'{"code":5001}'), (200, b"{"), (200, b'{"code":0}')):
        assert isinstance(client.decode_created(status, {}, body), Unknown)
    assert isinstance(client.decode_task(503, {}, b""), Rejected)
    told = client.decode_created(429, {"Retry-After": "7"}, b'{"code":1302}')
    assert told == Rejected(Reason.RATE, "1302", "HTTP 429", 7.0)


def test_the_published_example_with_professional_mode_is_understood() -> None:
    order = server.decode_order("text2video", RECORDED["published_order"])
    assert check(order.fields, lenient=True).params == Params(
        model="kling-v2-6",
        prompt="Aerial drone shot of a coral reef at golden hour",
        negative_prompt="blurry, low quality, distorted, watermark",
        mode="pro",
        aspect_ratio="16:9",
    )


def test_aliases_and_empty_values_of_old_clients_are_read() -> None:
    order = server.decode_order(
        "text2video",
        {
            "model": "kling-v2-6",
            "model_name": "",
            "prompt": "x",
            "mode": "professional",
            "motion_has_audio": True,
            "duration": 10,
            "cfg_scale": "0.5",
            "camera_control": {},
            "image": "",
            "dynamic_masks": [],
            "callback_url": "",
            "external_task_id": 77,
        },
    )
    params = check(order.fields, lenient=True).params
    assert (params.model, params.mode, params.sound) == ("kling-v2-6", "pro", True)
    assert (params.duration, order.external_id, order.callback_url) == (10, "77", None)
    assert "camera_control" not in order.explicit


def test_without_a_model_it_is_kling_v1() -> None:
    order = server.decode_order("text2video", {"prompt": "x"})
    assert order.fields["model"] == "kling-v1"
    assert order.explicit == {"prompt"}


@pytest.mark.parametrize(
    ("kind", "body", "field"),
    [
        ("text2video", [], "body"),
        ("image2video", {"prompt": "x"}, "image"),
        ("text2video", {"prompt": "x", "multi_shot": True}, "shot_type"),
        ("text2video", {"prompt": "x", "callback_url": ["x"]}, "callback_url"),
    ],
)
def test_what_is_not_of_this_dialect_names_its_field(kind: Any, body: Any, field: str) -> None:
    with pytest.raises(BadRequest) as caught:
        server.decode_order(kind, body)
    assert caught.value.field == field


def test_only_official_names_and_strings_go_upstream() -> None:
    params = check(
        {
            "model": "kling-v1",
            "prompt": "A castle",
            "camera_control": {"type": "simple", "config": {"pan": 3}},
        }
    ).params
    assert params.camera_control == CameraControl("simple", "pan", 3.0)
    request = client.encode_create(params, external_id="a-1", callback_url="https://x.example/cb")
    assert (request.method, request.path) == ("POST", "/v1/videos/text2video")
    assert request.json == {
        "model_name": "kling-v1",
        "prompt": "A castle",
        "mode": "std",
        "duration": "5",
        "aspect_ratio": "16:9",
        "cfg_scale": 0.5,
        "camera_control": {"type": "simple", "config": {"pan": 3}},
        "external_task_id": "a-1",
        "callback_url": "https://x.example/cb",
    }


def test_queries_quote_what_customers_named() -> None:
    assert client.encode_get("text2video", "a/b?c").path == "/v1/videos/text2video/a%2Fb%3Fc"
    assert client.encode_list("image2video", 2, 500).path == (
        "/v1/videos/image2video?pageNum=2&pageSize=500"
    )


@given(orders.orders())
def test_an_order_survives_the_wire(params: Params) -> None:
    if not client.can_serve(params):
        return
    body = json.loads(json.dumps(client.encode_create(params, external_id="e-1").json))
    order = server.decode_order(params.kind, body)
    assert order.external_id == "e-1"
    checked = check(order.fields, lenient=True)
    assert checked.params == orders.without(params, *client.lost(params))


@given(orders.tasks())
def test_a_task_survives_the_wire(task: Task) -> None:
    assert client.decode_task(*raw(server.encode_task(task, "r"))) == task
    assert client.decode_list(*raw(server.encode_list([task, task], "r"))) == (task, task)


@pytest.mark.parametrize("gone", [("videos",), ("audios",), ("videos", "audios")])
def test_what_is_not_kept_any_more_is_an_empty_list_where_it_was(gone: tuple[str, ...]) -> None:
    task = replace(TASK, videos=(), gone=gone)
    assert tasks.flat(task)["task_result"] == {name: [] for name in gone}


def test_a_list_that_is_refused_is_no_empty_list() -> None:
    told = client.decode_list(200, {}, b'{"code":1302,"message":"slow down","data":[]}')
    assert isinstance(told, Rejected)
    assert told.reason is Reason.RATE


@given(orders.STATUSES, orders.BODIES)
def test_broken_answers_never_crash_the_client(status: int, body: bytes) -> None:
    assert isinstance(client.decode_created(status, {}, body), Accepted | Rejected | Unknown)
    assert isinstance(client.decode_task(status, {}, body), Task | Rejected)
    assert isinstance(client.decode_list(status, {}, body), tuple | Rejected)


@given(st.sampled_from(["text2video", "image2video"]), orders.JSON)
def test_arbitrary_orders_are_read_or_refused(kind: Any, body: Any) -> None:
    try:
        order = server.decode_order(kind, body)
    except BadRequest as refusal:
        assert refusal.field  # noqa: PT017 - either outcome is right, this one must be named
        return
    assert "model" in order.fields
