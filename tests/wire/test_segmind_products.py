"""Segmind's pages of omni films, movements, avatars and scenes: what each is sent, and takes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given

from generations.catalogue.params import Params
from generations.catalogue.validation import check
from generations.wire.segmind import client, server
from generations.wire.segmind.products import PAGES
from generations.wire.segmind.slugs import SHOTS_MAX, find
from generations.wire.task import BadRequest, Order
from tests.wire.test_kling_products import orders, whole
from tests.wire.test_kling_standard_products import CAT, MOVE, OMNI, RUN, SEA, ordered

VOICE = "https://a.example/voice.mp3"
O1 = {"task": "omni-video", "model": "kling-video-o1", "mode": "pro"}


def sent(film: float | None = None, **fields: Any) -> tuple[str, Any]:
    request = client.encode_create(ordered(film, **fields))
    return request.path, request.json


def decoded(slug: str, body: Any) -> Order:
    page = find(slug)
    assert page is not None
    return server.decode_order(page, body)


def taken(slug: str, body: Any) -> Params:
    return check(decoded(slug, body).fields, lenient=True, max_shots=SHOTS_MAX).params


def test_omni_films_go_to_the_page_of_what_they_begin_with() -> None:
    words = {**OMNI, "prompt": "A hen", "aspect_ratio": "9:16", "duration": 7, "sound": True}
    assert sent(**words) == (
        "/v2/kling-o3-text2video",
        {"prompt": "A hen", "aspect_ratio": "9:16", "duration": "7", "generate_audio": True,
         "negative_prompt": "", "mode": "std"},
    )  # fmt: skip
    frames = [{"image": CAT, "use": "first_frame"}, {"image": SEA, "use": "end_frame"}]
    assert sent(**OMNI, prompt="It wakes", images=frames) == (
        "/v2/kling-o3-image2video",
        {"prompt": "It wakes", "image_url": CAT, "end_image_url": SEA, "duration": "5",
         "generate_audio": False, "mode": "std"},
    )  # fmt: skip
    pictures = {"images": [{"image": CAT}, {"image": SEA}], "aspect_ratio": "1:1"}
    assert sent(**O1, **pictures, prompt="<<<image_1>>> at <<<image_2>>>", duration=10) == (
        "/v2/kling-o1-reference-image-to-video",
        {"prompt": "@Image1 at @Image2", "image_urls": [CAT, SEA], "aspect_ratio": "1:1",
         "duration": "10"},
    )  # fmt: skip


def test_films_are_edited_and_followed_on_pages_of_their_own() -> None:
    edit = {"prompt": "Make <<<video_1>>> as <<<image_1>>>", "images": [{"image": SEA}],
            "videos": [{"video": RUN, "use": "base", "keep_sound": True}]}  # fmt: skip
    assert sent(8, **{**OMNI, "mode": "pro"}, **edit) == (
        "/v2/kling-o3-video2video-edit",
        {"prompt": "Make @Video1 as @Image1", "video_url": RUN, "image_urls": [SEA],
         "duration": "8", "keep_audio": True, "mode": "pro"},
    )  # fmt: skip
    assert sent(8, **O1, **edit) == (
        "/v2/kling-o1-video-to-video-edit",
        {"prompt": "Make @Video1 as @Image1", "video_url": RUN, "image_urls": [SEA],
         "keep_audio": True},
    )  # fmt: skip
    follow = {"prompt": "And then", "aspect_ratio": "16:9", "duration": 5,
              "videos": [{"video": RUN, "use": "feature"}]}  # fmt: skip
    assert sent(8, **O1, **follow) == (
        "/v2/kling-o1-video-to-video-reference",
        {"prompt": "And then", "video_url": RUN, "aspect_ratio": "16:9", "duration": "5",
         "keep_audio": False},
    )  # fmt: skip
    assert sent(8, **OMNI, **follow)[0] == "/v2/kling-o3-video2video-reference"


def test_movements_avatars_and_scenes_of_two_go_by_name() -> None:
    move = {**MOVE, "model": "kling-v2-6", "prompt": "It dances", "keep_original_sound": False}
    assert sent(8, **move) == (
        "/v2/kling-2.6-pro-motion-control",
        {"prompt": "It dances", "image_url": CAT, "video_url": RUN,
         "character_orientation": "video", "keep_original_sound": False},
    )  # fmt: skip
    assert sent(8, **{**move, "mode": "std"})[0] == "/v2/kling-2.6-standard-motion-control"
    assert sent(task="avatar", image=CAT, audio=VOICE, mode="pro", prompt="Gently") == (
        "/v2/kling-v1-pro-ai-avatar",
        {"image_url": CAT, "audio_url": VOICE, "prompt": "Gently"},
    )
    assert sent(task="effects", effect_scene="kiss", images=[CAT, SEA], mode="pro") == (
        "/v2/kling-kiss",
        {"first_reference_image": CAT, "second_reference_image": SEA, "mode": "pro",
         "duration": "5"},
    )  # fmt: skip


@pytest.mark.parametrize(
    "order",
    [
        {**OMNI, "mode": "4k", "prompt": "x", "aspect_ratio": "1:1"},
        {**OMNI, "prompt": "x", "aspect_ratio": "1:1", "elements": ["160"]},
        {**OMNI, "prompt": "x", "aspect_ratio": "1:1", "images": [{"image": CAT}]},
        {**O1, "prompt": "x", "aspect_ratio": "1:1"},
        {**O1, "mode": "std", "prompt": "x", "aspect_ratio": "1:1", "images": [{"image": CAT}]},
        {**O1, "prompt": "x", "aspect_ratio": "1:1", "images": [{"image": CAT}], "duration": 7},
        MOVE,
        {**MOVE, "model": "kling-v2-6"},
        {"task": "effects", "effect_scene": "squish", "images": [CAT]},
        {"task": "effects", "effect_scene": "hug", "images": [CAT, SEA], "version": "kling-v1"},
        {"task": "tts", "text": "Hi", "voice": "v", "language": "en"},
    ],
)  # fmt: skip
def test_what_no_page_makes_as_ordered_is_not_taken(order: dict[str, Any]) -> None:
    assert not client.can_serve(ordered(8, **order))


def test_a_long_reference_film_is_not_for_segmind() -> None:
    order = {**OMNI, "prompt": "x", "videos": [{"video": RUN}]}
    assert client.can_serve(ordered(10, **order))
    assert not client.can_serve(ordered(12, **order))


def test_what_is_left_out_at_our_door_is_each_pages_own_default() -> None:
    assert decoded("kling-o3-text2video", {"prompt": "@image1 runs"}).fields == {
        "task": "omni-video", "model": "kling-v3-omni", "mode": "pro", "duration": "5",
        "prompt": "<<<image_1>>> runs", "aspect_ratio": "16:9", "sound": False,
    }  # fmt: skip
    follow = decoded("kling-o1-video-to-video-reference", {"prompt": "x", "video_url": RUN})
    assert follow.fields == {
        "task": "omni-video", "model": "kling-video-o1", "mode": "pro", "prompt": "x",
        "duration": 5, "aspect_ratio": "16:9",
        "videos": [{"video": RUN, "use": "feature", "keep_sound": False}],
    }  # fmt: skip
    assert follow.warnings == ("aspect_ratio auto was taken as 16:9.",)
    edit = decoded(
        "kling-o3-video2video-edit", {"prompt": "x", "video_url": RUN, "image_urls": [CAT]}
    )
    assert edit.fields == {
        "task": "omni-video", "model": "kling-v3-omni", "mode": "pro", "prompt": "x",
        "images": [{"image": CAT}], "videos": [{"video": RUN, "use": "base", "keep_sound": False}],
    }  # fmt: skip
    move = {"prompt": "x", "image_url": CAT, "video_url": RUN}
    assert decoded("kling-2.6-pro-motion-control", move).fields == {
        "task": "motion-control", "model": "kling-v2-6", "mode": "pro", "prompt": "x", "image": CAT,
        "video": RUN, "character_orientation": "video", "keep_original_sound": True,
    }  # fmt: skip
    speak = taken("kling-v1-standard-ai-avatar", {"image_url": CAT, "audio_url": VOICE})
    assert (speak.task, speak.mode, speak.image) == ("avatar", "std", CAT)
    hug = taken("kling-hug", {"first_reference_image": CAT, "second_reference_image": SEA})
    assert (hug.task, hug.inputs["effect_scene"], hug.inputs["images"], hug.mode) == (
        "effects", "hug", [CAT, SEA], "std",
    )  # fmt: skip


def test_words_that_kling_lacks_are_dropped_aloud() -> None:
    order = decoded(
        "kling-o3-text2video", {"prompt": "x", "cfg_scale": 0.5, "negative_prompt": "y"}
    )
    assert order.warnings == (
        "negative_prompt was dropped: Kling has no word for it in omni films.",
        "cfg_scale was dropped: Kling has no word for it in omni films.",
    )


@pytest.mark.parametrize(
    ("slug", "body", "field"),
    [
        ("kling-o3-image2video", {"prompt": "x"}, "image_url"),
        ("kling-o1-reference-image-to-video", {"prompt": "x"}, "image_urls"),
        ("kling-o1-reference-image-to-video", {"prompt": "x", "image_urls": CAT}, "image_urls"),
        (
            "kling-o1-video-to-video-edit",
            {"prompt": "x", "video_url": RUN, "elements": [{"frontal_image_url": CAT}]},
            "elements",
        ),
        ("kling-2.6-pro-motion-control", {"prompt": "x", "image_url": CAT}, "video_url"),
        ("kling-v1-pro-ai-avatar", {"image_url": CAT}, "audio_url"),
        ("kling-hug", {"first_reference_image": CAT}, "second_reference_image"),
        (
            "kling-kiss",
            {"first_reference_image": CAT, "second_reference_image": CAT, "duration": 10},
            "duration",
        ),
    ],
)
def test_a_body_against_its_page_names_the_parameter(slug: str, body: Any, field: str) -> None:
    with pytest.raises(BadRequest) as caught:
        decoded(slug, body)
    assert caught.value.field == field


TASKS = sorted({page.kinds[0] for page in PAGES})


@given(orders(*TASKS))
def test_an_order_survives_the_wire(params: Params) -> None:
    assume(client.can_serve(params))
    request = client.encode_create(params)
    body = json.loads(json.dumps(request.json))
    found = whole(decoded(request.path.removeprefix("/v2/"), body).fields, lenient=True)
    assert (found.task, found.model, found.mode) == (params.task, params.model, params.mode)
    assert found.sound == params.sound
    assert found.inputs.get("images") == params.inputs.get("images")
    assert found.inputs.get("audio") == params.inputs.get("audio")
    assert found.multi_prompt == params.multi_prompt
