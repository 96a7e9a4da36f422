"""A create request after reading and before the model's rules: right types, nothing decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from generations.catalogue import composites
from generations.catalogue.params import CameraControl, DynamicMask, Kind, Shot
from generations.catalogue.reading import Reader
from generations.catalogue.spec import ASPECT_RATIOS, SHOT_TYPES

MODES = ("std", "pro", "4k")
MODE_ALIASES = {"standard": "std", "professional": "pro"}
TEXT_MAX = 2500
SEED_ONLY = "is taken only in test mode, and while nothing but the sandbox makes its films"
SEED_MAX = 2**31 - 1
FIELDS = (
    "model",
    "prompt",
    "negative_prompt",
    "mode",
    "duration",
    "aspect_ratio",
    "cfg_scale",
    "sound",
    "image",
    "image_tail",
    "camera_control",
    "shot_type",
    "multi_prompt",
    "voices",
    "elements",
    "static_mask",
    "dynamic_masks",
    "watermark",
    "seed",
)


@dataclass(slots=True, kw_only=True)
class Draft:
    """The fields as read: None where absent or refused. `kind` is by what was sent."""

    kind: Kind
    prompt: str
    negative_prompt: str
    mode: str | None
    duration: int | None
    aspect_ratio: str | None
    cfg_scale: float | None
    sound: bool | None
    image: str | None
    image_tail: str | None
    camera_control: CameraControl | None
    shot_type: str | None
    multi_prompt: tuple[Shot, ...]
    voices: tuple[str, ...]
    elements: tuple[str, ...]
    static_mask: str | None
    dynamic_masks: tuple[DynamicMask, ...]
    watermark: bool
    seed: int | None


def read(reader: Reader, max_shots: int, modes: Sequence[str]) -> Draft:
    """Reads every field but the model once; whatever has the wrong type is refused in the findings.

    `modes` are the model's, which are told to who sends something else than a mode.
    """
    reader.only(FIELDS)
    pictured = reader.given("image") or reader.given("image_tail")
    return Draft(
        kind="image2video" if pictured else "text2video",
        prompt=reader.text("prompt", TEXT_MAX) or "",
        negative_prompt=reader.text("negative_prompt", TEXT_MAX) or "",
        mode=reader.choice("mode", MODES, MODE_ALIASES, told=modes),
        duration=reader.whole("duration"),
        aspect_ratio=reader.choice("aspect_ratio", ASPECT_RATIOS, {}),
        cfg_scale=reader.number("cfg_scale", 0, 1),
        sound=reader.flag("sound"),
        image=reader.image("image"),
        image_tail=reader.image("image_tail"),
        camera_control=composites.camera(reader),
        shot_type=reader.choice("shot_type", SHOT_TYPES, {}),
        multi_prompt=composites.shots(reader, max_shots),
        voices=reader.tokens("voices"),
        elements=reader.tokens("elements"),
        static_mask=reader.image("static_mask"),
        dynamic_masks=composites.masks(reader),
        watermark=reader.flag("watermark") or False,
        seed=reader.whole("seed"),
    )
