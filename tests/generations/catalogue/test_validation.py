"""The gate for create requests: what passes, what is refused, and in which words."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generations.catalogue.draft import FIELDS
from generations.catalogue.params import CameraControl, Params, Shot
from generations.catalogue.registry import SPECS
from generations.catalogue.validation import Checked, InvalidRequest, check

PICTURE = "https://example.com/a.png"
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(20)).decode()
PAN = {"type": "simple", "config": {"pan": 3}}


def refusals(fields: dict[str, Any], **how: Any) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as caught:
        check(fields, **how)
    return {violation.field: violation.code for violation in caught.value.violations}


def test_a_bare_prompt_gets_every_default() -> None:
    assert check({"model": "kling-v1", "prompt": "A fox"}) == Checked(
        Params(model="kling-v1", prompt="A fox", aspect_ratio="16:9", cfg_scale=0.5), ()
    )


def test_all_violations_come_at_once_each_with_a_way_out() -> None:
    with pytest.raises(InvalidRequest) as caught:
        check({"model": "kling-v2-6", "prompt": " ", "duration": 7, "cfg_scale": 2, "hue": 1})
    violations = caught.value.violations
    assert [violation.field for violation in violations] == [
        "hue",
        "cfg_scale",
        "duration",
        "prompt",
    ]
    assert violations[2].message == (
        "duration of kling-v2-6 must be 5 or 10 seconds in all, not 7: "
        "choose 5 or 10, or take kling-v3 for 3 to 15 s."
    )
    assert all(v.limit and v.way_out and v.way_out in v.message for v in violations)


def test_a_model_is_found_by_name_and_by_alias_and_never_guessed() -> None:
    assert check({"model": "kling-video-v1-6", "prompt": "x"}).params.model == "kling-v1-6"
    assert refusals({"prompt": "x"}) == {"model": "required"}
    assert refusals({"model": "kling-v9", "prompt": "x"}) == {"model": "not_allowed"}


@pytest.mark.parametrize("name", ["kling-v2-master", "kling-v2-1-master"])
def test_a_master_has_one_quality_whatever_mode_is_sent(name: str) -> None:
    assert check({"model": name, "prompt": "x"}).params.mode == "pro"
    checked = check({"model": name, "prompt": "x", "mode": "std"})
    assert checked.params.mode == "pro"
    assert checked.warnings == (f"{name} has one quality, billed as pro.",)
    assert refusals({"model": name, "prompt": "x", "mode": "4k"}) == {"mode": "unsupported"}


def test_strict_takes_no_strings_for_numbers_and_no_aliases() -> None:
    order = {"model": "kling-v1", "prompt": "x", "duration": "5", "mode": "professional"}
    assert refusals(order) == {"duration": "wrong_type", "mode": "not_allowed"}
    lenient = check({**order, "cfg_scale": "0.7", "extra": [1]}, lenient=True).params
    assert (lenient.duration, lenient.mode, lenient.cfg_scale) == (5, "pro", 0.7)


def test_who_sends_no_mode_at_all_is_told_the_models_own() -> None:
    with pytest.raises(InvalidRequest) as refused:
        check({"model": "kling-v1", "prompt": "x", "mode": "ultra"})
    (mode,) = refused.value.violations
    assert (mode.field, mode.limit, mode.way_out) == ("mode", "std, pro", "send one of them")


def test_simple_camera_control_takes_exactly_one_axis_even_in_dialects() -> None:
    seed_example = {"horizontal": 5, "vertical": 0, "zoom": 3, "roll": 0, "pan": 0, "tilt": -2}
    order = {"model": "kling-v2-6", "prompt": "A castle"}
    for lenient in (False, True):
        for config in (seed_example, {}, {"pan": 0}):
            control = {"type": "simple", "config": config}
            assert refusals({**order, "camera_control": control}, lenient=lenient) == {
                "camera_control.config": "conflict"
            }
        control = {"type": "simple", "config": {"pan": 11}}
        assert refusals({**order, "camera_control": control}, lenient=lenient) == {
            "camera_control.config.pan": "out_of_range"
        }


def test_camera_control_exists_only_where_the_model_has_it() -> None:
    order = {"prompt": "A castle", "camera_control": PAN}
    assert check({"model": "kling-v1", **order}).params.camera_control == CameraControl(
        "simple", "pan", 3.0
    )
    for variant in ({"mode": "pro"}, {"duration": 10}, {"image": PICTURE}):
        assert refusals({"model": "kling-v1", **order, **variant}) == {
            "camera_control": "unsupported"
        }
    pictured = {"model": "kling-v1-5", "image": PICTURE, "mode": "pro"}
    assert check({**pictured, "camera_control": PAN}).params.camera_control is not None
    assert refusals({**pictured, "camera_control": {"type": "down_back"}}) == {
        "camera_control.type": "unsupported"
    }


def test_a_dialect_writes_a_lacking_camera_move_into_the_prompt() -> None:
    order = {"model": "kling-v2-6", "prompt": "A castle", "camera_control": PAN}
    checked = check(order, lenient=True)
    assert checked.params.prompt == "A castle The camera slowly turns to the right."
    assert checked.params.camera_control is None
    assert len(checked.warnings) == 1
    full = "x" * 2500
    checked = check({**order, "prompt": full}, lenient=True)
    assert checked.params.prompt == full
    assert checked.warnings[0].endswith("no room for the move: left out.")


def test_cfg_scale_is_refused_natively_and_dropped_or_kept_in_dialects() -> None:
    order = {"model": "kling-v2-6", "prompt": "x", "cfg_scale": 0.5}
    assert refusals(order) == {"cfg_scale": "unsupported"}
    dropped = check(order, lenient=True)
    assert dropped.params.cfg_scale is None
    assert dropped.warnings[0].startswith("cfg_scale was dropped: kling-v2-6 has no cfg_scale")
    kept = check({"model": "kling-v2-1", "image": PICTURE, "cfg_scale": 0.7}, lenient=True)
    assert kept.params.cfg_scale == 0.7


def test_prompt_limits() -> None:
    assert check({"model": "kling-v1", "prompt": "é" * 2500}).params.prompt == "é" * 2500
    assert refusals({"model": "kling-v1", "prompt": "é" * 2501}) == {"prompt": "too_long"}
    assert refusals({"model": "kling-v1", "prompt": "a\x00b"}) == {"prompt": "wrong_type"}
    assert refusals({"model": "kling-v1", "prompt": "a\ud800"}) == {"prompt": "wrong_type"}
    assert refusals({"model": "kling-v1", "prompt": "\n\t "}) == {"prompt": "required"}
    assert check({"model": "kling-v1", "image": PICTURE}).params.prompt == ""


def test_sound_follows_each_models_rule() -> None:
    order = {"prompt": "x", "sound": True}
    assert refusals({"model": "kling-v1", **order}) == {"sound": "unsupported"}
    assert refusals({"model": "kling-v2-6", **order}) == {"sound": "unsupported"}
    assert check({"model": "kling-v2-6", "mode": "pro", **order}).params.sound is True
    tail = {"image": PICTURE, "image_tail": PICTURE, "mode": "pro"}
    assert refusals({"model": "kling-v2-6", **order, **tail}) == {"sound": "conflict"}
    assert check({"model": "kling-3.0-turbo", "prompt": "x"}).params.sound is True
    silent = {"model": "kling-3.0-turbo", "prompt": "x", "sound": False}
    assert refusals(silent) == {"sound": "unsupported"}
    assert check(silent, lenient=True).params.sound is True


def test_voices_need_sound_and_are_at_most_two() -> None:
    order = {"model": "kling-v3", "prompt": "<<<voice_1>>> hums", "voices": ["a", "b"]}
    assert refusals(order) == {"voices": "conflict"}
    assert check({**order, "sound": True}).params.voices == ("a", "b")
    assert refusals({**order, "sound": True, "voices": ["a", "b", "c"]}) == {"voices": "too_long"}
    assert refusals({**order, "sound": True, "mode": "4k"}) == {"voices": "unsupported"}


def test_an_end_frame_exists_only_where_the_model_has_it() -> None:
    tail = {"image_tail": PICTURE}
    both = {**tail, "image": PICTURE}
    assert check({"model": "kling-v1-6", "mode": "pro", **tail}).params.kind == "image2video"
    assert refusals({"model": "kling-v1-6", **tail}) == {
        "image_tail": "unsupported",
    }
    assert refusals({"model": "kling-v2-1", "mode": "pro", **tail}) == {"image": "required"}
    assert refusals({"model": "kling-v2-1", "mode": "std", **both}) == {"image_tail": "unsupported"}
    assert check({"model": "kling-v1", **both}).params.image_tail == PICTURE
    assert refusals({"model": "kling-v1", "duration": 10, **both}) == {"image_tail": "unsupported"}


def test_a_model_without_text_to_video_says_who_has_it() -> None:
    with pytest.raises(InvalidRequest) as caught:
        check({"model": "kling-v2-1", "prompt": "x"})
    (violation,) = caught.value.violations
    assert (violation.field, violation.code) == ("image", "required")
    assert "available with kling-v1, kling-v1-6" in violation.message


def test_shots_add_up_and_are_ordered_by_index() -> None:
    shots = [
        {"prompt": "two", "duration": 4, "index": 2},
        {"prompt": "one", "duration": 3, "index": 1},
    ]
    params = check({"model": "kling-v3", "multi_prompt": shots}).params
    assert params.multi_prompt == (Shot("one", 3), Shot("two", 4))
    assert (params.duration, params.shot_type) == (7, "customize")
    assert check({"model": "kling-v3", "multi_prompt": shots, "duration": 7}).params == params
    assert refusals({"model": "kling-v3", "multi_prompt": shots, "duration": 5}) == {
        "duration": "conflict"
    }


def test_more_than_fifteen_seconds_needs_an_account_that_allows_it() -> None:
    fifty = {"model": "kling-v3", "multi_prompt": [{"prompt": "s", "duration": 10}] * 5}
    assert refusals(fifty) == {"multi_prompt": "out_of_range"}
    assert check(fifty, max_seconds=50).params.duration == 50
    assert refusals({"model": "kling-v3", "prompt": "x", "duration": 16}, max_seconds=50) == {
        "duration": "out_of_range"
    }


def test_shot_limits_belong_to_the_door() -> None:
    six = {"model": "kling-v3", "multi_prompt": [{"prompt": "s", "duration": 2}] * 6}
    assert check(six).params.duration == 12
    assert refusals(six, max_shots=5) == {"multi_prompt": "too_long"}
    long = {"model": "kling-v3", "multi_prompt": [{"prompt": "s" * 513}]}
    assert refusals(long) == {"multi_prompt[0].prompt": "too_long"}
    assert refusals({"model": "kling-v1", "multi_prompt": [{"prompt": "s"}]}) == {
        "multi_prompt": "unsupported"
    }


def test_intelligence_plans_the_shots_from_the_prompt() -> None:
    order = {"model": "kling-v3", "shot_type": "intelligence"}
    assert check({**order, "prompt": "A chase"}).params.shot_type == "intelligence"
    assert refusals(order) == {"prompt": "required"}
    assert refusals({"model": "kling-v3", "prompt": "x", "shot_type": "customize"}) == {
        "multi_prompt": "required"
    }
    lenient = check({"model": "kling-v3", "prompt": "x", "shot_type": "customize"}, lenient=True)
    assert lenient.params.shot_type is None


def test_images_are_normalised_and_looked_at() -> None:
    def image(value: object) -> str | None:
        return check({"model": "kling-v1", "image": value}).params.image

    assert image("data:image/png;base64," + PNG) == PNG
    assert image(PNG[:8] + "\n" + PNG[8:]) == PNG
    assert image("upl_01HZX") == "upl_01HZX"
    gif = base64.b64encode(b"GIF89a" + bytes(9)).decode()
    big = base64.b64encode(b"\xff\xd8\xff" + bytes(10 * 1024 * 1024)).decode()
    for bad in ("", "ftp://x/y.png", "http://", "http://[", gif, "!!!", big, "file:///etc/passwd"):
        assert refusals({"model": "kling-v1", "image": bad}) == {"image": "bad_media"}


def test_the_ratio_of_an_image_film_is_the_images() -> None:
    order = {"model": "kling-v1", "image": PICTURE, "aspect_ratio": "1:1"}
    assert refusals(order) == {"aspect_ratio": "unsupported"}
    assert check(order, lenient=True).params.aspect_ratio == "1:1"
    assert check({"model": "kling-v1", "image": PICTURE}).params.aspect_ratio is None


def test_seed_is_for_test_mode() -> None:
    order = {"model": "kling-v1", "prompt": "x", "seed": 7}
    assert refusals(order) == {"seed": "unsupported"}
    with pytest.raises(InvalidRequest, match="in test mode, and while nothing but the sandbox"):
        check(order)
    assert check(order, sandbox=True).params.seed == 7
    assert refusals({**order, "seed": -1}, sandbox=True) == {"seed": "out_of_range"}


def test_no_task_is_no_product() -> None:
    order = {"model": "kling-v1", "prompt": "x"}
    assert check({**order, "task": None}) == check(order)


def test_motion_brush_camera_and_end_frame_exclude_each_other() -> None:
    order = {"model": "kling-v1", "image": PICTURE, "static_mask": PNG}
    assert check(order).params.static_mask == PNG
    assert refusals({**order, "image_tail": PICTURE}) == {"static_mask": "conflict"}
    path = [{"x": 1, "y": 2}, {"x": 3, "y": 4}]
    brush = [{"mask": PNG, "trajectories": path}]
    masked = check({"model": "kling-v1", "image": PICTURE, "dynamic_masks": brush}).params
    assert masked.dynamic_masks[0].trajectories == ((1, 2), (3, 4))
    assert refusals(
        {
            "model": "kling-v1",
            "image": PICTURE,
            "dynamic_masks": [{"mask": PNG, "trajectories": path[:1]}],
        }
    ) == {"dynamic_masks[0].trajectories": "out_of_range"}
    unbrushed = {**order, "model": "kling-v1-6", "dynamic_masks": [{"mask": PNG}]}
    assert refusals(unbrushed) == {"static_mask": "unsupported", "dynamic_masks": "unsupported"}


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.text(st.characters(codec=None), max_size=30)
    | st.sampled_from(["std", "5", "16:9", "simple", "on", PICTURE, PNG, "pan", "customize"])
)
NAMES = st.sampled_from(
    [*FIELDS, "type", "config", "pan", "zoom", "prompt", "duration", "index", "mask", "x", "y"]
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(), inner),
    max_leaves=12,
)


@given(
    st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), JSON),
    st.sampled_from([*(spec.name for spec in SPECS), None]),
    st.booleans(),
)
def test_arbitrary_json_is_refused_or_understood_and_never_crashes(
    fields: dict[str, Any], model: str | None, lenient: bool
) -> None:
    if model:
        fields["model"] = model
    try:
        checked = check(fields, lenient=lenient, sandbox=True)
    except InvalidRequest as refusal:
        for violation in refusal.violations:
            (violation.field + violation.message + violation.limit).encode("utf-8")
        return
    stored = json.loads(json.dumps(checked.params.to_json()))
    assert Params.from_json(stored) == checked.params


def test_numbers_too_long_to_print_are_refused_like_any_other() -> None:
    order = {"model": "kling-v1", "prompt": "x", "duration": 10**5000, "cfg_scale": 10**5000}
    assert refusals(order) == {"cfg_scale": "out_of_range", "duration": "out_of_range"}


@pytest.mark.parametrize("body", [None, [], "x", 5, True])
def test_a_body_that_is_no_object_is_a_violation(body: Any) -> None:
    with pytest.raises(InvalidRequest):
        check(body)


def test_of_a_list_of_ids_each_entry_that_is_none_is_named() -> None:
    order = {"model": "kling-v2-6", "mode": "pro", "prompt": "x", "sound": True}
    assert refusals({**order, "voices": ["a", "not one!", "b", 7]}) == {
        "voices[1]": "wrong_type",
        "voices[3]": "wrong_type",
    }
    many = refusals({**order, "voices": [0] * 100_000})
    assert list(many) == [f"voices[{n}]" for n in range(20)]
