"""The OpenAPI description, built from the catalogue: a new model is in it by being a spec."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from rest_framework.request import Request

from accounts.api import calls_openapi as calls
from accounts.api import openapi as webhooks
from accounts.api import organisation_openapi as organisation
from accounts.api import vocabulary as words_of_accounts
from accounts.api.authentication import count_stranger
from accounts.api.endpoint import Endpoint
from billing.api import keys_openapi as keys
from billing.api import openapi as money
from billing.api import vocabulary as words_of_money
from billing.caps import END_USER_MAX
from generations.api import (
    answers_schema,
    batch_openapi,
    examples,
    gallery_openapi,
    inputs,
    openapi,
    vocabulary,
)
from generations.catalogue import documentation, registry
from generations.catalogue.products import documentation as product_documentation
from generations.catalogue.products.registry import PRODUCTS
from kling_saas.api import conditional
from kling_saas.api import vocabulary as common_words
from kling_saas.api.openapi import (
    ANY_OBJECT,
    BASE,
    JSON,
    PROBLEM,
    Schema,
    body_of,
    conditionally,
    operation,
    ref,
)
from kling_saas.api.openapi import document as openapi_document
from kling_saas.api.vocabulary import described


class SchemaView(Endpoint):
    """/api/v1/openapi.json and /api/v1/schema"""

    authentication_classes = ()
    permission_classes = ()

    def check_throttles(self, request: Request) -> None:
        """Everybody is a stranger here, and counted as one. Raises RateLimited."""
        count_stranger(request._request)  # noqa: SLF001 - DRF has no public name for it

    def get(self, request: HttpRequest) -> JsonResponse:
        """OpenAPI 3.1."""
        return JsonResponse(document())

    def kept(self) -> str:
        """The same for everybody, whatever is sent."""
        return conditional.public()


def document() -> Schema:
    """The whole description."""
    whole = (
        openapi.PATHS,
        batch_openapi.PATHS,
        gallery_openapi.PATHS,
        money.PATHS,
        keys.PATHS,
        webhooks.PATHS,
        calls.PATHS,
        organisation.PATHS,
        _ITSELF,
    )
    paths = {path: item for some in whole for path, item in some.items()}
    return openapi_document(
        "Kling SaaS API",
        _DESCRIPTION,
        servers=[settings.SITE_URL],
        keys={"key": _KEY},
        paths=conditionally(examples.completed(paths)),
        schemas=described(_schemas(), WORDS),
    )


_DESCRIPTION = (
    "Films by Kling's models, priced before, paid once, kept. Errors are problem documents (RFC "
    "9457) with stable codes. What an example names by an id has to be made before."
)
_KEY: Schema = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key (`ksk_…`), an end user's token (`kut_…`), or a JWT that is signed "
    "with an access-key pair as Kling's clients do.",
}
WORDS = {
    **common_words.WORDS,
    **words_of_accounts.WORDS,
    **words_of_money.WORDS,
    **vocabulary.WORDS,
}
"""What members mean whose schemas do not say it."""
_ITSELF: Schema = {
    f"{BASE}/{name}": {
        "get": operation(
            "This document",
            {"200": {"description": "OpenAPI 3.1", "content": {JSON: {"schema": ANY_OBJECT}}}},
            scope=None,
        )
    }
    for name in ("openapi.json", "schema")
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
        "Film": {"oneOf": [ref(name) for name in films]},
        "Order": {"oneOf": [ref(name) for name in orders]},
        **films,
        **orders,
        **results,
        **answers_schema.SCHEMAS,
        **batch_openapi.SCHEMAS,
        **gallery_openapi.SCHEMAS,
        **money.SCHEMAS,
        **keys.SCHEMAS,
        **webhooks.SCHEMAS,
        **calls.SCHEMAS,
        **organisation.SCHEMAS,
        **PROBLEM,
    }


def _members() -> Schema:
    """What an order may carry beside the film."""
    return {
        "quote_id": {
            "type": "string",
            "maxLength": inputs.QUOTE_ID_MAX,
            "description": "A quote for this very order, `quo_…`: it costs what that says. Used "
            "once, while it holds.",
        },
        "max_cost": {
            "type": "integer",
            "minimum": 1,
            "maximum": inputs.COST_MAX,
            "description": "Refused with 403 cap_exceeded when it costs more credits.",
        },
        "reference": {
            "type": "string",
            "maxLength": inputs.REFERENCE_MAX,
            "description": "A word of your own, by which you find it again.",
        },
        "end_user": {
            "type": "string",
            "maxLength": END_USER_MAX,
            "description": "For whom of yours it is: filters, usage, caps and tokens go by it.",
        },
        "retention": {
            **body_of(
                "days", days={"type": "integer", "minimum": 1, "maximum": inputs.RETENTION_MAX}
            ),
            "description": "What it makes is deleted so many days after it was stored, what it "
            "began with so many days after its end; never kept longer than without it.",
        },
        "metadata": {
            "type": "object",
            "maxProperties": inputs.METADATA_KEYS,
            "additionalProperties": {"type": "string", "maxLength": inputs.METADATA_VALUE_MAX},
            "description": "Keys and values of your own, told with it again; keys of at most "
            f"{inputs.METADATA_KEY_MAX} characters.",
        },
        "deadline": {
            "type": "integer",
            "minimum": 1,
            "maximum": settings.DEADLINE_SECONDS,
            "description": "Seconds until it is given up and refunded.",
        },
        "webhook_url": {
            "type": "string",
            "format": "uri",
            "maxLength": inputs.URL_MAX,
            "description": "A public https:// address to which its end is posted, beside your "
            "webhook endpoints.",
        },
        "dry_run": {"type": "boolean", "description": "Only check and price."},
    }
