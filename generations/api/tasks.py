"""What can be ordered beside films: every product with its schema and prices; public."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, JsonResponse

from accounts.api.endpoint import PublicEndpoint
from billing.api import price_list
from generations import products
from generations.catalogue.products import documentation
from generations.catalogue.products.product import Product
from generations.waiting import usual_for
from kling_saas.lib.refusals import NotFound


class TasksView(PublicEndpoint):
    """/api/v1/tasks"""

    def get(self, request: HttpRequest) -> JsonResponse:
        """All that are on sale, in the catalogue's order."""
        asked_by = self.organisation_id
        data = [_task(product, asked_by) for product in products.current().values()]
        return JsonResponse({"object": "list", "data": data})


class TaskView(PublicEndpoint):
    """/api/v1/tasks/{name}"""

    def get(self, request: HttpRequest, name: str) -> JsonResponse:
        """One, by its name."""
        product = products.current().get(name)
        if product is None:
            raise NotFound(f"There is no task {name[:60]!r}: see /api/v1/tasks.")
        return JsonResponse(_task(product, self.organisation_id))


def _task(product: Product, organisation_id: int | None) -> dict[str, Any]:
    return {
        "object": "task",
        "name": product.name,
        "title": product.title,
        "description": product.description,
        "models": list(product.models),
        "modes": list(product.modes),
        "makes": list(product.outputs),
        "at_once": product.at_once,
        "eta_seconds": round(usual_for(product.own_model, product.name, livemode=True).p50, 1),
        "plans": price_list.plans_for(product.name),
        "prices": price_list.rows(product.name, organisation_id),
        "schema": documentation.json_schema(product),
        "result": documentation.result_schema(product),
    }
