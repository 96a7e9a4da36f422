"""The pieces that the OpenAPI 3.1 description is made of; each app describes its own addresses.

An app's `api.openapi` has PATHS and SCHEMAS; `generations.api.schema` puts them together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kling_saas.api.pagination import LIMIT_DEFAULT, LIMIT_MAX

Schema = dict[str, Any]
BASE = "/api/v1"
JSON = "application/json"
_PROBLEM = "application/problem+json"

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
    429: "Too many requests, unfinished generations, slow addresses at once, or wrong codes",
    503: "Nobody can serve it at the moment; the same request may be sent again",
}
_OF_ALL = (422, 429, 503)  # what any request may meet
_OF_BODIES = (400, 413, 415)


def document(
    title: str,
    description: str,
    *,
    servers: Sequence[str],
    keys: Mapping[str, Schema],
    paths: Schema,
    schemas: Schema,
) -> Schema:
    """A whole description; any one of the `keys` opens what does not say otherwise."""
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "description": description, "version": "1.0.0"},
        "servers": [{"url": server} for server in servers],
        "security": [{name: []} for name in keys],
        "paths": paths,
        "components": {"securitySchemes": dict(keys), "schemas": schemas},
    }


def ref(name: str) -> Schema:
    """A schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def answer(words: str, name: str) -> Schema:
    """An answer whose body is the schema `name`."""
    return {"description": words, "content": {JSON: {"schema": ref(name)}}}


def operation(
    summary: str,
    answers: Schema,
    *,
    scope: str | None = "read",
    refuses: Sequence[int] = (),
    body: Schema | None = None,
    parameters: Sequence[Schema] = (),
    description: str = "",
) -> Schema:
    """One method of an address: what it answers by status, and what else it may refuse with.

    `scope` is what a key must have; None is for everybody, whom a key gives their own prices. What
    any request may meet, and what any body may, is added.
    """
    statuses = {*refuses, 401, *_OF_ALL}
    statuses |= {*(_OF_BODIES if body else ()), *((403,) if scope else ())}
    told: Schema = {"summary": summary}
    if scope:
        told["x-scope"] = scope
        description = f"{description} Needs the scope `{scope}`.".strip()
    else:
        told["security"] = [{}, {"key": []}]
    if description:
        told["description"] = description
    if parameters:
        told["parameters"] = list(parameters)
    if body:
        told["requestBody"] = body
    return {**told, "responses": {**answers, **problems(*sorted(statuses))}}


def problems(*statuses: int) -> Schema:
    """Refusals with these statuses, in the one shape that all have."""
    content = {_PROBLEM: {"schema": ref("Problem")}}
    return {str(s): {"description": REFUSALS[s], "content": content} for s in statuses}


def conditionally(paths: Schema) -> Schema:
    """The paths with what kling_saas.api.conditional adds to each GET that answers JSON."""
    return {
        path: {
            method: _conditional(told) if method == "get" else told for method, told in item.items()
        }
        for path, item in paths.items()
    }


def _conditional(get: Schema) -> Schema:
    if JSON not in get["responses"].get("200", {}).get("content", {}):
        return get
    tagged = {**get["responses"]["200"], "headers": {"ETag": _ETAG}}
    return {
        **get,
        "parameters": [*get.get("parameters", ()), _IF_NONE_MATCH],
        "responses": {**get["responses"], "200": tagged, "304": _UNCHANGED},
    }


def json_body(name: str) -> Schema:
    """A JSON body that the schema `name` describes."""
    return {"required": True, "content": {JSON: {"schema": ref(name)}}}


def header(name: str, words: str) -> Schema:
    """A request header."""
    return {"name": name, "in": "header", "description": words, "schema": {"type": "string"}}


def query(name: str, words: str, schema: Schema | None = None) -> Schema:
    """A parameter of the address's query."""
    return {"name": name, "in": "query", "description": words, "schema": schema or TEXT}


def in_path(name: str, words: str) -> Schema:
    """A parameter of the path."""
    return {"name": name, "in": "path", "required": True, "description": words, "schema": TEXT}


def capitalised(words: Iterable[str]) -> str:
    """Words as one name: `text` and `image` are `TextImage`."""
    return "".join(word[:1].upper() + word[1:] for word in words)


def object_of(required: str, /, **properties: Schema) -> Schema:
    """An object; `required` names members separated by blanks."""
    return {"type": "object", "properties": properties, "required": required.split()}


def body_of(required: str, /, **properties: Schema) -> Schema:
    """An object that takes no other members than these."""
    return {**object_of(required, **properties), "additionalProperties": False}


def maybe(schema: Schema) -> Schema:
    """That, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def list_of(name: str) -> Schema:
    """An array of the schema `name`."""
    return {"type": "array", "items": ref(name)}


def page_of(name: str) -> Schema:
    """A page of a list, as kling_saas.api.pagination makes it."""
    return object_of(
        "object data has_more next",
        object={"const": "list"},
        data=list_of(name),
        has_more=FLAG,
        next=maybe(TEXT),
    )


TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
ADDRESS: Schema = {"type": "string", "format": "uri"}
ANY_OBJECT: Schema = {"type": "object"}
WORDS: Schema = {"type": "array", "items": TEXT}
PAGE = [
    query(
        "limit",
        "How many at most.",
        {**WHOLE, "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT},
    ),
    query("after", "The `next` of the page before."),
]
IDEMPOTENCY = header(
    "Idempotency-Key",
    "1 to 255 printable ASCII characters. The same key and body again give the first answer again.",
)
_ETAG: Schema = {"description": "Names this answer, for `If-None-Match`.", "schema": TEXT}
_IF_NONE_MATCH = header("If-None-Match", "The `ETag` of the answer that you have.")
_UNCHANGED: Schema = {"description": "What you have still holds, its links too: no body"}
PROBLEM: dict[str, Schema] = {
    "Violation": object_of("field code message", field=TEXT, code=TEXT, message=TEXT),
    "Problem": {"additionalProperties": True}
    | object_of(
        "type title status code detail retryable request_id",
        type=ADDRESS,
        title=TEXT,
        status=WHOLE,
        code=TEXT,
        detail=TEXT,
        retryable=FLAG,
        request_id=TEXT,
        violations=list_of("Violation"),
    ),
}
