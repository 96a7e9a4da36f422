"""Voices and elements that orders can name: Kling's own, and those that the customer has made."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, JsonResponse

from accounts import tenancy
from accounts.api.endpoint import Endpoint
from generations import access, discarding, presets
from generations.catalogue.products.presets import Preset, Sort
from generations.models import Generation
from kling_saas.api import pagination
from kling_saas.lib.moments import iso
from kling_saas.lib.refusals import NotFound


class ThingsView(Endpoint):
    """/api/v1/voices and /api/v1/elements"""

    sort: Sort = "voice"
    takes = pagination.paged()

    def get(self, request: HttpRequest) -> JsonResponse:
        """One's own, newest first in pages; before the first page all that are Kling's."""
        page = pagination.wanted(request)
        with tenancy.scope(self.actor.organisation_id):
            found = access.page(
                self.actor,
                access.Wanted(gives=f"{self.sort}_id", kept=True),
                after=page.after,
                limit=page.limit,
            )
        data = [_own(each, self.sort) for each in found.generations]
        if not page.after:
            data = [_preset(each) for each in presets.current(self.sort)] + data
        return JsonResponse(pagination.as_json(data, found.after))


class ThingView(Endpoint):
    """/api/v1/voices/{id} and /api/v1/elements/{id}"""

    sort: Sort = "voice"

    def get(self, request: HttpRequest, name: str) -> JsonResponse:
        """One of them."""
        for preset in presets.current(self.sort):
            if preset.id == name:
                return JsonResponse(_preset(preset))
        generation = discarding.find(self.actor, self.sort, name)
        if generation is None:
            raise NotFound(f"There is no {self.sort} {name[:60]!r}.")
        return JsonResponse(_own(generation, self.sort))

    def delete(self, request: HttpRequest, name: str) -> JsonResponse:
        """Delete one's own, at its upstream and here. Repeatable."""
        found = discarding.discard(self.actor, self.sort, name)
        told = _own(found.generation, self.sort)
        return JsonResponse({**told, "kept_upstream": found.kept})


def _preset(preset: Preset) -> dict[str, Any]:
    return {
        "object": preset.sort,
        "id": preset.id,
        "name": preset.name,
        "languages": list(preset.languages),
        "preset": True,
        "created_at": None,
        "deleted_at": None,
    }


def _own(generation: Generation, sort: Sort) -> dict[str, Any]:
    return {
        "object": sort,
        "id": generation.public_id,
        "name": str(generation.order().inputs.get(f"{sort}_name", "")),
        "languages": [],
        "preset": False,
        "created_at": iso(generation.created_at),
        "deleted_at": iso(generation.deleted_at),
    }
