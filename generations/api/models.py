"""What can be ordered: every Kling model with its capabilities, schema and prices; public."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, JsonResponse

from accounts.api.endpoint import PublicEndpoint
from billing.api import price_list
from generations.catalogue import documentation, registry
from generations.catalogue.products.registry import running_on
from generations.waiting import usual_for
from kling_saas.lib.refusals import NotFound


class ModelsView(PublicEndpoint):
    """/api/v1/models"""

    def get(self, request: HttpRequest) -> JsonResponse:
        """All of them, in the catalogue's order."""
        data = [_model(name, self.organisation_id) for name in _TABLE]
        return JsonResponse({"object": "list", "data": data})


class ModelView(PublicEndpoint):
    """/api/v1/models/{name}"""

    def get(self, request: HttpRequest, name: str) -> JsonResponse:
        """One, by its official name or an alias."""
        spec = registry.resolve(name)
        if spec is None:
            tasks = [product.name for product in running_on(name)]
            see = f"tasks/{tasks[0]}" if tasks else "models"
            raise NotFound(f"There is no model {name[:60]!r} for films: see /api/v1/{see}.")
        return JsonResponse(_model(spec.name, self.organisation_id))


_TABLE = {row.name: row for row in documentation.capability_table()}


def _model(name: str, organisation_id: int | None) -> dict[str, Any]:
    spec = registry.get(name)
    return {
        "object": "model",
        **asdict(_TABLE[name]),
        "kinds": list(spec.kinds),
        "modes": [asdict(mode) for mode in spec.modes],
        "durations": list(spec.durations),
        "aspect_ratios": list(spec.aspect_ratios),
        "eta_seconds": {
            kind: round(usual_for(name, kind, spec.default_mode, livemode=True).p50, 1)
            for kind in spec.kinds
        },
        "plans": price_list.plans_for(name),
        "prices": price_list.rows(name, organisation_id),
        "schema": documentation.json_schema(spec),
    }
