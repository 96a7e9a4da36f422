"""An order of each kind that can be sent as it is, for documents; whoever shows one names no other.

What an order refers to (a film, a recording, a session) must have been made before: the ids here
stand for it, and are to be replaced by one's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generations.catalogue.params import Kind
from generations.catalogue.products.checking import TASK

PICTURE = (
    "iVBORw0KGgoAAAANSUhEUgAAASwAAAEsAQAAAABRBrPYAAAAQElEQVR42u3KMQEAAAQAMPQvKwGvU4DtXk48dMWL"
    "pmmapmmapmmapmmapmmapmmapmmapmmapmmapmmapmmadi0s8QRIt0bcDwAAAABJRU5ErkJggg=="
)
"""A small white PNG, as base64."""
UPLOAD = "upl_of_yours"


def of(kind: Kind) -> str:
    """What stands for the id of a generation of this kind."""
    return f"gen_of_{kind}"


FILM, SPEECH = of("text2video"), of("tts")
_PROMPT = "A fox in fresh snow"
_SAID = "Good evening, dear friends. It is a pleasure to see all of you here tonight."
_NAMED = {"element_name": "Fox", "element_description": "A red fox with a white tail"}
_POINT = {"session": of("init-selection"), "frame": 10, "points": [{"x": 0.4, "y": 0.6}]}
THINGS = {"voice": of("custom-voice"), "element": of("custom-element")}
ORDERS: Mapping[Kind, Mapping[str, Any]] = {
    "text2video": {"model": "kling-v1-6", "prompt": _PROMPT},
    "image2video": {"model": "kling-v2-1", "image": PICTURE, "prompt": _PROMPT},
    "video-extend": {"video": FILM, "prompt": "It runs"},
    "multi-image2video": {"images": [PICTURE, PICTURE], "prompt": "They meet"},
    "omni-video": {
        "prompt": "<<<image_1>>> by the sea",
        "images": [{"image": PICTURE}],
        "aspect_ratio": "1:1",
        "duration": 5,
    },
    "motion-control": {
        "image": PICTURE,
        "video": FILM,
        "character_orientation": "video",
        "mode": "std",
    },
    "effects": {"effect_scene": "squish", "images": [PICTURE]},
    "init-selection": {"video": FILM},
    "add-selection": _POINT,
    "preview-selection": {"session": of("add-selection")},
    "multi-elements": {
        "session": of("add-selection"),
        "edit_mode": "swap",
        "images": [PICTURE],
        "prompt": "<<<image_1>>> instead",
    },
    "lip-sync": {"video": FILM, "text": "Good evening", "voice": "AOT", "language": "en"},
    "identify-face": {"video": FILM},
    "advanced-lip-sync": {
        "session": of("identify-face"),
        "faces": [{"face_id": "0", "audio": SPEECH, "sound_end_time": 3000}],
    },
    "avatar": {"image": PICTURE, "audio": SPEECH},
    "video-to-audio": {"video": FILM, "bgm_prompt": "A harp"},
    "text-to-audio": {"prompt": "Rain on a roof", "seconds": 4},
    "tts": {"text": _SAID, "voice": "AOT", "language": "en"},
    "custom-voice": {"voice_name": "Anna", "audio": SPEECH},
    "custom-element": {**_NAMED, "image": PICTURE, "images": [PICTURE]},
    "advanced-custom-element": {
        **_NAMED,
        "reference_type": "image_refer",
        "image": PICTURE,
        "images": [PICTURE],
    },
    "delete-selection": _POINT,
    "clear-selection": {"session": of("init-selection")},
}
"""By kind, in native words, without `task`; what the last ones do leaves nothing for others."""


def order(kind: Kind) -> dict[str, Any]:
    """The native order of this kind."""
    named = {} if "model" in ORDERS[kind] else {TASK: kind}
    return {**named, **ORDERS[kind]}
