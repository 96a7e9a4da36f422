"""Addresses of keys and end users' tokens, as OpenAPI describes them."""

from __future__ import annotations

from accounts.api.overlaps import OVERLAP_MOST, OVERLAP_SECONDS
from accounts.end_users import LIFETIME_MAX
from accounts.scopes import USUAL, Scope
from billing.api.tokens import LIFETIME, LIFETIME_LEAST, MAY
from billing.caps import END_USER_MAX
from billing.key_terms import NAME_MAX, NETWORKS_MOST, RATE_MOST
from billing.models import CapPeriod
from billing.models.wallet import MOST_CREDITS
from kling_saas.api.openapi import (
    BASE,
    FLAG,
    IDEMPOTENCY,
    MOMENT,
    PAGE,
    TEXT,
    WHOLE,
    WORDS,
    Schema,
    answer,
    body_of,
    in_path,
    json_body,
    list_of,
    maybe,
    object_of,
    operation,
    page_of,
)

_ADMIN = "admin"


def _keys(base: str, what: str, name: str) -> Schema:
    one = f"{'an' if what.startswith('a') else 'a'} {what}"
    its_id = in_path("id", f"The `id` of {one}.")
    made = {"201": answer("With its secret", f"New{name}")}
    rotated = {"200": answer("With its new secret", f"New{name}")}
    found = {"200": answer("As it stands", name)}
    return {
        base: {
            "get": operation(
                f"Every {what} of this mode, newest first",
                {"200": answer("A page", f"{name}Page")},
                scope=_ADMIN, refuses=(404,), parameters=PAGE,
            ),
            "post": operation(
                f"Make {one}", made, scope=_ADMIN, refuses=(409,),
                body=json_body(f"{name}Terms"), parameters=[IDEMPOTENCY],
                description="Its secret is shown here, and after a rotation, and nowhere else: "
                f"repeated with its Idempotency-Key, the same {what} is told with a new one. A "
                "key gives no scope, model or network that it has not itself.",
            ),
        },
        f"{base}/{{id}}": {
            "parameters": [its_id],
            "get": operation(one.capitalize(), found, scope=_ADMIN, refuses=(404,)),
            "patch": operation(
                f"Change {one}", found, scope=_ADMIN, refuses=(404,),
                body=json_body(f"{name}Change"),
            ),
            "delete": operation(
                f"Revoke {one}", found, scope=_ADMIN, refuses=(404,),
                description="Accepted work goes on. Repeatable.",
            ),
        },
        f"{base}/{{id}}/rotate": {
            "parameters": [its_id],
            "post": operation(
                "Replace its secret", rotated, scope=_ADMIN, refuses=(404,),
                body={**json_body("KeyRotation"), "required": False},
                parameters=[IDEMPOTENCY],
                description="The one before works for `overlap` seconds longer; caps and usage "
                "go on. Repeated with its Idempotency-Key, the one before still works, and a new "
                "secret takes the place of the one whose answer was lost.",
            ),
        },
    }  # fmt: skip


def _tokens(base: str) -> Schema:
    minted, ended = (
        {"201": answer("With the token", "Token")},
        {"200": answer("Ended", "TokenOver")},
    )
    return {
        base: {
            "post": operation(
                "Mint a token for one end user's browser", minted, scope="generate",
                body=json_body("TokenTerms"),
                description="It opens what that end user orders, and nothing else. `caps` replace "
                "the end user's, whichever token they come with.",
            )
        },
        f"{base}/{{id}}": {
            "parameters": [in_path("id", "The token's `id`, not the token itself.")],
            "delete": operation("End a token", ended, scope="generate", refuses=(404,)),
        },
    }  # fmt: skip


PATHS: Schema = {
    **_keys(f"{BASE}/keys", "key", "Key"),
    **_keys(f"{BASE}/access-keys", "access-key pair", "AccessKey"),
    **_tokens(f"{BASE}/tokens"),
}

