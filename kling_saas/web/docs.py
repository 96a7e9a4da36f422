"""The API's front page: how to begin, the dialects' addresses, every product with its path."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.event_types import EVENTS
from billing import prices
from generations import presets, products
from generations.catalogue.newcomers import FIRST_MODEL, FIRST_PROMPT
from generations.catalogue.products.facts import Fact, places
from generations.deliveries import GIVEN_UP_AFTER, RETRY_SECONDS
from generations.posting import POST_SECONDS
from generations.wire.openai import models

_DIALECTS = (  # its name, our address, the path of a first order, for whom it is
    ("Kling", "/kling", "/v1/videos/text2video",
     _("Kling’s own clients, signing with an access-key pair or with a key")),
    ("Segmind", "/segmind", "/v2/kling-text2video",
     _("clients of Segmind’s v1 (held open) and v2 (submit and poll)")),
    ("llmprovider", "/llmprovider", "/v1/videos/text2video",
     _("clients of llmprovider’s task API")),
    ("OpenAI", "/openai", "/v1/videos",
     _("OpenAI’s own clients (base URL with /v1): create, poll, download, remix, list, delete")),
)  # fmt: skip


@require_GET
def docs(request: HttpRequest) -> HttpResponse:
    """Derived from the catalogue and the price book in force."""
    sold = prices.active_book().by_sku()
    cheapest = {sku: min(row.credits for row in rows) for sku, rows in sold.items()}
    return render(
        request,
        "web/docs.html",
        {
            "site": settings.SITE_URL,
            "first_model": FIRST_MODEL,
            "first_prompt": FIRST_PROMPT,
            "dialects": _DIALECTS,
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
            "deprecations": settings.API_DEPRECATIONS,
            "public_seconds": settings.API_PUBLIC_SECONDS,
            "upload_mb": settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 2**20,
            "voices": presets.current("voice"),
            "elements": presets.current("element"),
            "products": [
                {"product": product, "credits": cheapest.get(product.name)}
                for product in products.current().values()
            ],
            "results": _results(),
        },
    )


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
