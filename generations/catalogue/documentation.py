"""Derives from a spec what people and programs read: JSON schema, capability table, studio form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from generations.catalogue import camera_words, media
from generations.catalogue.capabilities import CAPABILITIES, lacking, lacking_kind, where
from generations.catalogue.composites import MASKS_MAX, POINTS_MAX, POINTS_MIN, shots_schema
from generations.catalogue.draft import SEED_MAX
from generations.catalogue.params import Kind
from generations.catalogue.products import usual
from generations.catalogue.registry import SPECS, resolve
from generations.catalogue.spec import (
    CAMERA_AXES,
    CAMERA_LIMIT,
    CAMERA_TYPES,
    KIND_WORDS,
    SHOT_TYPES,
    Several,
    Shots,
    Spec,
)

_KINDS: tuple[Kind, ...] = ("text2video", "image2video")

WARNINGS: dict[str, Any] = {
    "type": "array",
    "items": {"type": "string"},
    "description": "What was changed or dropped of the order.",
}
DISCONTINUED = (
    "Kling is retiring it: some accounts are refused it already. It is on sale here while a "
    "service makes it."
)


def retiring(model: str) -> list[str]:
    """What whoever asks for a price or a film should know of a model; one sentence, or none."""
    spec = resolve(model)
    if spec is None or not spec.discontinued:
        return []
    return [f"{spec.name} is discontinued: {DISCONTINUED} See GET /api/v1/models for others."]


@dataclass(frozen=True, slots=True)
class CapabilityRow:
    """One model in the public table. `capabilities` maps words to "yes", variants or ""."""

    name: str
    title: str
    description: str
    discontinued: bool
    kinds: tuple[str, ...]
    modes: tuple[str, ...]
    durations: str
    capabilities: dict[str, str]


def capability_table() -> tuple[CapabilityRow, ...]:
    """Every model with what it can do, in the registry's order."""
    return tuple(
        CapabilityRow(
            name=spec.name,
            title=spec.title,
            description=spec.description,
            discontinued=spec.discontinued,
            kinds=tuple(KIND_WORDS[kind] for kind in spec.kinds),
            modes=tuple(f"{mode.name} ({mode.resolution})" for mode in spec.modes),
            durations=_durations(spec),
            capabilities={
                words: _presence(spec, capability) for capability, words in CAPABILITIES.items()
            },
        )
        for spec in SPECS
    )


def _durations(spec: Spec) -> str:
    if len(spec.durations) > 2:
        return f"{spec.durations[0]} to {spec.durations[-1]} s"
    return " or ".join(map(str, spec.durations)) + " s"


def _presence(spec: Spec, capability: str) -> str:
    found = where(spec, capability)
    return "" if found is None else found.words() or "yes"


def studio_form(spec: Spec) -> dict[str, Any]:
    """What the studio page needs to enable, limit and explain its controls; JSON-ready.

    Each capability has `available`, the variants as `kinds`, `modes`, `durations` (empty: all)
    and `reason`, the sentence shown beside a control that is off.
    """
    form: dict[str, Any] = {
        "model": spec.name,
        "title": spec.title,
        "description": spec.description,
        "discontinued": spec.discontinued,
        "kinds": list(spec.kinds),
        "kind_reasons": {kind: lacking_kind(spec, kind) for kind in _KINDS},
        "modes": [
            {"name": mode.name, "title": mode.title, "resolution": mode.lines}
            for mode in spec.modes
        ],
        "durations": list(spec.durations),
        "default": {"mode": spec.default_mode, "duration": spec.default_duration},
        "aspect_ratios": list(spec.aspect_ratios),
        "prompt_max": spec.prompt_max,
        "image_max_bytes": media.IMAGE_MAX_BYTES,
        "capabilities": {name: _control(spec, name) for name in CAPABILITIES},
    }
    controls = form["capabilities"]
    controls["sound"]["always"] = bool(spec.sound and spec.sound.always)
    if spec.end_frame:
        controls["image_tail"]["tail_only"] = spec.end_frame.tail_only
        controls["image_tail"]["silent_only"] = spec.end_frame.silent_only
    if spec.camera:
        controls["camera_control"] |= {
            "types": list(spec.camera.types),
            "axes": list(CAMERA_AXES),
            "limit": CAMERA_LIMIT,
        }
    if spec.shots:
        controls["multi_prompt"]["prompt_max"] = spec.shots.prompt_max
    return form


def _control(spec: Spec, capability: str) -> dict[str, Any]:
    found = where(spec, capability)
    rules: dict[str, Several | Shots | None] = {
        "voices": spec.voices,
        "elements": spec.elements,
        "multi_prompt": spec.shots,
    }
    rule = rules.get(capability)
    return {
        "available": found is not None,
        "kinds": list(found.kinds) if found else [],
        "modes": list(found.modes) if found else [],
        "durations": list(found.durations) if found else [],
        "reason": lacking(spec, capability),
        **({"most": rule.most} if rule else {}),
    }


