"""Omni films and borrowed movements as the pages of Kling's 2026 standard write them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given

from generations.catalogue.params import Params
from generations.catalogue.products import checking
from generations.catalogue.products.registry import PRODUCTS
from generations.catalogue.products.sources import Source
from generations.catalogue.validation import check
from generations.wire.kling import client as legacy
from generations.wire.kling_standard import client, server
from generations.wire.kling_standard import models as names
from generations.wire.task import BadRequest
from tests.wire.test_kling_products import orders, whole

CAT, SEA = "https://a.example/cat.png", "https://a.example/sea.png"
RUN = "https://a.example/run.mp4"
OMNI: dict[str, Any] = {"task": "omni-video", "model": "kling-v3-omni", "mode": "std"}
MOVE = {"task": "motion-control", "model": "kling-v3", "mode": "pro", "image": CAT, "video": RUN,
        "character_orientation": "video"}  # fmt: skip


def ordered(film: float | None = None, **fields: Any) -> Params:
    """The order; `film` is how long the film is that it names."""
    params = check(fields).params
    named = {"videos[0].video": Source(seconds=film), "video": Source(seconds=film)} if film else {}
    return checking.complete(PRODUCTS[params.task], params, named)


def sent(film: float | None = None, **fields: Any) -> tuple[str, Any]:
    params = ordered(film, **fields)
    assert client.can_serve(params)
    request = client.encode_create(params)
    assert request.method == "POST"
    return request.path, request.json


def test_references_are_contents_that_the_prompt_names() -> None:
    assert sent(
        **OMNI, prompt="<<<image_1>>> and <<<element_1>>> at <<<image_2>>>", aspect_ratio="1:1",
        images=[{"image": CAT}, {"image": SEA}], elements=["160"], sound=True, duration=4,
    ) == (
        "/omni-video/kling-3.0-omni",
        {
            "contents": [
                {"type": "prompt", "text": "@image_1 and @element_1 at @image_2"},
                {"type": "refer_image", "url": CAT, "id": "image_1"},
                {"type": "refer_image", "url": SEA, "id": "image_2"},
                {"type": "element", "element_id": "160", "id": "element_1"},
            ],
            "settings": {"resolution": "720p", "duration": 4, "aspect_ratio": "1:1",
                         "audio": "native", "multi_shot": False},
        },
    )  # fmt: skip


def test_frames_are_the_first_and_the_last_and_o1_knows_no_shots() -> None:
    assert sent(
        task="omni-video", prompt="It wakes", duration=7, watermark=True,
        images=[{"image": CAT, "use": "first_frame"}, {"image": SEA, "use": "end_frame"}],
    ) == (
        "/omni-video/kling-o1",
        {
            "contents": [
                {"type": "prompt", "text": "It wakes"},
                {"type": "first_frame", "url": CAT, "id": "image_1"},
                {"type": "last_frame", "url": SEA, "id": "image_2"},
            ],
            "settings": {"resolution": "1080p", "duration": 7, "audio": "off"},
            "options": {"watermark_info": {"enabled": True}},
        },
    )  # fmt: skip


def test_a_film_to_be_edited_decides_its_length_and_may_keep_its_sound() -> None:
    videos = [{"video": RUN, "use": "base", "keep_sound": True}]
    path, body = sent(12.4, **OMNI, prompt="Make <<<video_1>>> red", videos=videos)
    assert path == "/omni-video/kling-3.0-omni"
    assert body["contents"] == [
        {"type": "prompt", "text": "Make @video_1 red"},
        {"type": "base_video", "url": RUN, "id": "video_1"},
    ]
    assert body["settings"] == {"resolution": "720p", "audio": "original", "multi_shot": False}


def test_what_follows_a_film_is_silent_and_in_shots() -> None:
    film = {**OMNI, "mode": "4k", "prompt": "As in <<<video_1>>>", "aspect_ratio": "16:9",
            "videos": [{"video": RUN, "use": "feature"}], "duration": 15}  # fmt: skip
    _, body = sent(15.5, **film)
    assert body["contents"][1] == {"type": "feature_video", "url": RUN, "id": "video_1"}
    assert body["settings"] == {"resolution": "4k", "duration": 15, "aspect_ratio": "16:9",
                                "audio": "off", "multi_shot": True}  # fmt: skip
    assert client.lost(ordered(15.5, **film)) == ("shot_type",)
    planned = ordered(15.5, **film, shot_type="intelligence")
    assert client.lost(planned) == ()
    loud = {**film, "videos": [{"video": RUN, "use": "feature", "keep_sound": True}]}
    assert not client.can_serve(ordered(9, **loud))
    assert legacy.can_serve(ordered(9, **loud))
    _, of_o1 = sent(9, **{**loud, "model": "kling-video-o1", "mode": "std", "duration": 6})
    assert of_o1["settings"] == {"resolution": "720p", "duration": 6, "aspect_ratio": "16:9",
                                 "audio": "original"}  # fmt: skip


def test_shots_are_written_into_the_prompt() -> None:
    shots = [{"prompt": "<<<image_1>>> runs", "duration": 2}, {"prompt": "It rests", "duration": 3}]
    _, body = sent(**OMNI, multi_prompt=shots, images=[{"image": CAT}], aspect_ratio="9:16")
    written = "shot 1, 2, @image_1 runs; shot 2, 3, It rests;"
    assert body["contents"][0] == {"type": "prompt", "text": written}
    assert (body["settings"]["multi_shot"], body["settings"]["duration"]) == (True, 5)


def test_a_movement_is_borrowed_from_a_film() -> None:
    request = client.encode_create(
        ordered(8, **MOVE, prompt="It dances"),
        external_id="gen_1-1",
        callback_url="https://b.example",
    )
    assert request.path == "/motion-control/kling-3.0"
    assert request.json == {
        "contents": [
            {"type": "prompt", "text": "It dances"},
            {"type": "image", "url": CAT},
            {"type": "video", "url": RUN},
        ],
        "settings": {"resolution": "1080p", "character_orientation": "video", "audio": "original"},
        "options": {"callback_url": "https://b.example", "external_task_id": "gen_1-1"},
    }
    path, body = sent(
        8, **{**MOVE, "model": "kling-v2-6", "mode": "std"}, keep_original_sound=False
    )
    assert path == "/motion-control/kling-2.6"
    assert body["settings"] == {"resolution": "720p", "character_orientation": "video",
                                "audio": "off"}  # fmt: skip


def test_each_standard_takes_what_its_own_page_takes() -> None:
    short = {"task": "omni-video", "prompt": "x", "aspect_ratio": "1:1", "duration": 6}
    frame = {"task": "omni-video", "prompt": "x", "duration": 6,
             "images": [{"image": CAT, "use": "first_frame"}]}  # fmt: skip
    long = {**OMNI, "prompt": "x", "videos": [{"video": RUN}]}
    puppet = {**MOVE, "elements": ["160"]}
    #           the order                              legacy  2026
    for params, first, second in (
        (ordered(**short), False, True),
        (ordered(**{**short, "duration": 10}), True, True),
        (ordered(**frame), False, True),
        (ordered(**{**frame, "images": [{"image": CAT}], "aspect_ratio": "1:1"}), True, True),
        (ordered(10.04, **long), True, True),
        (ordered(10.2, **long), False, True),
        (ordered(8, **puppet), True, False),
        (check({"task": "effects", "effect_scene": "squish", "images": [CAT]}).params, True, False),
    ):  # fmt: skip
        assert (legacy.can_serve(params), client.can_serve(params)) == (first, second), params


@given(orders(*names.PRODUCTS))
def test_an_order_survives_the_wire(params: Params) -> None:
    assume(client.can_serve(params))
    request = client.encode_create(params, external_id="e-1")
    routed = server.route(request.path)
    assert routed == (params.task, params.model)
    order = server.decode_order(*routed, json.loads(json.dumps(request.json)))
    found = whole(order.fields, lenient=True)
    assert order.external_id == "e-1"
    assert (found.task, found.model, found.mode) == (params.task, params.model, params.mode)
    assert (found.sound, found.elements, found.aspect_ratio) == (
        params.sound, params.elements, params.aspect_ratio,
    )  # fmt: skip
    assert found.multi_prompt == params.multi_prompt
    assert found.inputs.get("images") == params.inputs.get("images")
    if not params.multi_prompt:
        assert found.prompt == params.prompt


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/omni-video/kling-o1", {"contents": [], "settings": {"audio": "native"}}),
        ("/omni-video/kling-o1", {"contents": [{"type": "voice", "voice_id": "1"}]}),
        ("/omni-video/kling-3.0-omni", {"contents": [{"type": "feature_video", "url": RUN}]}),
        (
            "/omni-video/kling-3.0-omni",
            {"contents": [{"type": "feature_video", "url": RUN}],
             "settings": {"multi_shot": True, "audio": "original"}},
        ),
        (
            "/omni-video/kling-3.0-omni",
            {"contents": [{"type": "base_video", "url": RUN}], "settings": {"audio": "native"}},
        ),
        ("/motion-control/kling-2.6", {"contents": [{"type": "first_frame", "url": CAT}]}),
        ("/motion-control/kling-2.6", {"contents": [], "settings": {"duration": 5}}),
        ("/motion-control/kling-2.6", {"contents": [], "settings": {"resolution": "8k"}}),
    ],
)  # fmt: skip
def test_what_is_not_on_the_page_is_refused(path: str, body: Any) -> None:
    routed = server.route(path)
    assert routed is not None
    with pytest.raises(BadRequest):
        server.decode_order(*routed, body)


def test_every_address_of_the_pages_is_there_and_no_other() -> None:
    for kind, models in names.PRODUCTS.items():
        for native, official in models.items():
            assert server.route(f"/{kind}/{official}") == (kind, native)
    assert server.route("/omni-video/kling-2.6") is None
    assert server.route("/effects/kling-1.6") is None
