"""Kling's other products: refused with every reason at once, priced by name, corrected by rows."""

from __future__ import annotations

from typing import Any

import pytest

from generations.catalogue import billable
from generations.catalogue.products import checking, documentation
from generations.catalogue.products.registry import PRODUCTS
from generations.catalogue.products.sources import Source
from generations.catalogue.validation import check
from generations.catalogue.violations import InvalidRequest
from generations.wire.kling_standard.models import PRODUCTS as PRODUCTS_OF_2026

PICTURE = "https://example.com/a.png"
FILM = "https://example.com/a.mp4"


def refused(**fields: Any) -> dict[str, str]:
    """Field and code of every violation."""
    with pytest.raises(InvalidRequest) as caught:
        check(fields)
    return {v.field: v.code for v in caught.value.violations}


def credits_for(fields: dict[str, Any], **source: Any) -> int:
    """The price when every film and sound it names is as `source` says, else 5 s long."""
    params = check(fields).params
    told = Source(**{"seconds": 5, "mode": "std", **source})
    names = ("video", "audio", "session", "videos[0].video")
    params = checking.complete(PRODUCTS[params.task], params, dict.fromkeys(names, told))
    line = billable.item(params)
    prices = {(p.sku, p.key, p.unit): p.credits for p in billable.list_prices()}
    return prices[line.sku, line.key, line.unit] * line.quantity


OMNI = {"task": "omni-video", "prompt": "x", "aspect_ratio": "16:9"}
MOTION = {"task": "motion-control", "image": PICTURE, "video": FILM,
          "character_orientation": "video"}  # fmt: skip
LIPS = {"task": "lip-sync", "video": FILM, "text": "Hi", "voice": "v"}


EXTEND = {"task": "video-extend", "video": "gen_1"}
SQUISH = {"task": "effects", "effect_scene": "squish", "images": [PICTURE]}
AVATAR = {"task": "avatar", "image": PICTURE, "audio": FILM}


def test_extending_costs_what_its_film_was_made_with() -> None:
    assert credits_for(EXTEND, model="kling-v1") == 10
    assert credits_for(EXTEND, model="kling-v1", mode="pro") == 35
    assert credits_for(EXTEND, model="kling-v1-6") == 20
    with pytest.raises(InvalidRequest, match="was made by kling-v3"):
        credits_for(EXTEND, model="kling-v3")


def test_lip_sync_costs_5_credits_for_every_five_seconds_begun() -> None:
    assert credits_for(LIPS) == 5
    assert credits_for(LIPS, seconds=5.04) == 5
    assert credits_for(LIPS, seconds=5.5) == 10
    assert credits_for(LIPS, seconds=60) == 60
    with pytest.raises(InvalidRequest, match="send one of 2 to 60 s"):
        credits_for(LIPS, seconds=61)


def test_what_is_sold_by_the_second_follows_the_film_or_the_sound() -> None:
    assert credits_for({**MOTION, "mode": "std"}, seconds=10) == 50
    assert credits_for({**MOTION, "mode": "pro"}, seconds=10) == 80
    assert credits_for({**MOTION, "mode": "pro", "model": "kling-v3"}, seconds=10) == 120
    assert credits_for(AVATAR, seconds=12) == 48
    assert credits_for({**AVATAR, "mode": "pro"}, seconds=12) == 96


def test_who_keeps_the_pose_of_a_picture_follows_ten_seconds() -> None:
    still = {**MOTION, "mode": "std", "character_orientation": "image"}
    assert credits_for(still, seconds=10.04) == 50
    with pytest.raises(InvalidRequest, match="send one of 3 to 10 s, or character"):
        credits_for(still, seconds=10.5)
    assert credits_for({**MOTION, "mode": "std"}, seconds=30) == 150
    held = {**still, "model": "kling-v3", "elements": ["1"]}
    assert credits_for(held, seconds=5) == 45


def test_a_film_has_the_size_and_rate_that_kling_takes() -> None:
    film = {**OMNI, "videos": [{"video": FILM}]}
    assert credits_for(film, width=720, height=1280, fps=23.976)
    assert credits_for(film, width=2160, height=2160, fps=60)
    with pytest.raises(InvalidRequest, match=r"718×1280 pixels.* 720 to 2160 pixels a side"):
        credits_for(film, width=718, height=1280)
    with pytest.raises(InvalidRequest, match="send one of 720 to 2160 pixels a side"):
        credits_for(film, width=3840, height=2160)
    with pytest.raises(InvalidRequest, match=r"15 frames a second.* 24 to 60 frames a second"):
        credits_for(film, width=1280, height=720, fps=15)
    with pytest.raises(InvalidRequest, match="720 to 1920 pixels a side"):
        credits_for({"task": "identify-face", "video": FILM}, width=640, height=480)


