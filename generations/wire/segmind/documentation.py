"""JSON Schemas of what Segmind's pages take and tell, derived from pages and catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from generations.catalogue import composites, documentation, registry, samples
from generations.catalogue.params import FILMS
from generations.catalogue.products.fields import Field
from generations.catalogue.products.lists import Many
from generations.catalogue.products.registry import PRODUCTS
from generations.catalogue.spec import CAMERA_LIMIT
from generations.wire.segmind import server, voices
from generations.wire.segmind.page import Parameter, Slug
from generations.wire.segmind.slugs import SHOTS_MAX, VERSIONS
from generations.wire.task import RemoteVideo, Task, TaskState

Schema = dict[str, Any]
_TEXT: Schema = {"type": "string"}
_ADDRESS: Schema = {"type": "string", "format": "uri"}
_NUMBER: Schema = {"type": "number"}
_OF_PAGES: Mapping[str, Schema] = {
    "camera_control": _TEXT,
    "camera_axis": _TEXT,
    "camera_value": {"type": "number", "minimum": -CAMERA_LIMIT, "maximum": CAMERA_LIMIT},
    "version": {**_TEXT, "description": f"Of Kling: {', '.join(VERSIONS)}."},
    "multi_prompt": composites.kling_shots_schema(SHOTS_MAX),
    "images": {"type": "array", "items": _TEXT, "description": "Named @Image1, @Image2 … in it."},
    "inline_elements": {
        "type": "array",
        "maxItems": 0,
        "description": "Elements are made before, by the native task custom-element.",
    },
    "keep_sound": {"type": "boolean"},
}
"""What has another form here than in native words, by the native word."""
_ALONE = {"first": "images", "second": "images", "first_frame": "images", "end_frame": "images"}
_EXAMPLES: Mapping[str, Any] = {
    "prompt": "A fox in fresh snow",
    "video": samples.FILM,
    "audio": samples.SPEECH,
    "images": [samples.PICTURE],
}
_EXAMPLE_OF_VOICE = {"recording": samples.SPEECH, "name": "Anna"}


def order_schema(slug: Slug) -> Schema:
    """What the page takes; other members are passed over."""
    properties: Schema = {}
    for parameter in slug.parameters:
        schema = _described(slug, parameter)
        properties[parameter.name] = schema
        for name in parameter.also:
            properties[name] = {**schema, "description": f"The same as {parameter.name}."}
    required = [p.name for p in slug.parameters if p.required]
    return {"title": slug.title, "type": "object", "properties": properties, "required": required}


def example(slug: Slug) -> dict[str, Any]:
    """A request to the page: what it requires, and its defaults for the rest."""
    required = [p for p in slug.parameters if p.required]
    return {p.name: _EXAMPLES.get(p.native, samples.PICTURE) for p in required}


def voice_schema(words: Mapping[str, str]) -> Schema:
    """What the page that makes voices takes, by the words that it has now."""
    fields = PRODUCTS["custom-voice"].by_name
    told = {"recording": fields["audio"], "name": fields["voice_name"]}
    return {
        "title": "Kling Create Voice",
        "type": "object",
        "properties": {words[name]: field.described() for name, field in told.items()},
        "required": [words["recording"]],
    }


def voice_example(words: Mapping[str, str]) -> dict[str, Any]:
    """A request to that page."""
    return {words[name]: value for name, value in _EXAMPLE_OF_VOICE.items()}


def _described(slug: Slug, parameter: Parameter) -> Schema:
    schema = {n: v for n, v in _taken(slug, parameter.native).items() if n != "default"}
    if parameter.allowed:
        numbers = [int(word) for word in parameter.allowed if word.isdecimal()]
        schema = {"enum": [*parameter.allowed, *numbers]} | (
            {"description": schema["description"]} if "description" in schema else {}
        )
    if parameter.default is not None:
        schema["default"] = parameter.default
    return schema


def _taken(slug: Slug, native: str) -> Schema:
    if native in _OF_PAGES:
        return _OF_PAGES[native]
    if slug.kinds[0] in FILMS:
        return _of_models(slug, native)
    fields = PRODUCTS[slug.kinds[0]].by_name
    field = fields.get(_ALONE.get(native, native)) or _inside(fields, native)
    if field is None:
        return _NUMBER if native == "cfg_scale" else _TEXT
    one = field.inner[0] if native in _ALONE and isinstance(field, Many) else field
    return one.described()


def _of_models(slug: Slug, native: str) -> Schema:
    """What any of the page's models takes; else what others do, for it is dropped with a word."""
    models = [model for model, _ in slug.variants.values()]
    known = [registry.get(model) for model in models] + list(registry.SPECS)
    schemas = (documentation.json_schema(spec)["properties"].get(native) for spec in known)
    return next(schema for schema in schemas if schema)


def _inside(fields: Mapping[str, Field], native: str) -> Field | None:
    """A field that stands alone on a page and in a list of the product."""
    lists = [field for field in fields.values() if isinstance(field, Many)]
    inner = (each for field in lists for each in field.inner if each.name == native)
    return next(inner, None)


STATUS: Schema = {"enum": list(server.STATUS_WORDS.values())}
QUEUED: Schema = {
    "type": "object",
    "properties": {
        "request_id": _TEXT,
        "status": STATUS,
        **dict.fromkeys(("poll_url", "status_url", "response_url"), _ADDRESS),
        "warnings": documentation.WARNINGS,
    },
    "required": ["request_id", "status", "poll_url", "status_url", "response_url"],
}
_METRICS: Schema = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("inference_time", "queue_time", "total_time"), _NUMBER),
        "cost": {**_NUMBER, "description": "Dollars at list price; of a success."},
        "remaining_credits": {**_NUMBER, "description": "Dollars at list price."},
    },
    "required": ["inference_time", "queue_time", "total_time"],
}
STATE: Schema = {
    "type": "object",
    "properties": {
        "request_id": _TEXT,
        "status": STATUS,
        "metrics": _METRICS,
        "error": {**_TEXT, "description": "Why it failed."},
    },
    "required": ["request_id", "status"],
}
_FILM: Schema = {
    "type": ["object", "null"],
    "properties": {
        "url": _ADDRESS,
        "content_type": {"const": "video/mp4"},
        "file_name": _TEXT,
        "file_size": {"type": "integer"},
    },
}
_SAMPLE = Task(
    id="gen_kT3vX9mQ2LrB7sYd",
    state=TaskState.SUCCEEDED,
    videos=(RemoteVideo(url="https://example.com/film.mp4", bytes=1048576),),
    prompt="A fox in fresh snow",
    created_ms=1764000000000,
    updated_ms=1764000180000,
    cost_usd=Decimal("0.28"),
    remaining_usd=Decimal("279.72"),
)
RESULT: Schema = {
    **STATE,
    "properties": {
        **STATE["properties"],
        "output": {
            "type": ["string", "object", "null"],
            "description": "The film's address, or what was made instead; null once deleted.",
        },
        "video": _FILM,
        "prompt": _TEXT,
        "seed": {"type": "integer"},
        "message": {**_TEXT, "description": "Since when the film is not kept any more."},
        voices.WORDS["voice"]: {**_TEXT, "description": "Of a voice: as films name it."},
        "voice_name": {**_TEXT, "description": "Of a voice: what it is called."},
        "warnings": documentation.WARNINGS,
    },
    "examples": [server.encode_result(_SAMPLE).json],
}
