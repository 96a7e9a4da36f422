"""Addresses of the log of API calls, as OpenAPI describes them."""

from __future__ import annotations

from django.conf import settings

from accounts.call_filters import CREDENTIALS, METHODS, STATUSES
from kling_saas.api.openapi import (
    ANY_OBJECT,
    BASE,
    FLAG,
    MOMENT,
    PAGE,
    TEXT,
    WHOLE,
    Schema,
    answer,
    in_path,
    maybe,
    object_of,
    operation,
    page_of,
    query,
)

_ADMIN = "admin"
_SHOWN: dict[str, Schema] = {
    "id": {**TEXT, "format": "uuid", "description": "What the answer's X-Request-Id says."},
    "object": {"const": "api_request"},
    "livemode": FLAG,
    "at": {**MOMENT, "description": "When it came in, UTC."},
    "method": {**TEXT, "description": "`GET`, `POST` and so on."},
    "path": {**TEXT, "description": "The address below the host."},
    "query": {**TEXT, "description": "What followed the question mark; empty where none did."},
    "status": {**maybe(WHOLE), "description": "As answered; null while the call is held."},
    "ms": {**maybe(WHOLE), "description": "Milliseconds until the answer; null as well."},
    "credential": {**maybe(TEXT), "description": "The key's `ledger_name`: `key:5`, `pair:3`."},
    "end_user": {**maybe(TEXT), "description": "Whose token it was; null: a key's own call."},
    "address": {**maybe(TEXT), "description": "The IP address that it came from, if known."},
}
_PART = object_of(
    "headers body",
    headers={**ANY_OBJECT, "description": "By name, secrets masked."},
    body={
        **TEXT,
        "description": f"The first {settings.REQUEST_LOG_BODY:,} characters, secrets masked and "
        "pictures shortened; empty where nothing was kept.",
    },
)
SCHEMAS: dict[str, Schema] = {
    "ApiRequest": object_of(" ".join(_SHOWN), **_SHOWN),
    "ApiRequestPage": page_of("ApiRequest"),
    "ApiRequestWhole": object_of(
        f"{' '.join(_SHOWN)} request response", **_SHOWN, request=_PART, response=_PART
    ),
}
PATHS: Schema = {
    f"{BASE}/requests": {
        "get": operation(
            "API calls, newest first",
            {"200": answer("A page", "ApiRequestPage")},
            scope=_ADMIN,
            refuses=(404,),
            description="Native and every dialect. A call is here a second after its answer.",
            parameters=[
                *PAGE,
                query(
                    "status", "One, or a class: 422, 4xx.", {**TEXT, "pattern": f"^({STATUSES})$"}
                ),
                query("method", "One of these.", {"enum": list(METHODS)}),
                query("path", "What the path begins with."),
                query(
                    "credential",
                    "A key's `ledger_name`: key:5, pair:3.",
                    {**TEXT, "pattern": f"^({CREDENTIALS})$"},
                ),
                query("end_user", "Whose token it was."),
                query("from", "Since this day or moment."),
                query("to", "Before this moment, or until this day's end."),
            ],
        )
    },
    f"{BASE}/requests/{{request_id}}": {
        "parameters": [in_path("request_id", "What the answer's X-Request-Id said.")],
        "get": operation(
            "An API call with its headers and bodies",
            {"200": answer("The call", "ApiRequestWhole")},
            scope=_ADMIN,
            refuses=(404,),
            description="Secrets are masked, pictures sent as text are shortened, bodies are cut.",
        ),
    },
}
