"""JSON Schemas of what the addresses of films answer."""

from __future__ import annotations

from accounts.event_types import EVENTS
from billing.api.openapi import PLANS, PRICES
from generations import sending
from generations.catalogue import documentation
from generations.catalogue.products.registry import PRODUCTS
from generations.models import Status
from generations.queueing import MOST
from generations.sounds import AUDIO_TYPES
from kling_saas.api.openapi import (
    ADDRESS,
    ANY_OBJECT,
    FLAG,
    MOMENT,
    TEXT,
    WHOLE,
    WORDS,
    Schema,
    body_of,
    list_of,
    maybe,
    object_of,
    page_of,
    ref,
)

_USUAL: Schema = {
    "type": "number",
    "description": "Seconds in which half of such films of five seconds were made lately; the "
    "makers' averages while too few were.",
}
_KEPT_UNTIL: Schema = {
    **maybe(MOMENT),
    "description": "From then on it is deleted, its links end, and `media_deleted_at` tells the "
    "moment. It may become later, with another plan, and sooner only in the trash. Null: for good.",
}
_ETA: Schema = {
    **maybe(
        object_of(
            "p50_seconds p90_seconds",
            p50_seconds={"type": "number"},
            p90_seconds={"type": "number"},
        )
    ),
    "description": "Seconds from `created_at` to a playable film: half of equal films are there "
    "by the first, nine of ten by the second. The wait for its turn is in it. Null when it has "
    "ended, while no upstream that could make it is in service, and once it took longer than nine "
    "of ten.",
}
_POSITION: Schema = {
    **maybe({"type": "integer", "minimum": 1, "maximum": MOST}),
    "description": "Its place in the queue of all customers, who take turns: 1 is handed over "
    f"next, {MOST} is that or later. In the answer to an order it is an estimate. Null once it "
    "is handed over.",
}

_RESULT: Schema = {
    "anyOf": [
        *({"$ref": f"#/components/schemas/Result-{p.name}"} for p in PRODUCTS.values() if p.result),
        {"type": "null"},
    ],
    "description": "What it made that is neither film nor sound. Null until it has succeeded, and "
    "for what makes nothing else.",
}

