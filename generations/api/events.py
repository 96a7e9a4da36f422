"""Everything that customers were told, oldest first: for a program that was away."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse

from accounts import events, tenancy
from accounts.api.endpoint import Endpoint
from accounts.event_types import words_of
from generations import callback_bodies
from kling_saas.api import pagination, queries
from kling_saas.api.errors import InvalidQuery


class FeedView(Endpoint):
    """/api/v1/events"""

    takes = pagination.paged("type", "since")

    def get(self, request: HttpRequest) -> JsonResponse:
        """A page after the event `after`; `type` is a word or a pattern, `since` a moment."""
        page, pattern = pagination.wanted(request), request.GET.get("type", "")
        types = words_of(pattern)
        if pattern and not types:
            raise InvalidQuery("type", "type must be an event's, such as generation.succeeded.")
        since = queries.moment(request.GET, "since")
        with tenancy.scope(self.actor.organisation_id):
            found, following = events.page(
                self.actor, after=page.after, limit=page.limit, types=types, since=since
            )
            data = callback_bodies.as_json(found)
        return JsonResponse(pagination.as_json(data, following))


class EventView(Endpoint):
    """/api/v1/events/{id}"""

    def get(self, request: HttpRequest, public_id: str) -> JsonResponse:
        """The event, with its data as that is now."""
        with tenancy.scope(self.actor.organisation_id):
            (told,) = callback_bodies.as_json([events.find(self.actor, public_id)])
        return JsonResponse(told)
