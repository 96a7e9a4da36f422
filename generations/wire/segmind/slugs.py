"""Segmind's Kling pages: each slug's parameters with their defaults, and the model behind it.

kling-text2video, kling-1.6-*, kling-2.1 and kling-3-standard-text2video are Segmind's pages word
for word (`recorded`). The others follow its SDK and price ranges; their image fields are our
reading. Pages of other products are in `products`.
"""

from __future__ import annotations

from generations.catalogue.params import Kind
from generations.catalogue.spec import ASPECT_RATIOS, CAMERA_AXES, CAMERA_TYPES
from generations.wire.segmind import products
from generations.wire.segmind.page import Parameter, Slug

SHOTS_MAX = 5
SECONDS_MAX = 50


_PROMPT = Parameter(name="prompt", native="prompt", required=True)
_PROMPT_OPTIONAL = Parameter(name="prompt", native="prompt")
_CFG = Parameter(name="cfg_scale", native="cfg_scale", default=0.5)
_RATIO = Parameter(
    name="aspect_ratio", native="aspect_ratio", default="16:9", allowed=ASPECT_RATIOS
)
_FIVE_OR_TEN = Parameter(name="duration", native="duration", default=5, allowed=("5", "10"))
_THREE_TO_FIFTEEN = Parameter(
    name="duration",
    native="duration",
    default="5",
    allowed=tuple(str(seconds) for seconds in range(3, 16)),
)
_AUDIO = Parameter(name="generate_audio", native="sound", default=True)
_IMAGE = Parameter(name="image", native="image", required=True)
_IMAGE_OPTIONAL = Parameter(name="image", native="image", also=("start_image",))
_IMAGE_TAIL = Parameter(name="image_tail", native="image_tail", also=("end_image",))
_VOICES = Parameter(name="voice_ids", native="voices")
_SHOTS = (
    Parameter(name="multi_prompt", native="multi_prompt"),
    Parameter(name="shot_type", native="shot_type", default="customize"),
)
_CAMERA = (
    Parameter(name="camera_control_type", native="camera_control", allowed=CAMERA_TYPES),
    Parameter(name="camera_control_config", native="camera_axis", allowed=CAMERA_AXES),
    Parameter(name="camera_control_config_value", native="camera_value"),
)


def _mode(default: str, *allowed: str) -> Parameter:
    return Parameter(name="mode", native="mode", default=default, allowed=allowed)


def _negative(default: str) -> Parameter:
    return Parameter(name="negative_prompt", native="negative_prompt", default=default)


def _third(name: str, title: str, mode: str, kind: Kind, *, recorded: bool = False) -> Slug:
    """The four pages of Kling 3.0 differ in quality and in what the film starts from."""
    pictured = kind == "image2video"
    start = (_IMAGE, _IMAGE_TAIL, _PROMPT_OPTIONAL) if pictured else (_PROMPT, _RATIO)
    return Slug(
        name=name,
        title=title,
        kinds=(kind,),
        variants={"": ("kling-v3", mode)},
        recorded=recorded,
        tail_variants=("",) if pictured else (),
        parameters=(
            *start,
            _THREE_TO_FIFTEEN,
            _CFG,
            _AUDIO,
            _negative("blur, distort, and low quality"),
            *_SHOTS,
            _VOICES,
        ),
    )