def test_a_prompt_speaks_of_what_the_order_has() -> None:
    for mark in ("image_1", "video_1", "element_1", "image_0"):
        assert refused(**{**OMNI, "prompt": f"<<<{mark}>>> runs"}) == {"prompt": "conflict"}
    pictures = {**OMNI, "images": [{"image": PICTURE}] * 2, "elements": ["1"]}
    assert check({**pictures, "prompt": "<<<image_2>>> as <<<element_1>>>"}).params.task
    with pytest.raises(InvalidRequest, match=r"<<<image_3>>>, and images has 2: send it in images"):
        check({**pictures, "prompt": "<<<image_3>>> and <<<image_4>>>"})
    shots = [{"prompt": "<<<image_1>>> runs", "duration": 3}]
    told = {"task": "omni-video", "model": "kling-v3-omni", "aspect_ratio": "1:1"}
    assert refused(**told, multi_prompt=shots) == {"multi_prompt[0].prompt": "conflict"}


def test_a_product_without_models_has_no_such_field() -> None:
    with pytest.raises(InvalidRequest, match="model is not a field of this request: leave it out"):
        check({"task": "tts", "model": "kling-v1", "text": "x", "voice": "v", "language": "en"})
    assert refused(**EXTEND, model="kling-v1") == {"model": "unknown_field"}


def test_each_field_says_what_names_its_film_or_sound() -> None:
    with pytest.raises(InvalidRequest) as caught:
        check({**EXTEND, "video": FILM})
    (told,) = caught.value.violations
    assert (
        told.way_out
        == "send the id of a generation of yours that made a film (gen_…), or of that film (vid_…)"
    )
    fields = documentation.json_schema(PRODUCTS["avatar"])["properties"]
    image, audio = (fields[name]["description"] for name in ("image", "audio"))
    assert image.startswith("The person. An image: an http(s) address, an upload id")
    assert "JPEG, PNG or WebP to 10 MB" in image
    assert audio.startswith("What is said or sung. A sound, 2 to 300 s, to 5 MB: the id of a")
    assert audio.endswith("or an http(s) address, a data URI or base64.")


def test_only_a_word_that_is_near_is_suggested() -> None:
    speech = {"task": "tts", "text": "x", "voice": "v"}
    for fields, way_out in (
        ({"task": "nope"}, "send one of them"),
        ({"task": "lipsync"}, "send lip-sync"),
        ({**speech, "language": "fr"}, "send one of them"),
        ({**speech, "language": "EN"}, "send en"),
    ):
        with pytest.raises(InvalidRequest) as caught:
            check(fields)
        assert caught.value.violations[0].way_out == way_out


def speaking(**times: int) -> dict[str, Any]:
    face = {"face_id": "0", "audio": FILM, **times}
    return {"task": "advanced-lip-sync", "session": "gen_1", "faces": [face]}


def test_a_clip_is_two_seconds_of_its_recording() -> None:
    short = {"faces[0].sound_end_time": "conflict"}
    assert refused(**speaking(sound_start_time=59_000, sound_end_time=2000)) == short
    assert refused(**speaking(sound_start_time=1001, sound_end_time=3000)) == short
    assert check(speaking(sound_start_time=1000, sound_end_time=3000)).params.task


def test_a_clip_lies_inside_its_film() -> None:
    times = {"sound_start_time": 1000, "sound_end_time": 4000}
    order = check(speaking(**times, sound_insert_time=2000)).params
    late = check(speaking(**times, sound_insert_time=2100)).params
    product, film = PRODUCTS["advanced-lip-sync"], {"session": Source(seconds=5)}
    assert checking.complete(product, order, film).duration == 5
    with pytest.raises(InvalidRequest, match="to 5100 ms of a film of 5"):
        checking.complete(product, late, film)
    with pytest.raises(InvalidRequest, match="to 4000 ms of a recording of 3"):
        checking.complete(product, order, film | {"faces[0].audio": Source(seconds=3)})


