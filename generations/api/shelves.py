"""Collections over the native API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

from accounts import tenancy
from accounts.actors import Actor
from accounts.api.endpoint import Endpoint
from generations.api import films
from generations.api.bodies import body, line, name_of
from generations.gallery import sorting
from generations.models import Collection
from kling_saas.api import pagination
from kling_saas.lib.moments import iso

_ID_MAX = 80
ON_TOP = "none"


class CollectionsView(Endpoint):
    """/api/v1/collections"""

    takes = pagination.paged("parent")

    def get(self, request: HttpRequest) -> JsonResponse:
        """All, newest first in pages; `parent`: those in one, or `none` for those on top."""
        page, within = pagination.wanted(request), pagination.named(request, "parent") or None
        found = sorting.page(
            self.actor,
            within="" if within == ON_TOP else within,
            after=page.after,
            limit=page.limit,
        )
        data = [_collection(each, found.films[each.pk]) for each in found.collections]
        return JsonResponse(pagination.as_json(data, found.after))

    def post(self, request: HttpRequest) -> JsonResponse:
        """A new one, within another if `parent` names one."""
        with body(request, "name", "parent") as reader:
            name = name_of(reader, "name", sorting.NAME_MAX)
            parent = line(reader, "parent", _ID_MAX)
        made = sorting.make(self.actor, name, parent or None)
        response = JsonResponse(_collection(made, 0), status=201)
        response["Location"] = reverse("api-collection", args=[made.public_id])
        return response


class CollectionView(Endpoint):
    """/api/v1/collections/{id}"""

    def get(self, request: HttpRequest, public_id: str) -> JsonResponse:
        """One of them."""
        return JsonResponse(_whole(self.actor, sorting.find(self.actor, public_id)))

    def patch(self, request: HttpRequest, public_id: str) -> JsonResponse:
        """Another `name`, or another `parent`: null is the top."""
        with body(request, "name", "parent") as reader:
            named, moved = "name" in reader.fields, "parent" in reader.fields
            name = name_of(reader, "name", sorting.NAME_MAX) if named else None
            parent = line(reader, "parent", _ID_MAX) or None
        changed = sorting.change(self.actor, public_id, name=name, move=moved, to=parent)
        return JsonResponse(_whole(self.actor, changed))

    def delete(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """It and those in it; the films stay."""
        sorting.remove(self.actor, public_id)
        return HttpResponse(status=204)


class PlacementView(Endpoint):
    """/api/v1/collections/{id}/videos/{video}"""

    def put(self, request: HttpRequest, public_id: str, name: str) -> JsonResponse:
        """Put a film into it. Repeatable."""
        return JsonResponse(films.many(self.actor, sorting.put(self.actor, public_id, [name]))[0])

    def delete(self, request: HttpRequest, public_id: str, name: str) -> JsonResponse:
        """Take a film out of it. Repeatable."""
        return JsonResponse(films.many(self.actor, sorting.take(self.actor, public_id, [name]))[0])


def _whole(actor: Actor, collection: Collection) -> dict[str, Any]:
    with tenancy.scope(actor.organisation_id):
        count = sorting.counts([collection])[collection.pk]
    return _collection(collection, count)


def _collection(collection: Collection, count: int) -> dict[str, Any]:
    parent = collection.parent
    return {
        "id": collection.public_id,
        "object": "collection",
        "livemode": collection.livemode,
        "name": collection.name,
        "parent": parent.public_id if parent else None,
        "depth": collection.depth,
        "videos": count,
        "created_at": iso(collection.created_at),
    }
