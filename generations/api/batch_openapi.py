"""The address of many orders at once, as OpenAPI describes it."""

from __future__ import annotations

from django.conf import settings

from generations.api import inputs
from kling_saas.api.openapi import (
    ANY_OBJECT,
    BASE,
    FLAG,
    IDEMPOTENCY,
    WHOLE,
    WORDS,
    Schema,
    answer,
    body_of,
    json_body,
    list_of,
    object_of,
    operation,
    ref,
)

_INDEX: Schema = {**WHOLE, "description": "Its place in `orders`, from 0."}
_REFUSED = object_of(
    "index status problem", index=_INDEX, status={"const": "refused"}, problem=ref("Problem")
)


def _batch(kind: str, item: str, credits_word: str) -> Schema:
    return object_of(
        "object livemode all_or_nothing accepted refused credits data",
        object={"const": kind},
        livemode=FLAG,
        all_or_nothing=FLAG,
        accepted={**WHOLE, "description": "How many."},
        refused={**WHOLE, "description": "How many."},
        credits={**WHOLE, "description": credits_word},
        data=list_of(item),
    )


SCHEMAS: dict[str, Schema] = {
    "NewBatch": body_of(
        "orders",
        orders={
            **list_of("Order"),
            "minItems": 1,
            "maxItems": settings.BATCH_MAX,
            "description": "Each as it would be sent alone, without `dry_run`.",
        },
        max_cost={
            **WHOLE,
            "minimum": 1,
            "maximum": inputs.COST_MAX,
            "description": "Of all that can be accepted together; above it nothing is.",
        },
        all_or_nothing={
            **FLAG,
            "default": False,
            "description": "True: one refusal keeps all from being accepted.",
        },
        dry_run={**FLAG, "description": "Only check and price."},
    ),
    "Batch": _batch("batch", "BatchItem", "Held for all that were accepted."),
    "BatchItem": {
        "oneOf": [
            object_of(
                "index status replayed generation",
                index=_INDEX,
                status={"const": "accepted"},
                replayed={**FLAG, "description": "Accepted before under this Idempotency-Key."},
                generation=ref("Generation"),
            ),
            _REFUSED,
        ]
    },
    "BatchDryRun": _batch("batch_dry_run", "BatchPrice", "What all would hold."),
    "BatchPrice": {
        "oneOf": [
            object_of(
                "index status credits line_items input warnings",
                index=_INDEX,
                status={"const": "priced"},
                credits=WHOLE,
                line_items=list_of("LineItem"),
                input=ANY_OBJECT,
                warnings=WORDS,
            ),
            _REFUSED,
        ]
    },
}
PATHS: Schema = {
    f"{BASE}/generations/batch": {
        "post": operation(
            "Order several films at once",
            {
                "200": answer("What a dry run found", "BatchDryRun"),
                "202": answer("What became of each", "Batch"),
            },
            scope="generate",
            refuses=(402, 404, 409),
            body=json_body("NewBatch"),
            parameters=[IDEMPOTENCY],
            description="Each order has its own outcome: accepted, or refused with its problem. "
            "422 batch_refused when none was accepted; its `data` has each that was refused. An "
            "Idempotency-Key serves for all: sent again after a lost answer, nothing is made "
            "twice, and what was refused is tried again.",
        )
    }
}
