"""Ordering many films over the native API in one call."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest, JsonResponse

from accounts.actors import Actor
from accounts.api.endpoint import Endpoint
from generations import batches, presenting, uploads
from generations.api import inputs
from generations.api.generations import accepted
from generations.batches import Asked, Terms
from generations.errors import BatchRefused, InvalidRequest
from generations.submission import Prepared, Receipt
from kling_saas.api import headers
from kling_saas.api.errors import problem_json
from kling_saas.api.fields import Fields
from kling_saas.api.parsing import object_of
from kling_saas.lib.refusals import Refusal

_FIELDS = ("orders", "max_cost", "all_or_nothing", "dry_run")


class BatchView(Endpoint):
    """/api/v1/generations/batch"""

    for_end_users = True

    def post(self, request: HttpRequest) -> JsonResponse:
        """Order several: 202 with what became of each, or 422 when nothing was accepted."""
        body = object_of(request)
        fields = Fields(body, _FIELDS)
        bodies = fields.objects("orders", settings.BATCH_MAX)
        terms = Terms(
            key=headers.idempotency_key(request),
            body=body,
            max_cost=fields.whole("max_cost", 1, inputs.COST_MAX),
            all_or_nothing=bool(fields.flag("all_or_nothing")),
        )
        dry = fields.flag("dry_run")
        fields.done()
        with uploads.one_call():
            orders = [_order(self.actor, each) for each in bodies]
            if dry:
                return self._priced(batches.price(self.actor, orders, terms), terms)
            return self._placed(batches.place(self.actor, orders, terms, accepted), terms)

    def _placed(self, outcomes: Sequence[batches.Outcome], terms: Terms) -> JsonResponse:
        receipts = [each for each in outcomes if isinstance(each, Receipt)]
        data = [_told(each) | {"index": place} for place, each in enumerate(outcomes)]
        if not receipts:
            raise _refusal(data)
        held = sum(each["generation"]["credits"]["quoted"] for each in data if "generation" in each)
        response = JsonResponse(self._batch("batch", held, data, terms), status=202)
        return headers.replayed(response, again=all(each.replayed for each in receipts))

    def _priced(self, found: Sequence[Prepared | Refusal], terms: Terms) -> JsonResponse:
        data = [
            (_problem(each) if isinstance(each, Refusal) else _price(self.actor, each))
            | {"index": place}
            for place, each in enumerate(found)
        ]
        fit = [each for each in found if isinstance(each, Prepared)]
        if not fit or (terms.all_or_nothing and len(fit) < len(found)):
            raise _refusal(data)
        due = sum(each.credits for each in fit)
        return JsonResponse(self._batch("batch_dry_run", due, data, terms))

    def _batch(
        self, kind: str, credits_due: int, data: list[dict[str, Any]], terms: Terms
    ) -> dict[str, Any]:
        refused = sum(each["status"] == "refused" for each in data)
        return {
            "object": kind,
            "livemode": self.actor.livemode,
            "all_or_nothing": terms.all_or_nothing,
            "accepted": len(data) - refused,
            "refused": refused,
            "credits": credits_due,
            "data": data,
        }


def _order(actor: Actor, body: Mapping[str, Any]) -> Asked:
    if "dry_run" in body:
        says = "dry_run is no field of an order in a batch: send it beside orders."
        return InvalidRequest.one("dry_run", "unknown_field", says)
    try:
        return inputs.order(actor, body, None)
    except Refusal as refusal:
        return refusal


def _told(outcome: batches.Outcome) -> dict[str, Any]:
    if isinstance(outcome, Refusal):
        return _problem(outcome)
    if outcome is None:
        return {"status": "undone"}
    made = json.loads(outcome.body)
    return {"status": "accepted", "replayed": outcome.replayed, "generation": made}


def _price(actor: Actor, prepared: Prepared) -> dict[str, Any]:
    return {
        "status": "priced",
        "credits": prepared.credits,
        "line_items": prepared.lines,
        "input": presenting.ordered(prepared.film),
        "warnings": inputs.warnings(actor, prepared),
    }


def _problem(refusal: Refusal) -> dict[str, Any]:
    return {"status": "refused", "problem": problem_json(refusal)}


def _refusal(data: list[dict[str, Any]]) -> BatchRefused:
    """It is worth another try as it is when all that was refused is."""
    refused = [each for each in data if "problem" in each]
    first = refused[0]
    return BatchRefused(
        f"{len(refused)} of {len(data)} orders were refused, and none was accepted. "
        f"Order {first['index']}: {first['problem']['detail']}",
        retryable=all(each["problem"]["retryable"] for each in refused),
        data=refused,
    )
