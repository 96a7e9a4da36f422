"""JSON Schemas of what the native API answers."""

from __future__ import annotations

from typing import Any

from generations.catalogue import documentation
from generations.catalogue.products.registry import PRODUCTS
from generations.models import Status
from generations.queueing import MOST
from generations.sounds import AUDIO_TYPES

Schema = dict[str, Any]

REFUSALS = {
    400: "Not readable",
    401: "No credential, or one that opens nothing",
    402: "Not enough credits",
    403: "Not allowed, above a cap, or only with a plan",
    404: "Unknown, or another tenant's",
    409: "Not in a state that allows this",
    410: "Kept for as long as the plan said, and deleted",
    413: "Too large",
    415: "Not JSON",
    422: "Every violation at once, or an Idempotency-Key used for another body",
    429: "Too many unfinished generations, slow addresses at once, or wrong codes in an hour",
    503: "No service can make it at the moment",
}


def _object(required: str, /, **properties: Schema) -> Schema:
    """An object; `required` names members separated by blanks."""
    return {"type": "object", "properties": properties, "required": required.split()}


def _maybe(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _list_of(name: str) -> Schema:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}


def _page_of(name: str) -> Schema:
    return _object(
        "object data has_more next",
        object={"const": "list"},
        data=_list_of(name),
        has_more={"type": "boolean"},
        next=_maybe(_TEXT),
    )


_TEXT: Schema = {"type": "string"}
_WHOLE: Schema = {"type": "integer"}
_SPENT = {"captured": _WHOLE, "reserved": _WHOLE, "films": _WHOLE}
_USUAL: Schema = {
    "type": "number",
    "description": "Seconds in which half of such films of five seconds were made lately; the "
    "makers' averages while too few were.",
}
_FLAG: Schema = {"type": "boolean"}
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_ANY_OBJECT: Schema = {"type": "object"}
_WORDS: Schema = {"type": "array", "items": _TEXT}
_PLANS: Schema = {
    **_WORDS,
    "description": "The plans whose subscribers alone may order it in live mode; empty: everybody.",
}
_PRICES: Schema = {
    "type": "array",
    "items": _object(
        "sku unit credits usd description plans",
        sku=_TEXT,
        unit={"enum": ["clip", "second"]},
        credits=_WHOLE,
        usd=_TEXT,
        description=_TEXT,
        plans=_PLANS,
    ),
}

