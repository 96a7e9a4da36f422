"""OpenAI's dialect as OpenAPI describes it: `/v1/videos` as its official clients call it."""

from __future__ import annotations

from django.conf import settings

from generations import uploads
from generations.catalogue import documentation, registry, samples
from generations.catalogue.spec import ASPECT_RATIOS, FRAME_SIZES, Spec
from generations.compat import describing
from generations.compat.describing import Dialect, created, examples
from generations.compat.openai.errors import refuse
from generations.compat.openai.views import ORDERS, VARIANTS
from generations.wire.openai import models, server
from kling_saas.api.openapi import (
    IDEMPOTENCY,
    JSON,
    PAGE,
    TEXT,
    WHOLE,
    WORDS,
    Schema,
    answer,
    list_of,
    maybe,
    object_of,
    query,
    ref,
)

PREFIX = "openai"
_ERRORS = {
    400: "Not readable, or a value that is refused",
    401: "No key, or one that opens nothing",
    403: "The key may not do this",
    404: "No such video, or its file is not kept any more",
    409: "Not in a state that allows this; or the Idempotency-Key belongs to a request under way",
    422: "The Idempotency-Key was used for another order",
    429: "Not enough credits (insufficient_quota), too many requests, or unfinished videos",
    500: "A fault of ours",
    503: "Nobody can serve it at the moment",
}
_DIALECT = Dialect(
    prefix=PREFIX,
    title="OpenAI's dialect of Kling SaaS",
    description="OpenAI's video API on Kling's models. `x-should-retry: false` tells its clients "
    "not to try again by themselves.",
    keys={"key": {"type": "http", "scheme": "bearer", "description": "An API key, `ksk_…`."}},
    errors=_ERRORS,
    error=describing.OPENAI_ERROR,
)
_FORM = "multipart/form-data"
_ID = [describing.in_path("video_id", "As a create told it.", samples.FILM)]
_REMIX = {"prompt": "The same in the rain"}


def document(host: str) -> Schema:
    """The whole; model names as OPENAI_MODELS has them."""
    return _DIALECT.document({**_paths(), **_BELOW}, {**_orders(), **_SCHEMAS}, host)


def _orders() -> Schema:
    specs = registry.SPECS
    sold = models.read(settings.OPENAI_MODELS)
    lengths = sorted({seconds for spec in specs for seconds in spec.durations})
    order = object_of(
        "prompt",
        model={"enum": [*sold, *(s.name for s in specs)], "default": server.DEFAULT_MODEL},
        prompt=_prompt(specs),
        seconds={"enum": [*map(str, lengths), *lengths], "default": str(server.DEFAULT_SECONDS)},
        size={
            "type": "string",
            "pattern": "^[1-9][0-9]{1,4}x[1-9][0-9]{1,4}$",
            "default": server.DEFAULT_SIZE,
            "description": f"Of a ratio of {', '.join(ASPECT_RATIOS)}: {_sizes()}. Kling makes the "
            "film in the size of its mode. With an image, which brings its own, it may be left "
            "out.",
        },
        input_reference={
            "anyOf": [
                TEXT,
                object_of("image_url", image_url=TEXT),
                object_of("file_id", file_id=TEXT),
            ],
            "description": "The first frame: an address, a data URI, or the id of an upload.",
        },
        **_kling_s_own(),
    )
    form = {**order["properties"], "input_reference": {"type": "string", "format": "binary"}}
    return {
        "Order": {**order, "additionalProperties": False},
        "Form": {
            **order,
            "properties": {
                **form,
                "input_reference[image_url]": TEXT,
                "input_reference[file_id]": TEXT,
            },
        },
        "Remix": {
            **object_of("prompt", prompt=_prompt(specs)),
            "additionalProperties": False,
        },
    }


def _prompt(specs: tuple[Spec, ...]) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": max(s.prompt_max for s in specs)}


def _sizes() -> str:
    return ", ".join(f"{w}x{h}" for sizes in FRAME_SIZES.values() for w, h in sizes.values())


