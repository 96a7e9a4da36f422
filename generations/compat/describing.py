"""How a dialect is described in OpenAPI 3.1: at its own address, with its own errors and keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from accounts.api.authentication import count_stranger
from generations.compat.doors import Answer, door
from generations.compat.ordering import LABEL_MAX, URL_MAX
from kling_saas.api import openapi
from kling_saas.api.openapi import JSON, TEXT, Schema, maybe, object_of, ref

DOCUMENT = "openapi.json"
ERROR = "Error"
_OF_ALL = (401, 403, 429, 500, 503)
BESIDES: Schema = {
    "external_task_id": {
        "type": ["string", "integer"],
        "maxLength": LABEL_MAX,
        "description": "An id of your own, by which the task can be asked for. Again with the same "
        "order it is that task and costs nothing; with another order it is refused.",
    },
    "callback_url": {
        "type": "string",
        "format": "uri",
        "maxLength": URL_MAX,
        "description": "A public address that is told each change of the task.",
    },
}
"""What Kling's clients, and those of gateways to it, send beside the order."""

OPENAI_ERROR: Schema = object_of(
    "error",
    error=object_of(
        "message type param code", message=TEXT, type=TEXT, param=maybe(TEXT), code=maybe(TEXT)
    ),
)
"""What OpenAI's clients, and those of gateways in its manner, read of an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """`prefix` is its place here, `keys` its security schemes, `errors` what each status means.

    `statuses` gives the HTTP status for what the native API would answer with another one.
    """

    prefix: str
    title: str
    description: str
    keys: Mapping[str, Schema]
    errors: Mapping[int, str]
    error: Schema
    statuses: Mapping[int, int] = field(default_factory=dict)

    def operation(
        self,
        name: str,
        summary: str,
        answers: Schema,
        *,
        refuses: Iterable[int] = (),
        body: Schema | None = None,
        parameters: Sequence[Schema] = (),
        description: str = "",
    ) -> Schema:
        """One method of an address; what any request may meet, and any body, is added."""
        often = {*refuses, *_OF_ALL, *((400, 409, 422) if body else ())}
        refused = sorted({self.statuses.get(status, status) for status in often})
        told: Schema = {"operationId": name, "summary": summary}
        if description:
            told["description"] = description
        if parameters:
            told["parameters"] = list(parameters)
        if body:
            told["requestBody"] = body
        errors = {str(status): openapi.answer(self.errors[status], ERROR) for status in refused}
        return {**told, "responses": {**errors, **answers}}

    def document(self, paths: Schema, schemas: Schema, host: str) -> Schema:
        """The whole, as it is for who asks at `host`: a name of its own has no prefix."""
        own = [name for name, d in settings.DIALECT_HOSTS.items() if d == self.prefix]
        name = host.partition(":")[0].lower()
        here = [f"https://{each}" for each in sorted(own, key=lambda each: each != name)]
        usual = f"{settings.SITE_URL}/{self.prefix}"
        servers = [*here, usual] if name in own else [usual, *here]
        return openapi.document(
            self.title,
            self.description,
            servers=servers,
            keys=self.keys,
            paths={**_ITSELF, **paths},
            schemas={**schemas, ERROR: self.error},
        )


_ITSELF: Schema = {
    f"/{DOCUMENT}": {
        "get": {
            "operationId": "describe",
            "summary": "This document",
            "security": [{}],
            "responses": {
                "200": {
                    "description": "OpenAPI 3.1",
                    "content": {JSON: {"schema": openapi.ANY_OBJECT}},
                }
            },
        }
    }
}


def served(
    document: Callable[[str], Schema], refuse: Callable[[Exception], HttpResponse]
) -> Callable[[HttpRequest], Answer]:
    """The view of a document, which is for everybody; `document` is told the host."""

    @door(("GET",), refuse)
    def view(request: HttpRequest) -> Answer:
        count_stranger(request)
        return JsonResponse(document(request.META.get("HTTP_HOST", "")))

    return view


def created(words: str, schema: str, pointer: str, *operations: tuple[str, str]) -> Schema:
    """An answer that names what was made at `pointer`, which `operations` take as a parameter."""
    links = {
        name: {"operationId": name, "parameters": {parameter: f"$response.body#{pointer}"}}
        for name, parameter in operations
    }
    return {**openapi.answer(words, schema), "links": links}


def examples(**bodies: Any) -> Schema:
    """A JSON body's examples by name."""
    return {name: {"value": body} for name, body in bodies.items()}


def body(schema: Schema | str, example: Any) -> Schema:
    """A JSON body with an example that can be sent as it is."""
    told = ref(schema) if isinstance(schema, str) else schema
    return {
        "required": True,
        "content": {JSON: {"schema": told, "examples": examples(usual=example)}},
    }


def in_path(name: str, words: str, example: str) -> Schema:
    """A parameter of the path, with an example."""
    return {**openapi.in_path(name, words), "example": example}


def page_number(name: str, most: int, usual: int, words: str) -> Schema:
    """A whole number of the query, from 1 to `most`."""
    schema: Schema = {"type": "integer", "minimum": 1, "maximum": most, "default": usual}
    return openapi.query(name, words, schema)