_KEPT_UNTIL: Schema = {
    **_maybe(_MOMENT),
    "description": "From then on it is deleted, its links end, and `media_deleted_at` tells the "
    "moment. It may become later, with another plan, and never sooner. Null: for good.",
}
_ETA: Schema = {
    **_maybe(
        _object(
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
    **_maybe({"type": "integer", "minimum": 1, "maximum": MOST}),
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
    "Violation": _object("field code message", field=_TEXT, code=_TEXT, message=_TEXT),
    "Problem": _object(
        "type title status code detail retryable request_id",
        type={"type": "string", "format": "uri"},
        title=_TEXT,
        status=_WHOLE,
        code=_TEXT,
        detail=_TEXT,
        retryable=_FLAG,
        request_id=_TEXT,
        violations=_list_of("Violation"),
    ),
    "LineItem": _object(
        "sku key description unit quantity unit_credits credits",
        sku=_TEXT,
        key=_TEXT,
        description=_TEXT,
        unit={"enum": ["clip", "second"]},
        quantity=_WHOLE,
        unit_credits=_WHOLE,
        credits=_WHOLE,
    ),
    "Quote": _object(
        "id object livemode credits usd line_items expires_at",
        id=_TEXT,
        object={"const": "quote"},
        livemode=_FLAG,
        credits=_WHOLE,
        usd=_TEXT,
        line_items=_list_of("LineItem"),
        expires_at=_MOMENT,
        input=_ANY_OBJECT,
        warnings=_WORDS,
    ),
    "Priced": {
        "oneOf": [
            {"$ref": "#/components/schemas/DryRun"},
            {"$ref": "#/components/schemas/Generation"},
        ]
    },
    "DryRun": _object(
        "object livemode credits line_items input warnings",
        object={"const": "dry_run"},
        livemode=_FLAG,
        credits=_WHOLE,
        line_items=_list_of("LineItem"),
        input=_ANY_OBJECT,
        warnings=_WORDS,
    ),
    "Video": _object(
        "id url expires_at kept_until watermark_url poster_url preview_url width height duration "
        "has_sound bytes sha256",
        id=_TEXT,
        url={"type": "string", "format": "uri"},
        expires_at=_maybe(_MOMENT),
        kept_until=_KEPT_UNTIL,
        watermark_url={**_maybe(_TEXT), "description": "The film with the watermark, if ordered."},
        poster_url=_TEXT,
        preview_url=_maybe(_TEXT),
        width=_WHOLE,
        height=_WHOLE,
        duration={"type": "number", "description": "Seconds."},
        has_sound=_FLAG,
        bytes=_WHOLE,
        sha256=_TEXT,
    ),
    "Audio": _object(
        "id url expires_at kept_until wav_url content_type duration bytes sha256",
        id=_TEXT,
        url={"type": "string", "format": "uri"},
        expires_at=_maybe(_MOMENT),
        kept_until=_KEPT_UNTIL,
        wav_url={**_maybe(_TEXT), "description": "The same as WAV, where Kling gives both."},
        content_type={"enum": sorted(AUDIO_TYPES)},
        duration={"type": "number", "description": "Seconds."},
        bytes=_WHOLE,
        sha256=_TEXT,
    ),
    "Generation": _object(
        "id object livemode status model kind input credits eta position attempts video audio "
        "media_deleted_at result error "
        "warnings "
        "reference metadata created_at finished_at",
        id=_TEXT,
        object={"const": "generation"},
        livemode=_FLAG,
        status={"$ref": "#/components/schemas/Status"},
        model=_TEXT,
        kind={"enum": ["text2video", "image2video", *PRODUCTS]},
        input=_ANY_OBJECT,
        credits=_object("quoted held charged", quoted=_WHOLE, held=_WHOLE, charged=_maybe(_WHOLE)),
        eta=_ETA,
        position=_POSITION,
        attempts={**_WHOLE, "description": "How often it was sent to an upstream."},
        video=_maybe({"$ref": "#/components/schemas/Video"}),
        audio=_maybe({"$ref": "#/components/schemas/Audio"}),
        media_deleted_at={
            **_maybe(_MOMENT),
            "description": "When `video` and `audio`, kept for as long as the plan says, were "
            "deleted. Nothing else of the generation is.",
        },
        result=_RESULT,
        error=_maybe(
            _object(
                "code message retryable refund",
                code=_TEXT,
                message=_TEXT,
                retryable=_FLAG,
                refund=_ANY_OBJECT,
            )
        ),
        warnings=_WORDS,
        reference=_maybe(_TEXT),
        metadata=_ANY_OBJECT,
        created_at=_MOMENT,
        finished_at=_maybe(_MOMENT),
    ),
    "GenerationPage": _page_of("Generation"),
    "Model": _object(
        "object name title discontinued kinds modes durations aspect_ratios eta_seconds plans "
        "prices schema",
        object={"const": "model"},
        name=_TEXT,
        title=_TEXT,
        discontinued={**_FLAG, "description": documentation.DISCONTINUED},
        kinds={"type": "array", "items": _TEXT},
        modes={"type": "array", "items": _object("name title resolution")},
        durations={"type": "array", "items": _WHOLE},
        aspect_ratios={"type": "array", "items": _TEXT},
        eta_seconds={"type": "object", "additionalProperties": _USUAL},
        plans=_PLANS,
        prices=_PRICES,
        schema={"type": "object", "description": "JSON Schema of an order for this model."},
    ),
    "ModelList": _object(
        "object data",
        object={"const": "list"},
        data=_list_of("Model"),
    ),
    "Task": _object(
        "object name title description models modes makes at_once eta_seconds plans prices schema "
        "result",
        object={"const": "task"},
        name=_TEXT,
        title=_TEXT,
        description=_TEXT,
        models=_WORDS,
        modes=_WORDS,
        makes={"type": "array", "items": {"enum": ["video", "audio", "facts"]}},
        at_once=_FLAG,
        eta_seconds=_USUAL,
        plans=_PLANS,
        prices=_PRICES,
        schema={"type": "object", "description": "JSON Schema of an order of it."},
        result={
            **_maybe(_ANY_OBJECT),
            "description": "JSON Schema of `result` of a generation of it; null where it has none.",
        },
    ),
    "TaskList": _object("object data", object={"const": "list"}, data=_list_of("Task")),
    "Thing": _object(
        "object id name languages preset created_at deleted_at",
        object={"enum": ["voice", "element"]},
        id={**_TEXT, "description": "As orders name it."},
        name=_TEXT,
        languages={**_WORDS, "description": "Which one of Kling's own voices speaks."},
        preset={**_FLAG, "description": "Kling's own, for everybody."},
        created_at=_maybe(_MOMENT),
        deleted_at=_maybe(_MOMENT),
        kept_upstream={
            **_FLAG,
            "description": "In the answer to a deletion: the service that made it cannot delete.",
        },
    ),
    "ThingPage": _page_of("Thing"),
    "PriceBook": _object("object version data", version=_WHOLE, data=_PRICES),
    "Upload": _object(
        "id object content_type bytes width height duration",
        id=_TEXT,
        bytes=_WHOLE,
        width=_maybe(_WHOLE),
        height=_maybe(_WHOLE),
        duration=_maybe({"type": "number", "description": "Seconds."}),
    ),
    "Wallet": _object(
        "object available reserved pending owed livemode",
        object={"const": "wallet"},
        available=_WHOLE,
        reserved=_WHOLE,
        pending=_WHOLE,
        owed=_WHOLE,
        livemode=_FLAG,
    ),
    "Voucher": _object(
        "object code credits expires_at available",
        object={"enum": ["voucher", "gift"]},
        code={"type": "string", "description": "A gift's is masked."},
        credits={"type": "integer", "minimum": 1, "description": "What it gave."},
        expires_at=_maybe(_MOMENT),
        available=_WHOLE,
        from_name={"type": "string", "description": "Of a gift: whom it is from, or empty."},
        message={"type": "string", "description": "Of a gift: what they say, or empty."},
    ),
    "VoucherCode": _object("code", code={"type": "string", "minLength": 1, "maxLength": 40}),
    "LedgerEntry": _object(
        "id created_at type amount balance_after reserved_after pending_after generation lot "
        "reference actor reason",
        id=_TEXT,
        created_at=_MOMENT,
        type=_TEXT,
        amount={"type": "integer", "description": "Signed change of `available`."},
        balance_after=_WHOLE,
        reserved_after=_WHOLE,
        pending_after=_WHOLE,
        generation=_maybe(_TEXT),
        lot=_maybe(_TEXT),
        reference=_TEXT,
        actor={"type": "string", "description": "Who did it: a member, a key, or we."},
        reason=_TEXT,
    ),
    "Usage": _object(
        "object period group_by data total",
        object={"const": "usage"},
        period={"type": "string", "description": "A month, UTC."},
        group_by={"enum": ["day", "model", "key", "member"]},
        data=_list_of("Used"),
        total={"$ref": "#/components/schemas/Credits"},
    ),
    "Used": _object(
        "name captured reserved films",
        day=_TEXT,
        model=_TEXT,
        key=_maybe(_TEXT),
        member=_maybe(_TEXT),
        name={"type": "string", "description": "The day, model, key or member in words."},
        **_SPENT,
    ),
    "Credits": _object("captured reserved films", **_SPENT),
    "LedgerPage": _page_of("LedgerEntry"),
}
