"""The log of API calls over the native API: what was asked, and what was answered."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, JsonResponse

from accounts import call_filters, calls
from accounts.api.endpoint import Endpoint
from accounts.api.rates import known
from accounts.models import ApiCall
from accounts.scopes import Scope
from kling_saas.api import pagination
from kling_saas.lib.moments import iso


class _LogEndpoint(Endpoint):
    """Reading the log is not logged: whoever follows it would read of nothing else."""

    reads = Scope.ADMIN

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        """As every endpoint's."""
        super().initial(request, *args, **kwargs)
        known(request._request).logged = False  # noqa: SLF001 - DRF has no public name for it


class CallsView(_LogEndpoint):
    """/api/v1/requests"""

    takes = pagination.paged("status", "method", "path", "credential", "end_user", "from", "to")

    def get(self, request: HttpRequest) -> JsonResponse:
        """A page, newest first, without headers and bodies."""
        page = pagination.wanted(request)
        found, following = calls.page(
            self.actor, call_filters.read(request.GET), after=page.after, limit=page.limit
        )
        return JsonResponse(pagination.as_json([shown(row) for row in found], following))


class CallView(_LogEndpoint):
    """/api/v1/requests/{id}: the id is what the answer's X-Request-Id said."""

    def get(self, request: HttpRequest, request_id: str) -> JsonResponse:
        """Whole, with what was secret masked."""
        row = calls.find(self.actor, request_id)
        return JsonResponse(
            {
                **shown(row),
                "request": {"headers": row.request_headers, "body": row.request_body},
                "response": {"headers": row.response_headers, "body": row.response_body},
            }
        )


def shown(row: ApiCall) -> dict[str, Any]:
    """A call without headers and bodies."""
    return {
        "id": str(row.request_id),
        "object": "api_request",
        "livemode": row.livemode,
        "at": iso(row.at),
        "method": row.method,
        "path": row.path,
        "query": row.query,
        "status": row.status,
        "ms": row.ms,
        "credential": row.credential or None,
        "end_user": row.end_user or None,
        "address": row.address or None,
    }
