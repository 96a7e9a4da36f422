"""Links by which strangers see a film, over the native API."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.urls import reverse

from accounts.api.endpoint import Endpoint
from generations.api.bodies import body, within
from generations.catalogue.reading import Reader
from generations.gallery import sharing
from generations.models import Share
from generations.models.share import Visibility
from kling_saas.api import pagination
from kling_saas.lib.moments import iso


class SharesView(Endpoint):
    """/api/v1/videos/{id}/shares"""

    takes = pagination.paged()

    def get(self, request: HttpRequest, name: str) -> JsonResponse:
        """Links to a film, newest first in pages; those that ended for three months more."""
        page = pagination.wanted(request)
        found = sharing.page(self.actor, name, after=page.after, limit=page.limit)
        data = [told(share) for share in found.shares]
        return JsonResponse(pagination.as_json(data, found.after))

    def post(self, request: HttpRequest, name: str) -> JsonResponse:
        """A new link."""
        with body(request, "expires_in", "password", "max_views", "visibility") as reader:
            expires_in = within(reader, "expires_in", sharing.EXPIRES_MIN, sharing.EXPIRES_MAX)
            max_views = within(reader, "max_views", 1, sharing.VIEWS_MAX)
            visibility = reader.choice("visibility", Visibility.values, {}) or Visibility.UNLISTED
            password = _password(reader)
        made = sharing.make(
            self.actor,
            name,
            visibility=visibility,
            expires_in=expires_in,
            password=password,
            max_views=max_views,
        )
        return JsonResponse(told(made), status=201)


class ShareView(Endpoint):
    """/api/v1/shares/{id}"""

    def delete(self, request: HttpRequest, public_id: str) -> JsonResponse:
        """Shut it, at once. Repeatable."""
        return JsonResponse(told(sharing.revoke(self.actor, public_id)))


def _password(reader: Reader) -> str:
    value = reader.text("password", sharing.PASSWORD_MAX) or ""
    given = reader.given("password") and not reader.findings.refused("password")
    if given and len(value) < sharing.PASSWORD_MIN:
        limit = f"{sharing.PASSWORD_MIN} to {sharing.PASSWORD_MAX} characters"
        reader.findings.refuse(
            "password", "too_short", f"must have {limit}", limit=limit, way_out="send a longer one"
        )
    return value


def told(share: Share) -> dict[str, Any]:
    """A share as the API tells it."""
    token = share.token
    return {
        "id": share.public_id,
        "object": "share",
        "video": share.video.public_id,
        "url": settings.SITE_URL + reverse("share", args=[token]) if token else None,
        "visibility": share.visibility,
        "password": bool(share.password),
        "max_views": share.max_views,
        "views": share.views,
        "open": not share.over and share.views != share.max_views,
        "expires_at": iso(share.expires_at),
        "revoked_at": iso(share.revoked_at),
        "created_at": iso(share.created_at),
    }
