"""JSON Schemas of what Kling's first API standard takes and tells, derived from the catalogue.

One schema of a film holds for all models, because a model that lacks something is no violation in a
dialect where a film can be made without it: each field says who has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from generations.catalogue import composites, documentation, samples, validation
from generations.catalogue.capabilities import who_has
from generations.catalogue.params import FILMS, SHOTS_MAX, Kind
from generations.catalogue.products import documentation as product_documentation
from generations.catalogue.products import usual
from generations.catalogue.products.lists import body_schema
from generations.catalogue.products.product import Product
from generations.catalogue.products.registry import PRODUCTS
from generations.catalogue.registry import SPECS
from generations.catalogue.spec import SHOT_TYPES, Spec
from generations.wire.kling import client, server, tasks
from generations.wire.task import RemoteVideo, Task, TaskState

Schema = dict[str, Any]
_TEXT: Schema = {"type": "string"}
_MOMENT: Schema = {"type": "integer", "description": "Unix milliseconds."}
_SECONDS: Schema = {"type": "string", "description": "Seconds, such as 5.041."}
_UNITS: Schema = {**_TEXT, "description": "Credits ÷ 10, such as 1.5."}
_ID: Schema = {"type": ["string", "integer"]}
_SHORT = 2  # lengths, of a model that has 5 and 10 s alone


def order_schema(kind: Kind) -> Schema:
    """What a create of this kind takes; other members are passed over."""
    if kind not in FILMS:
        return product_documentation.kling_schema(PRODUCTS[kind])
    specs = [spec for spec in SPECS if kind in spec.kinds]
    model = {"enum": [spec.name for spec in specs], "default": server.DEFAULT_MODEL}
    film = film_properties(specs, pictured=kind == "image2video")
    return {"type": "object", "properties": {"model_name": model} | film, "required": []}


def example(kind: Kind) -> dict[str, Any]:
    """A create request of this kind."""
    params = validation.check(samples.order(kind)).params
    return dict(client.encode_create(params).json or {})


def film_properties(specs: Sequence[Spec], *, pictured: bool) -> Schema:
    """The fields of a film, but for its model; each with what any of these models takes."""
    native = [documentation.json_schema(spec)["properties"] for spec in specs]
    every: Schema = {name: schema for each in native for name, schema in each.items()}
    lengths = sorted({seconds for each in native for seconds in each["duration"]["enum"]})
    modes = list(dict.fromkeys(mode for each in native for mode in each["mode"]["enum"]))
    words = every["prompt"]
    found: Schema = {
        "prompt": {**words, "description": "Required without a picture, unless shots have theirs."},
        "negative_prompt": {"type": "string", "maxLength": words["maxLength"], "default": ""},
        "mode": {"enum": [*modes, *dict(usual.MODE_ALIASES)], "default": modes[0]},
        "duration": {
            "enum": [*map(str, lengths), *lengths],
            "default": "5",
            "description": f"Seconds. {_lengths(specs)}".strip(),
        },
        "cfg_scale": {"type": "number", "minimum": 0, "maximum": 1, "default": 0.5},
        "camera_control": {
            **documentation.camera_schema(),
            "description": "Type simple takes exactly one axis other than 0 in config. For a model "
            f"without it ({who_has('camera_control')} have it) it is written into the prompt.",
        },
        "sound": {"enum": ["on", "off", True, False], "description": _with("sound")},
        "motion_has_audio": {"type": "boolean", "description": "The same as sound."},
        "multi_shot": {"type": "boolean", "description": _with("multi_prompt")},
        "shot_type": {"enum": list(SHOT_TYPES)},
        "multi_prompt": composites.kling_shots_schema(SHOTS_MAX),
        **body_schema(server.REFERENCES.values())["properties"],
    }
    if not pictured:
        return found | {"aspect_ratio": {**every["aspect_ratio"], "default": "16:9"}}
    pictures = {name: every[name] for name in server.PICTURES if name in every}
    for name, capability in (("image_tail", "image_tail"), ("dynamic_masks", "masks")):
        if name in pictures:
            pictures[name] = {**pictures[name], "description": _with(capability)}
    return found | pictures


def _lengths(specs: Sequence[Spec]) -> str:
    longer = [spec for spec in specs if len(spec.durations) > _SHORT]
    return " ".join(f"{s.name}: {s.durations[0]} to {s.durations[-1]}." for s in longer)


def _with(capability: str) -> str:
    return f"With {who_has(capability)}."


STATUS: Schema = {"enum": list(tasks.STATUS_WORDS.values())}
_VIDEO: Schema = {
    "type": "object",
    "properties": {
        "id": _TEXT,
        "url": {"type": "string", "format": "uri"},
        "duration": _SECONDS,
        "watermark_url": {**_TEXT, "description": "With the watermark, if ordered."},
    },
    "required": ["id", "url"],
}
_LINKS = ("url", "url_mp3", "url_wav", "duration", "duration_mp3", "duration_wav")
_AUDIO: Schema = {
    "type": "object",
    "properties": {"id": _TEXT, **dict.fromkeys(_LINKS, _TEXT)},
    "required": ["id"],
}
_INFO: Schema = {
    "type": "object",
    "properties": {"external_task_id": _TEXT, "parent_video": _VIDEO},
}
CREATED: Schema = {
    "type": "object",
    "properties": {
        "task_id": _TEXT,
        "task_status": STATUS,
        "task_info": _INFO,
        "created_at": _MOMENT,
        "updated_at": _MOMENT,
        "warnings": documentation.WARNINGS,
    },
    "required": ["task_id", "task_status", "task_info", "created_at", "updated_at"],
}
MARK: Schema = {"type": "object", "properties": {"enabled": {"type": "boolean"}}}


def task_schema(product: Product | None = None) -> Schema:
    """A task as queries and lists tell it; of films without a product."""
    of_facts = _facts(product) if product else {}
    result = {"videos": _VIDEO, "audios": _AUDIO}
    if product and product.facts_at:
        result[product.facts_at] = {"type": "object", "properties": of_facts}
        of_facts = {}
    told = {name: {"type": "array", "items": schema} for name, schema in result.items()}
    return {
        "type": "object",
        "properties": {
            **CREATED["properties"],
            "task_status_msg": {**_TEXT, "description": "Why it failed."},
            "watermark_info": MARK,
            "final_unit_deduction": _UNITS,
            "task_result": {
                "type": "object",
                "properties": told,
                "description": "Of a task that succeeded.",
            },
            **of_facts,
        },
        "required": [*CREATED["required"], "task_status_msg"],
        "examples": [tasks.flat(_SAMPLE)],
    }


def _facts(product: Product) -> Schema:
    """What is made beside films and sounds, in Kling's answer; an element's id is a long there."""
    told = {fact.name: fact.schema() for fact in product.result}
    return told | ({"element_id": _ID} if "element_id" in told else {})


_SAMPLE = Task(
    id="gen_kT3vX9mQ2LrB7sYd",
    state=TaskState.SUCCEEDED,
    videos=(RemoteVideo(url="https://example.com/film.mp4", id="vid_8sQnC4", duration_ms=5041),),
    created_ms=1764000000000,
    updated_ms=1764000180000,
    units=Decimal(1),
)