def test_a_scene_of_two_people_lasts_five_seconds() -> None:
    hug = {"task": "effects", "effect_scene": "hug_pro", "images": [PICTURE, PICTURE]}
    assert refused(**hug, duration=10) == {"duration": "conflict"}
    assert credits_for({**hug, "duration": 5}) == credits_for(hug) == 20


def test_an_advanced_element_is_made_of_what_its_type_refers_to() -> None:
    order = {"task": "advanced-custom-element", "element_name": "me", "element_description": "I"}
    film, pictures = {"videos": [FILM]}, {"image": PICTURE, "images": [PICTURE]}
    of_film = order | {"reference_type": "video_refer"}
    of_pictures = order | {"reference_type": "image_refer"}
    assert check(of_film | film).params.inputs["videos"] == [FILM]
    assert check(of_pictures | pictures).params.inputs["images"] == [PICTURE]
    assert refused(**of_film, image=PICTURE) == {"videos": "required", "image": "conflict"}
    assert refused(**of_pictures, image=PICTURE) == {"images": "required"}
    assert refused(**of_pictures, **pictures, **film) == {"videos": "conflict"}


def test_omni_films_cost_more_with_sound_or_with_a_film() -> None:
    film = {"videos": [{"video": FILM, "use": "base"}]}
    o3 = {**OMNI, "model": "kling-v3-omni"}
    assert credits_for({**OMNI, "duration": 5}) == 40
    assert credits_for({**OMNI, "duration": 5, "mode": "std"}) == 30
    assert credits_for({**o3, "duration": 4, "mode": "std", "sound": True}) == 32
    assert credits_for({**o3, "duration": 3, "mode": "4k"}) == 90
    assert credits_for(OMNI | film, seconds=6) == 72


def test_what_is_sold_by_the_call_has_one_price() -> None:
    assert credits_for({"task": "identify-face", "video": FILM}) == 1
    assert credits_for({"task": "tts", "text": "Hi", "voice": "v", "language": "en"}) == 1
    assert credits_for({"task": "text-to-audio", "prompt": "Rain", "seconds": 3}) == 3
    assert credits_for({"task": "video-to-audio", "video": FILM}) == 3
    assert credits_for(SQUISH) == 20
    assert credits_for({**SQUISH, "duration": 10}) == 40


def test_every_price_row_of_every_product_is_published_once() -> None:
    rows = [(p.sku, p.key, p.unit) for p in billable.list_prices() if p.sku in PRODUCTS]
    assert len(rows) == len(set(rows)) == sum(len(p.prices) for p in PRODUCTS.values())


def test_every_violation_is_told_at_once() -> None:
    assert refused(task="lip-sync", text="x" * 121, speed=3, colour="red", audio="?") == {
        "video": "required",
        "text": "too_long",
        "speed": "out_of_range",
        "audio": "bad_media",
        "colour": "unknown_field",
    }
    assert refused(task="cartoon") == {"task": "not_allowed"}
    hug = {"task": "effects", "effect_scene": "hug"}
    assert refused(**hug, images=["x"]) == {"images[0]": "bad_media", "images": "out_of_range"}
    with pytest.raises(InvalidRequest) as caught:
        check({**hug, "images": [PICTURE] * 5})
    assert [(v.field, v.code) for v in caught.value.violations] == [("images", "too_long")]
    with pytest.raises(InvalidRequest, match=r"faces needs 1 entry: send 1\."):
        check({"task": "advanced-lip-sync", "session": "gen_1", "faces": []})
    with pytest.raises(InvalidRequest) as caught:
        check({**OMNI, "prompt": "<<<image_3>>> and <<<video_1>>>"})
    assert [v.message.split(",")[0] for v in caught.value.violations] == [
        "prompt speaks of <<<image_3>>>", "prompt speaks of <<<video_1>>>",
    ]  # fmt: skip
    assert refused(**SQUISH | {"images": [PICTURE, PICTURE]}) == {"images": "out_of_range"}
    assert refused(**MOTION, mode="std", elements=["1"]) == {"elements": "unsupported"}
    assert refused(task="video-extend", video=FILM) == {"video": "bad_media"}


