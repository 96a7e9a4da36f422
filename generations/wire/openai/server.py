"""Answers as OpenAI's video API did, which its own Python client still speaks.

Names and types are those of the package `openai` 3.54 (`types/video*.py`); what its API had besides
(defaults, error bodies) is as its reference told until it was closed in September 2026.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from generations.catalogue import registry
from generations.catalogue.spec import ASPECT_RATIOS, FRAME_SIZES
from generations.catalogue.violations import printable
from generations.wire.openai.models import Sold
from generations.wire.task import BadRequest, Order, Task, TaskState, WireReply

STATUS_WORDS = {
    TaskState.QUEUED: "queued",
    TaskState.RUNNING: "in_progress",
    TaskState.SUCCEEDED: "completed",
    TaskState.FAILED: "failed",
}
DEFAULT_MODEL, DEFAULT_SECONDS, DEFAULT_SIZE = "sora-2", 4, "720x1280"
UNKNOWN_SIZE = "auto"
REFERENCE = "input_reference"
_SPELT = {"duration": "seconds", "aspect_ratio": "size", "image": REFERENCE}
OURS = ("mode", "sound", "negative_prompt", "cfg_scale")
_KNOWN = ("prompt", "model", "seconds", "size", REFERENCE, *OURS)
_SIZE = re.compile(r"([1-9][0-9]{1,4})x([1-9][0-9]{1,4})", re.ASCII)
_NEAR = 0.02  # of a ratio: 1792x1024, which is 7:4, was sold as 16:9
_DATED = re.compile(r"-20[0-9]{2}-[0-9]{2}-[0-9]{2}$", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a video of OpenAI's tells beside the task: `progress` is 0 to 100, `expires` the Unix
    second from which its files are gone, `error` the code of why it failed.
    """

    model: str
    seconds: int
    size: str
    progress: int
    expires: int | None = None
    remixed_from: str | None = None
    error: str = ""


def decode_order(body: object, models: Mapping[str, Sold]) -> Order:
    """A create request in native words. Raises BadRequest when it is not of this dialect.

    `models` says what OpenAI's names are; others are Kling's own. Beside OpenAI's parameters the
    native `mode`, `sound`, `negative_prompt` and `cfg_scale` are read (`extra_body` of the client).
    """
    sent = _given(body, _KNOWN)
    _need_prompt(sent)
    fields = {name: sent[name] for name in ("prompt", *OURS) if name in sent}
    fields = _model(sent.get("model", DEFAULT_MODEL), models) | fields
    if REFERENCE in sent:
        fields["image"] = _reference(sent[REFERENCE])
    if "seconds" in sent:
        fields["duration"] = sent["seconds"]
    elif _makes(fields["model"], DEFAULT_SECONDS):
        fields["duration"] = DEFAULT_SECONDS
    if "size" in sent or "image" not in fields:  # an image brings its own shape
        fields["aspect_ratio"] = _ratio(sent.get("size", DEFAULT_SIZE))
    return Order(fields=fields, explicit=frozenset(sent))


def decode_remix(body: object, ordered: Mapping[str, Any]) -> Order:
    """The order of a video (native words) with another prompt, which replaces its shots as well.

    Raises BadRequest.
    """
    sent = _given(body, ("prompt",))
    _need_prompt(sent)
    kept = {n: v for n, v in ordered.items() if n not in ("multi_prompt", "shot_type")}
    camera = ordered.get("camera_control")
    if camera and camera["axis"]:  # an order names its axes otherwise than we store the one
        move = {camera["axis"]: camera["value"]}
        kept["camera_control"] = {"type": camera["type"], "config": move}
    return Order(fields={**kept, "prompt": sent["prompt"]}, explicit=frozenset(sent))


def place_of(place: str) -> str:
    """A place in an order in native words as OpenAI's clients call it."""
    name = place.partition("[")[0].partition(".")[0]
    return _SPELT.get(name, name) + place.removeprefix(name)