def json_schema(spec: Spec) -> dict[str, Any]:
    """JSON Schema of a native create request for this model: its fields and their limits.

    Rules between fields (shots add up, end frame only in pro) are said in descriptions.
    """
    properties: dict[str, Any] = {
        "model": {"const": spec.name, "description": "The model that makes the film."},
        "prompt": {
            "type": "string",
            "maxLength": spec.prompt_max,
            "description": _prompt(spec),
        },
        "mode": {
            "enum": list(spec.mode_names),
            "default": spec.default_mode,
            "description": _quality(spec),
        },
        "duration": _duration_schema(spec),
        "aspect_ratio": {
            "enum": list(spec.aspect_ratios),
            "description": "Text-to-video only; an image brings its own ratio.",
        },
        "image": _image_schema("The first frame"),
        "watermark": {
            "type": "boolean",
            "default": False,
            "description": usual.WATERMARK.words,
        },
        "seed": {
            "type": "integer",
            "minimum": 0,
            "maximum": SEED_MAX,
            "description": "Test mode only.",
        },
    }
    for capability in CAPABILITIES:
        if where(spec, capability) is not None:
            properties |= _capability_schema(spec, capability)
    required = ["model", "image"] if "text2video" not in spec.kinds else ["model"]
    if spec.end_frame and spec.end_frame.tail_only:
        required = ["model"]
    return {
        "title": spec.title,
        "description": spec.description,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _prompt(spec: Spec) -> str:
    if "text2video" not in spec.kinds:
        return usual.PROMPT.words
    return f"{usual.PROMPT.words} Needed without an image{', or shots' if spec.shots else ''}."


def _quality(spec: Spec) -> str:
    told = [f"{mode.name} has {mode.lines}." for mode in spec.modes]
    more = ["The better costs more."] if len(told) > 1 else []
    return " ".join(["The film's quality.", *told, *more])


def _duration_schema(spec: Spec) -> dict[str, Any]:
    shots = " With multi_prompt it is the sum of the shots." if spec.shots else ""
    return {
        "enum": list(spec.durations),
        "default": spec.default_duration,
        "description": f"Whole seconds, as billed.{shots}",
    }


def _image_schema(words: str) -> dict[str, Any]:
    return {"type": "string", "description": f"{words}: {media.FORMS}; {media.LIMITS}."}


def _ids(rule: Several | None, words: str) -> dict[str, Any]:
    return {
        "type": "array",
        "items": {"type": "string"},
        "maxItems": rule.most if rule else 0,
        "description": words,
    }


def _capability_schema(spec: Spec, capability: str) -> dict[str, Any]:
    note = lacking(spec, capability)
    builders: dict[str, dict[str, Any]] = {
        "negative_prompt": {
            "negative_prompt": {
                "type": "string",
                "maxLength": spec.prompt_max,
                "default": "",
                "description": usual.NEGATIVE.words,
            }
        },
        "cfg_scale": {
            "cfg_scale": {
                "type": "number",
                "minimum": 0,
                "maximum": 1,
                "default": 0.5,
                "description": usual.CFG_SCALE.words,
            }
        },
        "sound": {"sound": {"type": "boolean", "description": _sound(spec)}},
        "voices": {"voices": _ids(spec.voices, "Ids of voices that speak in it; needs sound.")},
        "elements": {"elements": _ids(spec.elements, "Ids of elements that appear in it.")},
        "image_tail": {"image_tail": _image_schema("The last frame")},
        "camera_control": {
            "camera_control": camera_schema(spec.camera.types if spec.camera else ())
        },
        "masks": {"static_mask": _image_schema("Where nothing moves"), **_brush_schema()},
        "multi_prompt": _shots_schema(spec),
    }
    made = builders[capability]
    if note:
        for schema in made.values():
            schema["description"] = f"{schema.get('description', '')} {note}.".strip()
    return made


def _sound(spec: Spec) -> str:
    if spec.sound and spec.sound.always:
        return "It always has sound: true, or left out."
    return "True: sound is made with the film. Silent unless given."


def camera_schema(types: Sequence[str] = CAMERA_TYPES) -> dict[str, Any]:
    """JSON Schema of `camera_control` with these types of move."""
    limits = {"type": "number", "minimum": -CAMERA_LIMIT, "maximum": CAMERA_LIMIT}
    axes = {axis: {**limits, "description": camera_words.directions(axis)} for axis in CAMERA_AXES}
    return {
        "type": "object",
        "description": "Type simple takes exactly one axis other than 0 in config.",
        "properties": {
            "type": {
                "enum": list(types),
                "description": "simple: one axis, as config says. The others are moves of their "
                "own, which take no config.",
            },
            "config": {
                "type": "object",
                "description": "How far along which axis.",
                "properties": axes,
                "additionalProperties": False,
            },
        },
        "required": ["type"],
        "additionalProperties": False,
    }


def _brush_schema() -> dict[str, Any]:
    point = {
        "type": "object",
        "properties": {
            "x": {"type": "integer", "description": "Pixels of the image from the left."},
            "y": {"type": "integer", "description": "Pixels of the image from below."},
        },
        "required": ["x", "y"],
    }
    path = {
        "type": "array",
        "items": point,
        "minItems": POINTS_MIN,
        "maxItems": POINTS_MAX,
        "description": "The points that it moves along, one after the other.",
    }
    mask = {
        "type": "object",
        "properties": {"mask": _image_schema("What moves"), "trajectories": path},
        "required": ["mask", "trajectories"],
        "additionalProperties": False,
    }
    several = {"type": "array", "items": mask, "maxItems": MASKS_MAX}
    return {"dynamic_masks": {**several, "description": "What moves, and along which paths."}}


def _shots_schema(spec: Spec) -> dict[str, Any]:
    rule = spec.shots or Shots()
    return {
        "multi_prompt": {
            **shots_schema(rule.most, rule.prompt_max),
            "description": "The shots of a film that has several.",
        },
        "shot_type": {
            "enum": list(SHOT_TYPES),
            "description": "customize: the shots are those of multi_prompt; intelligence: Kling "
            "plans them from prompt.",
        },
    }
