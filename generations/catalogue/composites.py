"""Reads the structured fields of a request: camera control, shots and motion-brush masks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generations.catalogue.params import CameraControl, DynamicMask, Shot
from generations.catalogue.reading import Reader, as_whole
from generations.catalogue.spec import CAMERA_AXES, CAMERA_LIMIT, CAMERA_TYPES

SHOT_PROMPT_MAX = 512
SHOT_SECONDS, SHOT_SECONDS_MAX = 5, 15
MASKS_MAX = 6
POINTS_MIN, POINTS_MAX = 2, 77
_SIDE_MAX = 16384


def camera(reader: Reader) -> CameraControl | None:
    """The camera move. `simple` takes exactly one axis other than 0, from -10 to 10."""
    value = reader.fields.get("camera_control")
    if value is None:
        return None
    if not isinstance(value, Mapping):
        reader.wrong_type("camera_control", "an object")
        return None
    inner = Reader(reader.findings, value, f"{reader.prefix}camera_control.")
    inner.only(("type", "config"))
    kind = inner.choice("type", CAMERA_TYPES, {})
    if kind is None:
        _need_type(inner)
        return None
    config = value.get("config")
    if kind != "simple":
        return _preset(inner, kind, config)
    if not isinstance(config, Mapping):
        inner.wrong_type("config", "an object with one axis")
        return None
    return _simple(inner, config)


def _need_type(reader: Reader) -> None:
    if reader.findings.refused("camera_control.type"):
        return
    reader.findings.refuse(
        f"{reader.prefix}type",
        "required",
        "is missing",
        limit=", ".join(CAMERA_TYPES),
        way_out=f"send one of {', '.join(CAMERA_TYPES)}",
    )


def _preset(reader: Reader, kind: str, config: object) -> CameraControl:
    if config and not reader.findings.lenient:
        reader.findings.refuse(
            f"{reader.prefix}config",
            "conflict",
            f"goes only with type simple, not with {kind}",
            limit="type simple",
            way_out="leave config out or send type simple",
        )
    return CameraControl(kind)


def _simple(reader: Reader, config: Mapping[str, object]) -> CameraControl | None:
    inner = Reader(reader.findings, config, f"{reader.prefix}config.")
    inner.only(CAMERA_AXES)
    before = len(reader.findings.violations)
    moves = {
        axis: value
        for axis in CAMERA_AXES
        # Old clients send "" for an axis they leave alone.
        if config.get(axis) != "" and (value := inner.number(axis, -CAMERA_LIMIT, CAMERA_LIMIT))
    }
    if len(reader.findings.violations) > before:
        return None
    if len(moves) == 1:
        ((axis, value),) = moves.items()
        return CameraControl("simple", axis, value)
    reader.findings.refuse(
        f"{reader.prefix}config",
        "conflict",
        f"has {len(moves)} axes other than 0, type simple takes exactly one",
        limit="exactly one of " + ", ".join(CAMERA_AXES),
        way_out="keep one axis and set the others to 0",
    )
    return None


def shots_schema(most: int, prompt_max: int = SHOT_PROMPT_MAX) -> dict[str, Any]:
    """JSON Schema of `multi_prompt`."""
    seconds = {"type": "integer", "minimum": 1, "maximum": SHOT_SECONDS_MAX}
    return _list_of_shots(most, prompt_max, {**seconds, "default": SHOT_SECONDS})


def kling_shots_schema(most: int) -> dict[str, Any]:
    """The same in Kling's body, which writes a length as text; ours takes numbers as well."""
    whole = range(1, SHOT_SECONDS_MAX + 1)
    seconds = {"enum": [*map(str, whole), *whole], "default": str(SHOT_SECONDS)}
    return _list_of_shots(most, SHOT_PROMPT_MAX, seconds)


def _list_of_shots(most: int, prompt_max: int, seconds: dict[str, Any]) -> dict[str, Any]:
    shot = {
        "type": "object",
        "properties": {
            "prompt": {
                "type": "string",
                "minLength": 1,
                "maxLength": prompt_max,
                "description": "What happens in this shot.",
            },
            "duration": {**seconds, "description": "Seconds."},
            "index": {"type": "integer", "description": "Its place; as listed without."},
        },
        "required": ["prompt"],
        "additionalProperties": False,
    }
    return {"type": "array", "items": shot, "minItems": 1, "maxItems": most}


def shots(reader: Reader, most: int) -> tuple[Shot, ...]:
    """The shots of a multi-shot film in the order of their `index`, else as listed."""
    read: list[tuple[int, Shot]] = []
    for position, item in enumerate(reader.objects("multi_prompt", most)):
        item.only(("prompt", "duration", "index"))
        prompt = item.text("prompt", SHOT_PROMPT_MAX)
        if not prompt and not reader.findings.refused(f"{item.prefix}prompt"):
            item.findings.refuse(
                f"{item.prefix}prompt",
                "required",
                "is missing",
                limit=f"1 to {SHOT_PROMPT_MAX} characters",
                way_out="describe this shot",
            )
        seconds = _shot_seconds(item)
        index = item.whole("index")
        read.append((position if index is None else index, Shot(prompt or "", seconds)))
    return tuple(shot for _, shot in sorted(read, key=lambda pair: pair[0]))


def _shot_seconds(item: Reader) -> int:
    seconds = item.whole("duration")
    if seconds is None:
        return SHOT_SECONDS
    if not 1 <= seconds <= SHOT_SECONDS_MAX:
        limit = f"1 to {SHOT_SECONDS_MAX}"
        item.findings.refuse(
            f"{item.prefix}duration",
            "out_of_range",
            f"must be from {limit} seconds",
            limit=limit,
            way_out=f"send {limit}, or leave it out for {SHOT_SECONDS}",
        )
        return SHOT_SECONDS
    return seconds


def masks(reader: Reader) -> tuple[DynamicMask, ...]:
    """The motion-brush masks, each with the path it moves along."""
    read = []
    for item in reader.objects("dynamic_masks", MASKS_MAX):
        item.only(("mask", "trajectories"))
        mask = item.image("mask")
        points = _points(item)
        if mask and points:
            read.append(DynamicMask(mask, points))
        elif not reader.findings.refused(item.prefix.rstrip(".")):
            item.wrong_type("mask", "an image with trajectories")
    return tuple(read)


def _points(reader: Reader) -> tuple[tuple[int, int], ...]:
    points = [_point(item) for item in reader.items("trajectories")]
    good = tuple(point for point in points if point is not None)
    if len(good) < len(points) or not POINTS_MIN <= len(points) <= POINTS_MAX:
        reader.findings.refuse(
            f"{reader.prefix}trajectories",
            "out_of_range",
            f"must be {POINTS_MIN} to {POINTS_MAX} points {{x, y}} in image pixels",
            limit=f"{POINTS_MIN} to {POINTS_MAX} points",
            way_out=f"send {POINTS_MIN} to {POINTS_MAX} points",
        )
        return ()
    return good


def _point(item: object) -> tuple[int, int] | None:
    if isinstance(item, Mapping):
        pair = [item.get("x"), item.get("y")]
    elif isinstance(item, list | tuple) and len(item) == 2:
        pair = list(item)
    else:
        return None
    numbers = [as_whole(value, lenient=True) for value in pair]
    x, y = numbers
    if x is None or y is None or not (0 <= x <= _SIDE_MAX and 0 <= y <= _SIDE_MAX):
        return None
    return x, y
