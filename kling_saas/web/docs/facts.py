"""What the pages are filled with: settings, prices, the catalogue, the tables of codes."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from typing import Any

from django.conf import settings

from accounts.event_types import EVENTS
from accounts.scopes import Scope
from billing import prices
from generations import presets, products, uploads
from generations.catalogue.newcomers import FIRST_MODEL, FIRST_PROMPT
from generations.catalogue.products import documentation
from generations.catalogue.products.checking import TASK
from generations.catalogue.products.facts import Fact, places
from generations.catalogue.products.product import Product
from generations.deliveries import GIVEN_UP_AFTER, RETRY_SECONDS
from generations.errors import FAILURES
from generations.posting import POST_SECONDS
from generations.sandbox.faults import WORDS
from generations.wire.openai import models
from kling_saas.api import headers
from kling_saas.lib.refusals import Refusal
from kling_saas.web import packages
from kling_saas.web.docs import types


def facts(key: str) -> dict[str, Any]:
    """Derived from the catalogue, the settings and the price book in force; `key` is shown."""
    sold = prices.active_book().by_sku()
    cheapest = {sku: min(row.credits for row in rows) for sku, rows in sold.items()}
    return {
        "key": key,
        "site": settings.SITE_URL,
        "settings": settings,
        "python_client": settings.SITE_URL + packages.PYTHON.path,
        "javascript_client": settings.SITE_URL + packages.JAVASCRIPT.path,
        "first_model": FIRST_MODEL,
        "first_prompt": FIRST_PROMPT,
        "openai_models": models.read(settings.OPENAI_MODELS).items(),
        "callbacks": {
            "seconds": round(POST_SECONDS),
            "tries": 1 + len(RETRY_SECONDS),
            "hours": round(sum(RETRY_SECONDS) / 3600),
            "days": GIVEN_UP_AFTER.days,
            "log_days": settings.WEBHOOK_LOG_DAYS,
            "event_days": settings.EVENTS_DAYS,
        },
        "events": EVENTS.items(),
        "test_credits": f"{settings.TEST_WALLET_GRANT:,}",
        "invitation_days": settings.INVITATION_DAYS,
        "batch_most": settings.BATCH_MAX,
        "wait_most": headers.WAIT_MAX,
        "key_most": headers.KEY_MAX,
        "image": {
            "mb": uploads.MAX_BYTES // 2**20,
            "least": uploads.LEAST_SIDE,
            "widest": uploads.WIDEST,
        },
        "deprecations": settings.API_DEPRECATIONS,
        "public_seconds": settings.API_PUBLIC_SECONDS,
        "upload_mb": settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 2**20,
        "voices": presets.current("voice"),
        "elements": presets.current("element"),
        "products": [
            {
                "product": product,
                "credits": cheapest.get(product.name),
                "fields": _fields(product),
            }
            for product in products.current().values()
        ],
        "results": _results(),
        "refusals": _refusals(),
        "failures": [{"code": code, "how": how} for code, how in FAILURES.items()],
        "scopes": Scope.choices,
        "magic": WORDS.items(),
        "link_minutes": settings.LINK_SECONDS // 60,
    }


def _fields(product: Product) -> str:
    """What an order of it may carry, as a table."""
    rows = types.deep(types.members(documentation.json_schema(product), {}))
    return types.table("Field", (row for row in rows if row.name != TASK))


def _results() -> list[dict[str, Any]]:
    """What `result` holds: each kind of it once, with the products that tell it."""
    found: dict[tuple[Fact, ...], list[str]] = {}
    for product in products.current().values():
        if product.result:
            found.setdefault(product.result, []).append(product.name)
    return [
        {
            "products": names,
            "rows": [
                {
                    "place": place,
                    "fact": fact,
                    "example": json.dumps(fact.sample, ensure_ascii=False),
                }
                for place, fact in places(result)
            ],
        }
        for result, names in found.items()
    ]


def _refusals() -> list[dict[str, Any]]:
    """Every code of the API, from the refusals themselves, so that none can be missing."""
    found = {kind.code: kind for kind in _kinds(Refusal)}
    return [
        {
            "code": code,
            "status": kind.status,
            "retryable": kind.retryable,
            "meaning": " ".join((inspect.getdoc(kind) or "").split()),
        }
        for code, kind in sorted(found.items())
    ]


def _kinds(base: type[Refusal]) -> Iterator[type[Refusal]]:
    for kind in base.__subclasses__():
        yield from _kinds(kind)
        if "code" in vars(kind):
            yield kind