def told_size(asked: str | None, mode: str, ratio: str | None, model: str) -> str:
    """How large a film that is not there yet will be, as far as that is known."""
    if asked:
        return asked
    spec = registry.resolve(model)
    lines = next((m.resolution for m in spec.modes if m.name == mode), "") if spec else ""
    known = FRAME_SIZES.get(lines, {}).get(ratio or "")
    return f"{known[0]}x{known[1]}" if known else UNKNOWN_SIZE


def _given(body: object, known: Sequence[str]) -> dict[str, Any]:
    if not isinstance(body, Mapping):
        raise BadRequest("body", "must be a JSON object")
    for name in body:
        if name not in known:
            raise BadRequest(printable(name), f"is unknown here: send {', '.join(known)}")
    return {name: value for name, value in body.items() if value is not None and value != ""}


def _need_prompt(sent: Mapping[str, Any]) -> None:
    if "prompt" not in sent:
        raise BadRequest("prompt", "is required")


def _model(name: object, models: Mapping[str, Sold]) -> dict[str, Any]:
    if not isinstance(name, str):
        raise BadRequest("model", "must be a string")
    sold = models.get(name) or models.get(_DATED.sub("", name))
    if sold is None:
        return {"model": name}
    return {"model": sold.model, "mode": sold.mode, "sound": sold.sound}


def _makes(model: str, seconds: int) -> bool:
    spec = registry.resolve(model)
    return spec is not None and seconds in spec.durations


def _reference(value: object) -> object:
    """An image's address, data URL or upload, from an object or bare."""
    if isinstance(value, str):
        return value
    told = value if isinstance(value, Mapping) else {}
    named = [told[name] for name in ("image_url", "file_id") if told.get(name)]
    if len(named) != 1 or not isinstance(named[0], str):
        raise BadRequest(
            REFERENCE, "must be an image file of a form, or an object with image_url or file_id"
        )
    return named[0]


def _ratio(size: object) -> str:
    """The ratio of sides that a size has. Raises BadRequest where Kling makes none such."""
    found = _SIZE.fullmatch(size) if isinstance(size, str) else None
    if found:
        sides = int(found[1]) / int(found[2])
        for ratio in ASPECT_RATIOS:
            width, _, height = ratio.partition(":")
            if abs(sides * int(height) / int(width) - 1) <= _NEAR:
                return ratio
    raise BadRequest(
        "size",
        f"must have a ratio of {', '.join(ASPECT_RATIOS)}: send 1280x720, 720x1280 or 1024x1024",
    )


def encode_video(task: Task, told: Told) -> dict[str, Any]:
    """The video job."""
    over = task.state in (TaskState.SUCCEEDED, TaskState.FAILED)
    failed = task.state is TaskState.FAILED
    error = {"code": told.error or "cancelled", "message": task.message or "Generation failed"}
    return {
        "id": task.id,
        "object": "video",
        "model": told.model,
        "status": STATUS_WORDS[task.state],
        "progress": told.progress,
        "created_at": task.created_ms // 1000,
        "completed_at": task.updated_ms // 1000 if over else None,
        "expires_at": told.expires,
        "prompt": task.prompt,
        "seconds": str(told.seconds),
        "size": told.size,
        "remixed_from_video_id": told.remixed_from,
        "error": error if failed else None,
    }


def encode_list(videos: Sequence[Mapping[str, Any]], *, more: bool) -> WireReply:
    """A page of video jobs; the client goes on after `last_id` while `has_more`."""
    body = {
        "object": "list",
        "data": list(videos),
        "first_id": videos[0]["id"] if videos else None,
        "last_id": videos[-1]["id"] if videos else None,
        "has_more": more,
    }
    return WireReply(status=200, json=body)


def encode_deleted(video: str) -> WireReply:
    """The answer to a deletion."""
    return WireReply(status=200, json={"id": video, "object": "video.deleted", "deleted": True})
