"""Names and words of Kling's 2026 standard beside those of the catalogue."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from generations.catalogue.params import Kind, Shot
from generations.wire.task import TaskState

MODELS = {
    "kling-v2-5-turbo": "kling-2.5-turbo",
    "kling-v2-6": "kling-2.6",
    "kling-v3": "kling-3.0",
    "kling-3.0-turbo": "kling-3.0-turbo",
}
PRODUCTS: Mapping[Kind, Mapping[str, str]] = {
    "omni-video": {"kling-v3-omni": "kling-3.0-omni", "kling-video-o1": "kling-o1"},
    "motion-control": {"kling-v3": "kling-3.0", "kling-v2-6": "kling-2.6"},
}
"""The models of the products that this standard has; their addresses begin with our own words."""
VOICED = frozenset({"kling-v2-6"})  # whose pages list a voice among the contents
KINDS: dict[Kind, str] = {"text2video": "text-to-video", "image2video": "image-to-video"}
RESOLUTIONS = {"std": "720p", "pro": "1080p", "4k": "4k"}
STATUS_WORDS = {
    TaskState.QUEUED: "submitted",
    TaskState.RUNNING: "processing",
    TaskState.SUCCEEDED: "succeeded",
    TaskState.FAILED: "failed",
}
_SHOT = re.compile(r"\s*shot\s+(\d{1,2})\s*,\s*(\d{1,2})\s*,\s*([^;]*);", re.IGNORECASE)
_NATIVE_MARK = re.compile(r"<<<((?:voice|element|image|video)_\d{1,2})>>>")
_STANDARD_MARK = re.compile(r"@((?:voice|element|image|video)_\d{1,2})\b")


def write_shots(shots: Sequence[Shot]) -> str:
    """Shots as the prompt carries them: `shot 1, 3, words; shot 2, 4, words;`."""
    # A semicolon ends a shot, so the words may have none.
    return " ".join(
        f"shot {index}, {shot.duration}, {shot.prompt.replace(';', ',')};"
        for index, shot in enumerate(shots, 1)
    )


def read_shots(prompt: str) -> tuple[Shot, ...]:
    """The shots in a prompt; empty when it is not wholly written as shots."""
    found, position = [], 0
    while match := _SHOT.match(prompt, position):
        found.append(Shot(match[3], int(match[2])))
        position = match.end()
    return tuple(found) if not prompt[position:].strip() else ()


def write_marks(prompt: str) -> str:
    """`<<<voice_1>>>` as this standard refers to it: `@voice_1`."""
    return _NATIVE_MARK.sub(r"@\1", prompt)


def read_marks(prompt: str) -> str:
    """`@voice_1` as native words have it: `<<<voice_1>>>`."""
    return _STANDARD_MARK.sub(r"<<<\1>>>", prompt)