SLUGS: tuple[Slug, ...] = (
    Slug(
        name="kling-text2video",
        title="Kling AI Text to Video",
        kinds=("text2video",),
        selector="mode",
        variants={"std": ("kling-v1", "std"), "pro": ("kling-v1", "pro")},
        recorded=True,
        parameters=(
            _PROMPT,
            _negative("No buildings, no artificial objects"),
            _CFG,
            _mode("std", "std", "pro"),
            _RATIO,
            _FIVE_OR_TEN,
            *_CAMERA,
        ),
    ),
    Slug(
        name="kling-1.6-text2video",
        title="Kling AI 1.6 Text to Video",
        kinds=("text2video",),
        variants={"": ("kling-v1-6", "std")},
        recorded=True,
        parameters=(
            _PROMPT,
            _negative("No buildings, no artificial objects"),
            _CFG,
            _mode("std", "std"),
            _RATIO,
            _FIVE_OR_TEN,
        ),
    ),
    Slug(
        name="kling-1.6-image2video",
        title="Kling AI 1.6 Image to Video",
        kinds=("image2video",),
        selector="mode",
        variants={"std": ("kling-v1-6", "std"), "pro": ("kling-v1-6", "pro")},
        recorded=True,
        parameters=(
            _IMAGE,
            _PROMPT_OPTIONAL,
            _negative("No sudden movements, no fast zooms."),
            _CFG,
            _mode("pro", "std", "pro"),
            _FIVE_OR_TEN,
        ),
    ),
    Slug(
        name="kling-2.1",
        title="Kling 2.1 AI Video Generator",
        kinds=("image2video",),
        selector="mode",
        variants={
            "std": ("kling-v2-1", "std"),
            "pro": ("kling-v2-1", "pro"),
            "master": ("kling-v2-1-master", "pro"),
        },
        recorded=True,
        tail_variants=("pro",),
        parameters=(
            _IMAGE,
            _IMAGE_TAIL,
            _PROMPT_OPTIONAL,
            _negative("No jittery motion, avoid rapid scene changes."),
            Parameter(name="cfg_scale", native="cfg_scale", default=0.7),
            _mode("pro", "std", "pro", "master"),
            # The page has a default, but an image brings its own ratio: only a ratio that was
            # asked for makes us crop.
            Parameter(name="aspect_ratio", native="aspect_ratio", allowed=ASPECT_RATIOS),
            _FIVE_OR_TEN,
        ),
    ),
    _third(
        "kling-3-standard-text2video",
        "Kling 3.0 Standard Text-to-Video",
        "std",
        "text2video",
        recorded=True,
    ),
    _third("kling-3-pro-text2video", "Kling 3.0 Pro Text-to-Video", "pro", "text2video"),
    _third(
        "kling-3-standard-image2video", "Kling 3.0 Standard Image-to-Video", "std", "image2video"
    ),
    _third("kling-3-pro-image2video", "Kling 3.0 Pro Image-to-Video", "pro", "image2video"),
    Slug(
        name="kling-2.6",
        title="Kling 2.6",
        kinds=("text2video", "image2video"),
        # Its price range is that of pro alone.
        variants={"": ("kling-v2-6", "pro")},
        parameters=(
            _PROMPT,
            _IMAGE_OPTIONAL,
            _negative(""),
            _mode("pro", "pro"),
            _RATIO,
            _FIVE_OR_TEN,
            _AUDIO,
        ),
    ),
    Slug(
        name="kling-2.5-turbo",
        title="Kling 2.5 Turbo",
        kinds=("text2video", "image2video"),
        selector="mode",
        variants={"std": ("kling-v2-5-turbo", "std"), "pro": ("kling-v2-5-turbo", "pro")},
        parameters=(
            _PROMPT,
            _IMAGE_OPTIONAL,
            _negative(""),
            _mode("pro", "std", "pro"),
            _RATIO,
            _FIVE_OR_TEN,
        ),
    ),
    Slug(
        name="kling-2",
        title="Kling 2 Master",
        kinds=("text2video", "image2video"),
        variants={"": ("kling-v2-master", "pro")},
        parameters=(
            _PROMPT,
            Parameter(name="start_image", native="image", also=("image",)),
            _negative(""),
            _RATIO,
            _FIVE_OR_TEN,
        ),
    ),
    Slug(
        name="kling-image2video",
        title="Kling AI Image to Video",
        kinds=("image2video",),
        selector="mode",
        variants={"std": ("kling-v1-6", "std"), "pro": ("kling-v1-6", "pro")},
        tail_variants=("pro",),
        parameters=(
            _IMAGE,
            _IMAGE_TAIL,
            _PROMPT_OPTIONAL,
            _negative(""),
            _CFG,
            _mode("std", "std", "pro"),
            _FIVE_OR_TEN,
            Parameter(
                name="version", native="version", default="1.6", allowed=("1.0", "1.5", "1.6")
            ),
        ),
    ),
    *products.PAGES,
)

# kling-image2video serves three models; every other page says its model by its name and mode.
VERSIONS = {"1.0": "kling-v1", "1.5": "kling-v1-5", "1.6": "kling-v1-6"}
_BY_NAME = {slug.name: slug for slug in SLUGS}


def find(name: str) -> Slug | None:
    """The page of this slug; None when there is none."""
    return _BY_NAME.get(name)