def _kling_s_own() -> Schema:
    """What is taken beside OpenAI's parameters, as the native API describes it."""
    found: Schema = {}
    for spec in registry.SPECS:
        known = documentation.json_schema(spec)["properties"]
        found |= {name: known[name] for name in server.OURS if name in known}
    modes = dict.fromkeys(mode for spec in registry.SPECS for mode in spec.mode_names)
    found["mode"] = {"enum": list(modes), "description": "Replaces that of the model's name."}
    return {name: {k: v for k, v in s.items() if k != "default"} for name, s in found.items()}


def _paths() -> Schema:
    made = created(
        "Accepted", "Video", "/id",
        *((name, "video_id") for name in ("getVideo", "deleteVideo", "getContent", "remixVideo")),
    )  # fmt: skip
    order = {"model": server.DEFAULT_MODEL, "prompt": samples.ORDERS["text2video"]["prompt"]}
    sent = {
        JSON: {"schema": ref("Order"), "examples": examples(usual=order)},
        _FORM: {"schema": ref("Form"), "examples": examples(usual=order)},
    }
    return {
        "/v1/videos": {
            "post": _DIALECT.operation(
                "createVideo",
                "Order a video",
                {"200": made},
                refuses=(404, 429),
                body={"required": True, "content": sent},
                parameters=[IDEMPOTENCY],
                description="A file of a form is kept as an upload, of at most "
                f"{uploads.MAX_BYTES // 2**20} MB.",
            ),
            "get": _DIALECT.operation(
                "listVideos",
                "Videos that were ordered here",
                {"200": answer("A page", "VideoList")},
                refuses=(400, 404),
                parameters=[
                    *PAGE,
                    query("order", "By age.", {"enum": list(ORDERS), "default": ORDERS[0]}),
                ],
            ),
        }
    }


def _remix() -> Schema:
    sent = {"schema": ref("Remix"), "examples": examples(usual=_REMIX)}
    return _DIALECT.operation(
        "remixVideo",
        "A new video from the inputs of one, with another prompt",
        {"200": created("Accepted", "Video", "/id", ("getVideo", "video_id"))},
        refuses=(404, 429),
        body={"required": True, "content": {JSON: sent}},
        parameters=[IDEMPOTENCY],
    )


_BELOW: Schema = {
    "/v1/videos/{video_id}": {
        "parameters": _ID,
        "get": _DIALECT.operation(
            "getVideo", "A video", {"200": answer("As it stands", "Video")}, refuses=(404,)
        ),
        "delete": _DIALECT.operation(
            "deleteVideo",
            "Delete a video for good",
            {"200": answer("Deleted; again is no error", "VideoDeleted")},
            refuses=(404, 409),
        ),
    },
    "/v1/videos/{video_id}/content": {
        "parameters": _ID,
        "get": _DIALECT.operation(
            "getContent",
            "The film",
            {"302": {"description": "To the file, by a link that takes ranges and ends"}},
            refuses=(400, 404, 409),
            parameters=[
                query("variant", "The film or its poster.",
                      {"enum": list(VARIANTS), "default": VARIANTS[0]}),
            ],
        ),
    },
    "/v1/videos/{video_id}/remix": {"parameters": _ID, "post": _remix()},
}  # fmt: skip
_SCHEMAS: Schema = {
    "Video": object_of(
        "id object model status progress created_at completed_at expires_at prompt seconds size "
        "remixed_from_video_id error",
        id=TEXT,
        object={"const": "video"},
        model=TEXT,
        status={"enum": list(server.STATUS_WORDS.values())},
        progress={
            **WHOLE,
            "minimum": 0,
            "maximum": 100,
            "description": "Of the time that equal films usually take; no upstream reports one.",
        },
        created_at=WHOLE,
        completed_at=maybe(WHOLE),
        expires_at=maybe({**WHOLE, "description": "When its files are gone."}),
        prompt=maybe(TEXT),
        seconds=TEXT,
        size=TEXT,
        remixed_from_video_id=maybe(TEXT),
        error=maybe(object_of("code message", code=TEXT, message=TEXT)),
        warnings=WORDS,
    ),
    "VideoList": object_of(
        "object data first_id last_id has_more",
        object={"const": "list"},
        data=list_of("Video"),
        first_id=maybe(TEXT),
        last_id=maybe(TEXT),
        has_more={"type": "boolean"},
    ),
    "VideoDeleted": object_of(
        "id object deleted", id=TEXT, object={"const": "video.deleted"}, deleted={"const": True}
    ),
}
view = describing.served(document, refuse)
