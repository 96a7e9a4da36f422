"""The OpenAPI description, built from the catalogue: a new model is in it by being a spec."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, JsonResponse

from accounts.api.endpoint import Endpoint
from billing.filters import TYPES
from generations.api import answers_schema as answers
from generations.api import inputs
from generations.catalogue import documentation, registry
from generations.catalogue.products import documentation as product_documentation
from generations.catalogue.products.registry import PRODUCTS
from generations.sounds import AUDIO_TYPES
from kling_saas.api.headers import WAIT_MAX
from kling_saas.api.pagination import LIMIT_DEFAULT, LIMIT_MAX

JSON = "application/json"
Schema = dict[str, Any]


class SchemaView(Endpoint):
    """/api/v1/schema"""

    authentication_classes = ()
    permission_classes = ()

    def get(self, request: HttpRequest) -> JsonResponse:
        """OpenAPI 3.1."""
        return JsonResponse(document())


def document() -> Schema:
    """The whole description."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Kling SaaS API", "version": "1.0.0"},
        "servers": [{"url": settings.SITE_URL}],
        "security": [{"key": []}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas(),
        },
    }


def _schemas() -> Schema:
    films = {f"Film-{spec.name}": documentation.json_schema(spec) for spec in registry.SPECS}
    orders = {
        f"Order-{spec.name}": {
            **documentation.json_schema(spec),
            "properties": documentation.json_schema(spec)["properties"] | _members(),
        }
        for spec in registry.SPECS
    }
    results = {}
    for product in PRODUCTS.values():
        if told := product_documentation.result_schema(product):
            results[f"Result-{product.name}"] = told
        schema = product_documentation.json_schema(product)
        films[f"Film-{product.name}"] = schema
        both = {**schema, "properties": schema["properties"] | _members()}
        orders[f"Order-{product.name}"] = both
    return {
        "Film": {"oneOf": [_ref(name) for name in films]},
        "Order": {"oneOf": [_ref(name) for name in orders]},
        **films,
        **orders,
        **results,
        **answers.SCHEMAS,
    }


