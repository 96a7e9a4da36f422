"""Segmind's dialect as OpenAPI describes it: each page on v1 and v2, by its parameters."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings

from generations import products
from generations.catalogue import samples
from generations.compat import describing
from generations.compat.describing import Dialect, body, created
from generations.compat.segmind.errors import refuse
from generations.wire.segmind import documentation, voices
from generations.wire.segmind.slugs import SLUGS
from kling_saas.api.openapi import IDEMPOTENCY, TEXT, Schema, answer, capitalised, header, object_of

PREFIX = "segmind"
_KEYS: dict[str, Schema] = {
    "key": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "`ksk_…`"}
}
_DESCRIPTION = (
    "Segmind's pages of Kling. v1 holds the call until the film is there; v2 says where to ask. "
    "What a model lacks is dropped, and told in `warnings`, where a film can be made without it; "
    "so are members that nobody knows."
)
_ERRORS = {
    400: "A parameter that is refused, or content",
    401: "No key, or one that opens nothing",
    403: "The key may not do this",
    404: "No such page or request",
    406: "Not enough credits, or a cap",
    429: "Too many requests, or unfinished ones",
    500: "A fault of ours",
    502: "Every upstream failed; nothing was charged",
    504: "Longer than a call is held; it goes on, and `request_id` says where to ask",
}
_DIALECT = Dialect(
    prefix=PREFIX,
    title="Segmind's dialect of Kling SaaS",
    description=_DESCRIPTION,
    keys=_KEYS,
    errors=_ERRORS,
    error=object_of("error", error=TEXT, request_id=TEXT),
    statuses={402: 406, 409: 400, 422: 400, 503: 500},
)
_FILM: Schema = {"video/mp4": {"schema": {"type": "string", "format": "binary"}}}
_ACCOUNTING = {
    "x-request-id": "The id of the request.",
    "x-remaining-credits": "Dollars that are left, at list price.",
    "x-cost": "Dollars, of a success.",
    "x-generation-time": "Seconds, of what has ended.",
}
_SCHEMAS: Schema = {
    "Queued": documentation.QUEUED,
    "State": documentation.STATE,
    "Result": documentation.RESULT,
    "Credits": {
        **object_of("credits"),
        "properties": {"credits": {"type": "number"}, "free-credits": {"type": "number"}},
    },
}
_FAILED = {"422": answer("It failed; nothing was charged", "Result")}


def document(host: str) -> Schema:
    """The whole; the page that makes voices by the words that it has now."""
    paths: Schema = {}
    schemas = dict(_SCHEMAS)
    for slug, schema, example in _pages():
        name = capitalised(slug.replace(".", "-").split("-"))
        schemas[name] = schema
        sent = body(name, example)
        paths[f"/v1/{slug}"] = {"post": _held(f"run{name}", f"{schema['title']}, v1", sent)}
        paths[f"/v2/{slug}"] = {"post": _queued(f"queue{name}", f"{schema['title']}, v2", sent)}
    return _DIALECT.document(paths | _REQUESTS, schemas, host)


def _pages() -> Iterator[tuple[str, Schema, Schema]]:
    for slug in SLUGS:
        yield slug.name, documentation.order_schema(slug), documentation.example(slug)
    words = products.words()
    yield voices.SLUG, documentation.voice_schema(words), documentation.voice_example(words)


def _held(name: str, title: str, sent: Schema) -> Schema:
    return _DIALECT.operation(
        name,
        title,
        {"200": _film("/request_id"), **_FAILED},
        refuses=(402, 404, 502, 504),
        body=sent,
        parameters=[IDEMPOTENCY, _ACCEPT],
        description=f"Held for up to {settings.SEGMIND_WAIT_MAX} s.",
    )


def _queued(name: str, title: str, sent: Schema) -> Schema:
    links = ((each, "request_id") for each in ("getStatus", "getResult", "getFilm"))
    return _DIALECT.operation(
        name,
        title,
        {"200": _with_headers(created("Where to ask", "Queued", "/request_id", *links))},
        refuses=(402, 404, 502),
        body=sent,
        parameters=[IDEMPOTENCY],
    )


def _film(pointer: str) -> Schema:
    told = created("The film", "Result", pointer, ("getResult", "request_id"))
    return _with_headers({**told, "content": told["content"] | _FILM})


def _with_headers(told: Schema) -> Schema:
    headers = {name: {"description": words, "schema": TEXT} for name, words in _ACCOUNTING.items()}
    return {**told, "headers": headers}


_ACCEPT = header("Accept", "A `video/…` type for the MP4 itself; otherwise the answer is JSON.")
_ONE = [describing.in_path("request_id", "As a create told it.", samples.FILM)]
_REQUESTS: Schema = {
    "/v1/requests/{request_id}": {
        "parameters": _ONE,
        "get": _DIALECT.operation(
            "getFilm",
            "The answer to a v1 call",
            {
                "200": _film("/request_id"),
                "202": _with_headers(answer("It is not there yet", "Result")),
                **_FAILED,
            },
            refuses=(400, 404, 502),
            parameters=[_ACCEPT],
        ),
    },
    "/v2/requests/{request_id}": {
        "parameters": _ONE,
        "get": _DIALECT.operation(
            "getResult",
            "The state and the film",
            {"200": _with_headers(answer("As it stands", "Result")), **_FAILED},
            refuses=(404,),
        ),
    },
    "/v2/requests/{request_id}/status": {
        "parameters": _ONE,
        "get": _DIALECT.operation(
            "getStatus",
            "The state without the film",
            {
                "200": _with_headers(answer("As it stands", "State")),
                "422": answer("It failed; nothing was charged", "State"),
            },
            refuses=(404,),
        ),
    },
    "/v1/get-user-credits": {
        "get": _DIALECT.operation(
            "getUserCredits",
            "What is left, in dollars at list price",
            {"200": answer("Dollars", "Credits")},
        )
    },
}
view = describing.served(document, refuse)