_CREDITS: Schema = maybe({**WHOLE, "minimum": 0, "maximum": MOST_CREDITS})
_CAPS: Schema = {
    **body_of("", **dict.fromkeys(CapPeriod.values, _CREDITS)),
    "description": "At most so many credits per order, day, month (UTC), or in all from the day "
    "(UTC) it was set on; null ends a cap.",
}
_ALLOWED: Schema = {**WORDS, "description": "Only these models and tasks; empty: all."}
_MODELS: Schema = {**_ALLOWED, "maxItems": 100}
_ENDS: Schema = {**maybe(MOMENT), "description": "From then on it opens nothing, UTC; null: never."}
_RATE = "How many requests it may send in a minute; null: as many as any key."
_TERMS: dict[str, Schema] = {
    "name": {**TEXT, "minLength": 1, "maxLength": NAME_MAX},
    "scopes": {
        "type": "array",
        "items": {"enum": Scope.values},
        "minItems": 1,
        "maxItems": 4,
        "description": "What it may do, as the key tells it afterwards. A new one has "
        f"{', '.join(USUAL)} unless it is said.",
    },
    "models": _MODELS,
    "networks": {
        **WORDS,
        "maxItems": NETWORKS_MOST,
        "description": "Only from these addresses and networks (192.0.2.0/24); empty: anywhere.",
    },
    "requests_per_minute": {
        **maybe({**WHOLE, "minimum": 1, "maximum": RATE_MOST}),
        "description": _RATE,
    },
    "caps": _CAPS,
    "expires_at": _ENDS,
}
_RAW: dict[str, Schema] = {
    "raw_video": {**FLAG, "description": "Segmind v1 calls are answered with the MP4 itself."}
}
_SHOWN: dict[str, Schema] = {
    "livemode": FLAG,
    "name": TEXT,
    "hint": {**TEXT, "description": "By which one knows it again."},
    "ledger_name": {
        **TEXT,
        "description": "As the ledger, usage and the requests log name it: `key:5`, `pair:3`.",
    },
    "scopes": {"type": "array", "items": {"enum": Scope.values}},
    "models": _ALLOWED,
    "networks": WORDS,
    "requests_per_minute": {**maybe(WHOLE), "description": _RATE},
    "created_at": MOMENT,
    "expires_at": _ENDS,
    "last_used_at": maybe(MOMENT),
    "revoked_at": maybe(MOMENT),
    "previous_works_until": maybe(MOMENT),
}
_OFTEN = (
    "id object livemode name hint ledger_name scopes models networks requests_per_minute created_at"
)


def _of(kind: str, name: str, its_id: str, extra: dict[str, Schema]) -> dict[str, Schema]:
    told = {"id": {**TEXT, "description": its_id}, "object": {"const": kind}}
    alone = {**told, **_SHOWN, **extra}
    whole = {**alone, "caps": list_of("KeyCap")}
    return {
        name: object_of(f"{_OFTEN} caps", **whole),
        f"New{name}": object_of(f"{_OFTEN} caps secret", **whole, secret=TEXT),
        f"{name}InList": object_of(_OFTEN, **alone),
        f"{name}Page": page_of(f"{name}InList"),
        f"{name}Terms": body_of("name", **_TERMS, **extra),
        f"{name}Change": body_of("", **_TERMS, **extra),
    }


_TOKEN: Schema = {**TEXT, "description": "Eight characters that stand in the token itself."}
_GIVEN: Schema = {"type": "array", "items": {"enum": list(MAY)}}
SCHEMAS: dict[str, Schema] = {
    **_of("key", "Key", "Eight characters that stand in the key itself.", _RAW),
    **_of("access_key", "AccessKey", "The access key, `ak_…`.", {}),
    "KeyCap": object_of(
        "period credits spent left resets_on",
        period={"enum": CapPeriod.values},
        credits=WHOLE,
        spent={
            **WHOLE,
            "description": "Held or charged in the day or month, or since the day it was set on.",
        },
        left=WHOLE,
        resets_on=maybe({**TEXT, "format": "date"}),
    ),
    "KeyRotation": body_of(
        "",
        overlap={**WHOLE, "minimum": 0, "maximum": OVERLAP_MOST, "default": OVERLAP_SECONDS},
    ),
    "TokenTerms": body_of(
        "end_user",
        end_user={**TEXT, "minLength": 1, "maxLength": END_USER_MAX},
        expires_in={
            **WHOLE,
            "minimum": LIFETIME_LEAST,
            "maximum": LIFETIME_MAX,
            "default": LIFETIME,
        },
        scopes={**_GIVEN, "minItems": 1, "maxItems": len(MAY)},
        models=_MODELS,
        caps=_CAPS,
    ),
    "Token": object_of(
        "object id livemode token end_user scopes models caps expires_at",
        object={"const": "token"},
        id=_TOKEN,
        livemode=FLAG,
        token=TEXT,
        end_user=TEXT,
        scopes=_GIVEN,
        models=_ALLOWED,
        caps=list_of("KeyCap"),
        expires_at=MOMENT,
    ),
    "TokenOver": object_of(
        "object id deleted", object={"const": "token"}, id=_TOKEN, deleted={"const": True}
    ),
}