def _members() -> Schema:
    """What an order may carry beside the film."""
    return {
        "quote_id": {"type": "string", "maxLength": inputs.QUOTE_ID_MAX},
        "max_cost": {
            "type": "integer",
            "minimum": 1,
            "maximum": inputs.COST_MAX,
            "description": "Refused with 403 cap_exceeded when it costs more credits.",
        },
        "reference": {"type": "string", "maxLength": inputs.REFERENCE_MAX},
        "metadata": {
            "type": "object",
            "maxProperties": inputs.METADATA_KEYS,
            "additionalProperties": {"type": "string", "maxLength": inputs.METADATA_VALUE_MAX},
        },
        "deadline": {
            "type": "integer",
            "minimum": 1,
            "maximum": settings.DEADLINE_SECONDS,
            "description": "Seconds until it is given up and refunded.",
        },
        "webhook_url": {"type": "string", "format": "uri", "maxLength": inputs.URL_MAX},
        "dry_run": {"type": "boolean", "description": "Only check and price."},
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _answer(words: str, name: str) -> Schema:
    return {"description": words, "content": {JSON: {"schema": _ref(name)}}}


def _problems(*statuses: int) -> Schema:
    content = {"application/problem+json": {"schema": _ref("Problem")}}
    return {str(s): {"description": answers.REFUSALS[s], "content": content} for s in statuses}


def _operation(summary: str, responses: Schema, **more: Any) -> Schema:
    return {"summary": summary, "responses": responses, **more}


def _body(name: str) -> Schema:
    return {"required": True, "content": {JSON: {"schema": _ref(name)}}}


def _header(name: str, words: str) -> Schema:
    return {"name": name, "in": "header", "description": words, "schema": {"type": "string"}}


def _query(name: str, words: str) -> Schema:
    return {"name": name, "in": "query", "description": words, "schema": {"type": "string"}}


_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
_WITH_OR_WITHOUT: list[Schema] = [{}, {"key": []}]  # a key's answer has its organisation's prices
_NAME = {**_ID, "name": "name"}
_PAGE = [
    {
        "name": "limit",
        "in": "query",
        "schema": {
            "type": "integer",
            "minimum": 1,
            "maximum": LIMIT_MAX,
            "default": LIMIT_DEFAULT,
        },
    },
    {"name": "after", "in": "query", "schema": {"type": "string"}},
]
_ENTRY_FILTERS = [
    _query("from", "A day (2026-11-01) or a moment (2026-11-01T12:00:00Z), UTC: entries from it."),
    _query("to", "Entries up to that day with it, or up to that moment without it."),
    _query("type", f"One of {', '.join(TYPES)}; `film` is what is posted for films."),
    _query("generation", "What was posted for this generation."),
    _query("lot", "What was posted for this lot, and for films that it paid for."),
    _query("reference", "Entries whose reference has this in it."),
]


def _paths() -> Schema:
    base = "/api/v1"
    return {
        **_quotes(f"{base}/quotes"),
        f"{base}/generations": {"post": _create(), "get": _list()},
        **_about_one(f"{base}/generations/{{id}}"),
        f"{base}/models": {"get": _public("Every model", "ModelList")},
        f"{base}/models/{{name}}": {"parameters": [_NAME], "get": _model()},
        f"{base}/tasks": {"get": _public("Everything beside films", "TaskList")},
        f"{base}/tasks/{{name}}": {"parameters": [_NAME], "get": _task()},
        f"{base}/prices": {"get": _public("The price list", "PriceBook")},
        **_things(f"{base}/voices", "voice"),
        **_things(f"{base}/elements", "element"),
        f"{base}/uploads": {"post": _upload()},
        **_money(base),
    }


def _quotes(base: str) -> Schema:
    made = {"201": _answer("The quote", "Quote"), **_problems(400, 401, 403, 415, 422, 429, 503)}
    found = {"200": _answer("The quote", "Quote"), **_problems(401, 404)}
    return {
        base: {"post": _operation("Price a film bindingly", made, requestBody=_body("Film"))},
        f"{base}/{{id}}": {"parameters": [_ID], "get": _operation("A quote", found)},
    }


def _money(base: str) -> Schema:
    wallet = {"200": _answer("Whole credits", "Wallet"), **_problems(401)}
    entries = {"200": _answer("A page", "LedgerPage"), **_problems(401, 422)}
    used = {
        "201": _answer("What it gave", "Voucher"),
        **_problems(400, 401, 403, 404, 409, 415, 422, 429),
    }
    return {
        f"{base}/wallet": {"get": _operation("The wallet", wallet)},
        f"{base}/vouchers": {
            "post": _operation(
                "Use a voucher, or redeem a gift",
                used,
                requestBody=_body("VoucherCode"),
                description="Its credits are added to the live wallet: a voucher's once to an "
                "organisation, a gift's once to whoever redeems it.",
            )
        },
        f"{base}/ledger": {
            "get": _operation(
                "Every entry, newest first", entries, parameters=[*_PAGE, *_ENTRY_FILTERS]
            )
        },
        f"{base}/ledger.csv": {
            "get": _operation(
                "Every entry as a file, oldest first",
                {"200": {"description": "CSV", "content": {"text/csv": {}}}, **_problems(401, 422)},
                parameters=_ENTRY_FILTERS,
            )
        },
        f"{base}/usage": {
            "get": _operation(
                "A month's credits",
                {"200": _answer("Grouped and in all", "Usage"), **_problems(401, 422)},
                description="A film counts on the day it was ordered: `captured` is spent, "
                "`reserved` is under way.",
                parameters=[
                    _query("period", "A month, UTC, such as 2026-11; without it, this month."),
                    _query("group_by", "day, model, key or member; without it, day."),
                ],
            )
        },
    }


def _create() -> Schema:
    return _operation(
        "Order a film",
        {
            "200": _answer("What a dry run found, or the film that was waited for", "Priced"),
            "202": _answer("Accepted and held", "Generation"),
            **_problems(400, 401, 402, 403, 404, 409, 413, 415, 422, 429, 503),
        },
        requestBody=_body("Order"),
        parameters=[
            _header("Idempotency-Key", "1 to 255 printable ASCII characters."),
            _header("Prefer", f"wait=N holds the answer for up to N seconds, at most {WAIT_MAX}."),
        ],
    )


def _list() -> Schema:
    word = {"name": "status", "in": "query", "schema": _ref("Status")}
    return _operation(
        "Generations, newest first",
        {"200": _answer("A page", "GenerationPage"), **_problems(401, 404, 422)},
        parameters=[*_PAGE, word],
    )


def _about_one(base: str) -> Schema:
    one = {"parameters": [_ID]}
    stream = {"text/event-stream": {"schema": {"type": "string"}}}
    found = {"200": _answer("As it stands", "Generation"), **_problems(401, 404)}
    return {
        base: {**one, "get": _operation("A generation", found)},
        f"{base}/cancel": {
            **one,
            "post": _operation(
                "Cancel while queued",
                {
                    "200": _answer("Cancelled, every credit back", "Generation"),
                    **_problems(401, 404, 409),
                },
                description="Once it is handed over, the upstream makes it and nobody can stop "
                "it: 409 not_cancellable says so. It costs its credits if it succeeds, and "
                "nothing if it fails.",
            ),
        },
        f"{base}/content": {
            **one,
            "get": _operation(
                "The film",
                {"302": {"description": "To the file"}, **_problems(401, 404, 409, 410)},
            ),
        },
        f"{base}/events": {
            **one,
            "get": _operation(
                "Every change as it happens",
                {
                    "200": {"description": "Server-sent events", "content": stream},
                    "204": {"description": "All was told"},
                    **_problems(401, 404),
                },
                description="`generation.queued`, `generation.processing` and its end, each once "
                "with an id. While it waits, `generation.waiting` without one tells `position` "
                "and `eta` anew, every 2 to 15 seconds.",
                parameters=[_header("Last-Event-ID", "The id of the last event seen.")],
            ),
        },
    }


def _public(summary: str, name: str) -> Schema:
    found = {"200": _answer(summary, name), **_problems(401)}
    return _operation(summary, found, security=_WITH_OR_WITHOUT)


def _model() -> Schema:
    found = {"200": _answer("The model", "Model"), **_problems(401, 404)}
    return _operation("A model, by its name or an alias of it", found, security=_WITH_OR_WITHOUT)


def _task() -> Schema:
    found = {"200": _answer("The product", "Task"), **_problems(401, 404)}
    return _operation("One product beside films, by its name", found, security=_WITH_OR_WITHOUT)


def _things(base: str, sort: str) -> Schema:
    page = {"200": _answer("A page", "ThingPage"), **_problems(401, 404, 422)}
    one = {"200": _answer("As it stands", "Thing"), **_problems(401, 404)}
    gone = {"200": _answer("Deleted", "Thing"), **_problems(401, 403, 404, 409, 422, 503)}
    return {
        base: {
            "get": _operation(
                f"Every {sort} that orders can name",
                page,
                description="Kling's own ones stand before the first page of those you made.",
                parameters=_PAGE,
            )
        },
        f"{base}/{{id}}": {
            "parameters": [_ID],
            "get": _operation(f"One {sort}", one),
            "delete": _operation(
                f"Delete one {sort} of yours, at the service that keeps it and here",
                gone,
                description="Repeatable. No order takes it from then on. If the service refuses "
                "(409 not_deletable) or gives no answer (503), it is as it was.",
            ),
        },
    }


def _upload() -> Schema:
    file = {"schema": {"type": "string", "format": "binary"}}
    kinds = ("image/jpeg", "image/png", "image/webp", "video/mp4", *sorted(AUDIO_TYPES))
    form = {"type": "object", "properties": {"file": file["schema"]}, "required": ["file"]}
    content = {**dict.fromkeys(kinds, file), "multipart/form-data": {"schema": form}}
    return _operation(
        "Keep an image, a film or a sound",
        {"201": _answer("The upload", "Upload"), **_problems(401, 413, 422)},
        description="The file as the body, or as `file` of a form. Images are kept as JPEG, or as "
        "PNG where one can see through them; films and sounds as they come.",
        requestBody={"required": True, "content": content},
    )
