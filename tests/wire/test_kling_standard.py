"""Kling's standard of 2026: model in the path, tasks in batches, and both sides agreeing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from generations.catalogue.params import Params, Shot
from generations.catalogue.validation import check
from generations.wire.kling_standard import client, server
from generations.wire.kling_standard.models import read_shots, write_shots
from generations.wire.task import (
    Accepted,
    BadRequest,
    Reason,
    Rejected,
    Task,
    TaskState,
    Unknown,
    WireReply,
)
from tests.wire import orders

PICTURE = "https://example.com/a.png"


def raw(reply: WireReply) -> tuple[int, dict[str, str], bytes]:
    return reply.status, dict(reply.headers), json.dumps(reply.json).encode()


def test_the_model_is_in_the_path_and_settings_are_beside_the_prompt() -> None:
    film = check({"model": "kling-v2-6", "prompt": "A jazz band", "mode": "pro", "sound": True})
    request = client.encode_create(film.params, external_id="e-1", callback_url="https://x.example")
    assert request.path == "/text-to-video/kling-2.6"
    assert request.json == {
        "prompt": "A jazz band",
        "settings": {
            "resolution": "1080p",
            "duration": 5,
            "aspect_ratio": "16:9",
            "audio": "native",
        },
        "options": {"callback_url": "https://x.example", "external_task_id": "e-1"},
    }


def test_voices_and_frames_are_contents() -> None:
    film = check(
        {
            "model": "kling-v2-6",
            "prompt": "<<<voice_1>>> hums",
            "mode": "pro",
            "sound": True,
            "voices": ["v-77"],
            "image": PICTURE,
        }
    ).params
    request = client.encode_create(film)
    assert request.path == "/image-to-video/kling-2.6"
    assert request.json is not None
    assert request.json["contents"] == [
        {"type": "prompt", "text": "@voice_1 hums"},
        {"type": "first_frame", "url": PICTURE},
        {"type": "voice", "voice_id": "v-77", "id": "voice_1"},
    ]


def test_a_voice_goes_only_where_the_models_page_lists_one() -> None:
    film = {"prompt": "<<<voice_1>>> hums", "mode": "pro", "sound": True, "image": PICTURE}
    spoken = {**film, "voices": ["v-77"]}
    assert client.can_serve(check({"model": "kling-v2-6", **spoken}).params)
    assert not client.can_serve(check({"model": "kling-v3", **spoken}).params)
    assert client.can_serve(check({"model": "kling-v3", **film}).params)


def test_shots_are_written_into_the_prompt_and_read_back() -> None:
    shots = (Shot("a door opens", 3), Shot("light, much light", 4))
    written = "shot 1, 3, a door opens; shot 2, 4, light, much light;"
    assert write_shots(shots) == written
    assert read_shots(written) == shots
    assert read_shots("A shot 1, 3, of tequila") == ()


def test_the_turbo_has_no_sound_switch_and_serves_only_here() -> None:
    film = check({"model": "kling-3.0-turbo", "prompt": "x"}).params
    request = client.encode_create(film)
    assert request.path == "/text-to-video/kling-3.0-turbo"
    assert request.json is not None
    assert "audio" not in request.json["settings"]
    assert server.route(request.path) == ("text2video", "kling-3.0-turbo")
    assert server.route("/text-to-video/kling-1.0") is None


def test_an_unknown_task_is_an_empty_list() -> None:
    assert client.encode_get(["1", "2/3"]).path == "/tasks?task_ids=1,2%2F3"
    assert client.encode_find(["e 1"]).path == "/tasks?external_task_ids=e%201"
    missing = client.decode_task(*raw(server.encode_tasks([], "r")))
    assert isinstance(missing, Rejected)
    assert missing.reason is Reason.NOT_FOUND
    assert client.decode_tasks(*raw(server.encode_tasks([], "r"))) == ()
    away = client.decode_task(200, {}, b'{"code":5001,"message":"later","data":[]}')
    assert away == Rejected(Reason.UNAVAILABLE, "5001", "later")


def test_the_official_callback_vector_is_read() -> None:
    body = (
        b'{"id":"1234567890","status":"succeeded","message":"",'
        b'"create_time":1781080778802,"update_time":1781080794151}'
    )
    read = client.read_task(json.loads(body))
    assert read == Task(
        id="1234567890",
        state=TaskState.SUCCEEDED,
        created_ms=1781080778802,
        updated_ms=1781080794151,
    )


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text2video", None),
        ("image2video", {"contents": []}),
        ("image2video", {"contents": [{"type": "base_video", "url": PICTURE}]}),
        ("text2video", {"prompt": "x", "settings": {"resolution": "8k"}}),
        ("text2video", {"prompt": "x", "settings": {"audio": "loud"}}),
    ],
)
def test_what_is_not_of_this_standard_is_refused(kind: Any, body: Any) -> None:
    with pytest.raises(BadRequest):
        server.decode_order(kind, "kling-v2-6", body)


@given(orders.orders())
def test_an_order_survives_the_wire(film: Params) -> None:
    if not client.can_serve(film):
        return
    request = client.encode_create(film, external_id="e-1")
    routed = server.route(request.path)
    assert routed == (film.kind, film.model)
    order = server.decode_order(film.kind, film.model, json.loads(json.dumps(request.json)))
    assert order.external_id == "e-1"
    dropped = client.lost(film)
    wanted = orders.without(film, *dropped)
    if "cfg_scale" in dropped:
        wanted = orders.without(check(orders.to_fields(wanted), lenient=True).params)
    if film.multi_prompt:
        wanted = orders.without(wanted, "prompt")
    assert check(order.fields, lenient=True).params == wanted


@given(orders.tasks())
def test_a_task_survives_the_wire(task: Task) -> None:
    assert client.decode_task(*raw(server.encode_tasks([task], "r"))) == task
    assert client.decode_created(*raw(server.encode_created(task, "r"))) == Accepted(
        orders.short(task)
    )


@given(orders.STATUSES, orders.BODIES)
def test_broken_answers_never_crash_the_client(status: int, body: bytes) -> None:
    assert isinstance(client.decode_created(status, {}, body), Accepted | Rejected | Unknown)
    assert isinstance(client.decode_task(status, {}, body), Task | Rejected)


@given(orders.JSON)
def test_arbitrary_orders_are_read_or_refused(body: Any) -> None:
    for kind in ("text2video", "image2video"):
        try:
            order = server.decode_order(kind, "kling-v3", body)
        except BadRequest:
            continue
        assert order.fields["model"] == "kling-v3"
