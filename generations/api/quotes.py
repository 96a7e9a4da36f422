"""Prices that bind: ask first, then order with `quote_id` and be charged exactly that."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.urls import reverse

from accounts.api.endpoint import Endpoint
from billing import quotes
from billing.models import Quote
from generations import presenting, submission
from generations.api import inputs
from generations.catalogue import billable
from kling_saas.api.parsing import object_of
from kling_saas.lib.moments import iso


class QuotesView(Endpoint):
    """/api/v1/quotes"""

    for_end_users = True

    def post(self, request: HttpRequest) -> JsonResponse:
        """An offer for one film, which holds until `expires_at`."""
        order = submission.Submission(fields=object_of(request), door=inputs.DOOR)
        prepared = submission.prepare(self.actor, order)
        quote = quotes.make(
            self.actor.organisation_id,
            self.actor.livemode,
            [billable.item(prepared.params)],
            submission.params_fingerprint(prepared.params),
        )
        body = _quote(quote) | {
            "input": presenting.ordered(prepared.film),
            "warnings": inputs.warnings(self.actor, prepared),
        }
        response = JsonResponse(body, status=201)
        response["Location"] = reverse("api-quote", args=[quote.public_id])
        return response


class QuoteView(Endpoint):
    """/api/v1/quotes/{id}"""

    for_end_users = True

    def get(self, request: HttpRequest, public_id: str) -> JsonResponse:
        """An offer made before, also after its end."""
        actor = self.actor
        return JsonResponse(
            _quote(quotes.look_up(actor.organisation_id, actor.livemode, public_id))
        )


def _quote(quote: Quote) -> dict[str, Any]:
    return {
        "id": quote.public_id,
        "object": "quote",
        "livemode": quote.livemode,
        "credits": quote.credits,
        "usd": f"{quote.credits * Decimal(settings.USD_PER_CREDIT):f}",
        "line_items": quote.line_items,
        "expires_at": iso(quote.expires_at),
    }