SCHEMAS: dict[str, Schema] = {
    "Status": {"enum": list(dict.fromkeys(status.public for status in Status))},
    "Quote": object_of(
        "id object livemode credits usd line_items expires_at",
        id=TEXT,
        object={"const": "quote"},
        livemode=FLAG,
        credits=WHOLE,
        usd=TEXT,
        line_items=list_of("LineItem"),
        expires_at=MOMENT,
        input=ANY_OBJECT,
        warnings=WORDS,
    ),
    "Priced": {
        "oneOf": [
            ref("DryRun"),
            ref("Generation"),
        ]
    },
    "DryRun": object_of(
        "object livemode credits line_items input warnings",
        object={"const": "dry_run"},
        livemode=FLAG,
        credits=WHOLE,
        line_items=list_of("LineItem"),
        input=ANY_OBJECT,
        warnings=WORDS,
    ),
    "Video": object_of(
        "id url expires_at kept_until watermark_url poster_url preview_url width height duration "
        "has_sound bytes sha256",
        id=TEXT,
        url=ADDRESS,
        expires_at=maybe(MOMENT),
        kept_until=_KEPT_UNTIL,
        watermark_url=maybe(TEXT),
        poster_url=TEXT,
        preview_url=maybe(TEXT),
        width=WHOLE,
        height=WHOLE,
        duration={"type": "number", "description": "Seconds."},
        has_sound=FLAG,
        bytes=WHOLE,
        sha256=TEXT,
    ),
    "Audio": object_of(
        "id url expires_at kept_until wav_url content_type duration bytes sha256",
        id=TEXT,
        url=ADDRESS,
        expires_at=maybe(MOMENT),
        kept_until=_KEPT_UNTIL,
        wav_url={**maybe(TEXT), "description": "The same as WAV, where Kling gives both."},
        content_type={"enum": sorted(AUDIO_TYPES)},
        duration={"type": "number", "description": "Seconds."},
        bytes=WHOLE,
        sha256=TEXT,
    ),
    "Generation": object_of(
        "id object livemode status model kind input credits eta position attempts video audio "
        "media_deleted_at media_trashed_at result error "
        "warnings "
        "reference end_user retention metadata created_at finished_at deleted_at",
        id=TEXT,
        object={"const": "generation"},
        livemode=FLAG,
        status=ref("Status"),
        model=TEXT,
        kind={"enum": ["text2video", "image2video", *PRODUCTS]},
        input=ANY_OBJECT,
        credits=object_of("quoted held charged", quoted=WHOLE, held=WHOLE, charged=maybe(WHOLE)),
        eta=_ETA,
        position=_POSITION,
        attempts={**WHOLE, "description": "How often it was sent to an upstream."},
        video=maybe(ref("Video")),
        audio=maybe(ref("Audio")),
        media_deleted_at={
            **maybe(MOMENT),
            "description": "When `video` and `audio`, kept for as long as the plan says, were "
            "deleted. Nothing else of the generation is.",
        },
        media_trashed_at={
            **maybe(MOMENT),
            "description": "When their owner put them into the trash; null once restored.",
        },
        result=_RESULT,
        error=maybe(
            object_of(
                "code message retryable refund",
                code=TEXT,
                message=TEXT,
                retryable=FLAG,
                refund=ANY_OBJECT,
            )
        ),
        warnings=WORDS,
        reference=maybe(TEXT),
        end_user={**maybe(TEXT), "description": "For whom of yours, as the order said."},
        retention=maybe(object_of("days", days=WHOLE)),
        metadata=ANY_OBJECT,
        created_at=MOMENT,
        finished_at=maybe(MOMENT),
        deleted_at={**maybe(MOMENT), "description": "When its owner took it out of the lists."},
    ),
    "GenerationPage": page_of("Generation"),
    "Event": object_of(
        "id object livemode type timestamp data",
        id=TEXT,
        object={"const": "event"},
        livemode=FLAG,
        type={
            "oneOf": [{"const": word, "description": told} for word, told in EVENTS.items()],
        },
        timestamp={**MOMENT, "description": "When it happened."},
        data={
            **ANY_OBJECT,
            "description": "What it is about, as that is now: the whole generation, or facts.",
        },
    ),
    "EventPage": page_of("Event"),
    "Model": object_of(
        "object name title description discontinued capabilities kinds modes durations "
        "aspect_ratios eta_seconds plans prices schema",
        object={"const": "model"},
        name=TEXT,
        title=TEXT,
        description=TEXT,
        discontinued={**FLAG, "description": documentation.DISCONTINUED},
        capabilities={
            "type": "object",
            "additionalProperties": TEXT,
            "description": "What it can: `yes`, in which variants, or empty where it cannot.",
        },
        kinds={"type": "array", "items": TEXT},
        modes={
            "type": "array",
            "items": object_of("name title resolution", name=TEXT, title=TEXT, resolution=TEXT),
        },
        durations={"type": "array", "items": WHOLE},
        aspect_ratios={"type": "array", "items": TEXT},
        eta_seconds={"type": "object", "additionalProperties": _USUAL},
        plans=PLANS,
        prices=PRICES,
        schema={"type": "object", "description": "JSON Schema of an order for this model."},
    ),
    "ModelList": object_of(
        "object data",
        object={"const": "list"},
        data=list_of("Model"),
    ),
    "Task": object_of(
        "object name title description models modes makes at_once eta_seconds plans prices schema "
        "result",
        object={"const": "task"},
        name=TEXT,
        title=TEXT,
        description=TEXT,
        models=WORDS,
        modes=WORDS,
        makes={"type": "array", "items": {"enum": ["video", "audio", "facts"]}},
        at_once=FLAG,
        eta_seconds=_USUAL,
        plans=PLANS,
        prices=PRICES,
        schema={"type": "object", "description": "JSON Schema of an order of it."},
        result={
            **maybe(ANY_OBJECT),
            "description": "JSON Schema of `result` of a generation of it; null where it has none.",
        },
    ),
    "TaskList": object_of("object data", object={"const": "list"}, data=list_of("Task")),
    "Thing": object_of(
        "object id name languages preset created_at deleted_at",
        object={"enum": ["voice", "element"]},
        id={**TEXT, "description": "As orders name it."},
        name=TEXT,
        languages={**WORDS, "description": "Which one of Kling's own voices speaks."},
        preset={**FLAG, "description": "Kling's own, for everybody."},
        created_at=maybe(MOMENT),
        deleted_at=maybe(MOMENT),
        kept_upstream={
            **FLAG,
            "description": "In the answer to a deletion: the service that made it cannot delete.",
        },
    ),
    "ThingPage": page_of("Thing"),
    "UploadAnnounced": body_of(
        "content_type bytes sha256",
        content_type={"enum": list(sending.TYPES)},
        bytes={**WHOLE, "minimum": 1, "maximum": sending.most("video/mp4")},
        sha256={**TEXT, "pattern": "^[0-9A-Fa-f]{64}$"},
    ),
    "UploadAddress": object_of(
        "id object method url headers expires_at",
        id=TEXT,
        object={"const": "upload_address"},
        method={"const": "PUT"},
        url=ADDRESS,
        headers={**ANY_OBJECT, "description": "To be sent with it, as they are."},
        expires_at=MOMENT,
    ),
    "UploadPage": page_of("Upload"),
    "Upload": object_of(
        "id object livemode content_type bytes width height duration sha256 created_at",
        id=TEXT,
        object={"const": "upload"},
        livemode=FLAG,
        content_type=TEXT,
        bytes=WHOLE,
        sha256=TEXT,
        created_at=MOMENT,
        width=maybe(WHOLE),
        height=maybe(WHOLE),
        duration=maybe({"type": "number", "description": "Seconds."}),
    ),
}