def test_omni_films_keep_klings_rules_between_fields() -> None:
    image, film = {"image": PICTURE}, {"video": FILM}
    first, last = {**image, "use": "first_frame"}, {**image, "use": "end_frame"}
    assert refused(**OMNI, images=[last]) == {"images": "conflict"}
    assert refused(**OMNI, images=[first, last, image]) == {"images": "conflict"}
    assert refused(**OMNI, images=[image] * 5, videos=[film]) == {"images": "too_long"}
    assert refused(**OMNI, duration=15) == {"duration": "out_of_range"}
    assert refused(**OMNI, sound=True) == {"sound": "unsupported"}
    assert refused(**OMNI, mode="4k") == {"mode": "conflict"}
    assert refused(task="omni-video", prompt="x") == {"aspect_ratio": "required"}
    assert (
        check({"task": "omni-video", "prompt": "x", "images": [first, last]}).params.duration == 0
    )
    o3 = {**OMNI, "model": "kling-v3-omni"}
    assert refused(**o3, sound=True, videos=[film]) == {"sound": "conflict"}


@pytest.mark.parametrize(
    ("task", "name", "official"),
    [
        ("omni-video", "kling-3.0-omni", "kling-v3-omni"),
        ("omni-video", "kling-o1", "kling-video-o1"),
        ("motion-control", "kling-3.0", "kling-v3"),
        ("motion-control", "kling-2.6", "kling-v2-6"),
    ],
)
def test_klings_names_of_2026_are_taken_for_the_models_of_products(
    task: str, name: str, official: str
) -> None:
    order = OMNI if task == "omni-video" else {**MOTION, "mode": "std"}
    found = check({**order, "model": name}).params
    assert (found.task, found.model) == (task, official)
    assert PRODUCTS_OF_2026[task][official] == name


@pytest.mark.parametrize(
    ("model", "task", "path"),
    [
        ("kling-v3-omni", "omni-video", "/v1/videos/omni-video"),
        ("kling-o1", "omni-video", "/v1/videos/omni-video"),
        ("kling-lip-sync", "lip-sync", "/v1/videos/lip-sync"),
    ],
)
def test_a_model_without_its_task_is_told_which_one_it_is_for(
    model: str, task: str, path: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        check({"model": model, "prompt": "A hen"})
    (violation,) = caught.value.violations
    assert (violation.field, violation.code) == ("model", "not_allowed")
    assert violation.message == (
        f'model "{model}" makes no films of this kind, it is for {task}: '
        f'send "task": "{task}" with it (in Kling\'s API: POST {path}).'
    )


def test_a_correction_changes_what_is_refused_and_what_is_described() -> None:
    scenes = {"effect_scene": {"allowed": ["new_scene"]}}
    corrected = {"effects": PRODUCTS["effects"].corrected(scenes)}
    order = {**SQUISH, "effect_scene": "new_scene"}
    assert check(order, products=corrected).params.inputs["effect_scene"] == "new_scene"
    assert refused(**order) == {"effect_scene": "not_allowed"}
    described = documentation.json_schema(corrected["effects"])["properties"]["effect_scene"]
    assert described["enum"] == ["new_scene"]


@pytest.mark.parametrize(
    "limits",
    [
        [1],
        {"colour": {"most": 1}},
        {"effect_scene": [1]},
        {"effect_scene": {"colours": 1}},
        {"effect_scene": {"allowed": "squish"}},
        {"effect_scene": {"allowed": []}},
        {"effect_scene": {"allowed": ["squish", 1]}},
        {"effect_scene": {"name": "scene"}},
        {"effect_scene": {"key": "input.scene"}},
        {"effect_scene": {"aliases": [["a", "b"]]}},
        {"images": {"inner": ["image"]}},
        {"images": {"most": "abc"}},
        {"images": {"most": True}},
        {"duration": {"allowed": [10]}},
        {"duration": {"default": "long"}},
    ],
)
def test_a_correction_that_makes_no_sense_is_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        PRODUCTS["effects"].corrected(limits)


@pytest.mark.parametrize("span", [{"low": "abc"}, {"high": "nan"}, {"low": "3"}, {"high": 2}])
def test_a_correction_that_leaves_no_number_is_refused(span: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="speed"):
        PRODUCTS["lip-sync"].corrected({"speed": span})


def test_limits_of_every_kind_can_be_corrected() -> None:
    lips = PRODUCTS["lip-sync"].corrected(
        {"text": {"most": 200}, "speed": {"high": "3"}, "video": {"high": 120, "megabytes": 200}}
    )
    order = {**LIPS, "text": "x" * 150, "speed": 2.5}
    assert check(order, products={"lip-sync": lips}).params.inputs["speed"] == 2.5
    assert lips.by_name["video"].schema()["description"].startswith("A film, 2 to 120 s")
