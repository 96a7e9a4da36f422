"""The log of API calls over the native API: what was asked, and what was answered."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest, JsonResponse

from accounts import calls
from accounts.api.endpoint import Endpoint
from accounts.api.rates import known
from accounts.models import ApiCall
from accounts.scopes import Scope
from kling_saas.api import pagination, queries
from kling_saas.api.errors import InvalidQuery
from kling_saas.lib.moments import iso

STATUSES = r"([1-5])xx|([1-5][0-9]{2})"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_STATUSES = re.compile(STATUSES, re.ASCII)
CREDENTIALS = r"(key|pair):[0-9]{1,18}"
_CREDENTIALS = re.compile(CREDENTIALS)
_TEXT_MAX = 500  # characters


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
            self.actor, _wanted(request), after=page.after, limit=page.limit
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


def _wanted(request: HttpRequest) -> calls.Wanted:
    method = request.GET.get("method", "")
    if method and method not in METHODS:
        raise InvalidQuery("method", f"method must be one of {', '.join(METHODS)}.")
    credential = _text(request, "credential")
    if credential and not _CREDENTIALS.fullmatch(credential):
        raise InvalidQuery(
            "credential", "credential must be the `ledger_name` of a key, such as key:5 or pair:3."
        )
    return calls.Wanted(
        statuses=_statuses(request.GET.get("status", "")),
        method=method,
        path=_text(request, "path"),
        credential=credential,
        end_user=_text(request, "end_user"),
        since=queries.moment(request.GET, "from"),
        until=queries.moment(request.GET, "to"),
    )


def _statuses(asked: str) -> tuple[int, int] | None:
    if not asked:
        return None
    if not (found := _STATUSES.fullmatch(asked)):
        raise InvalidQuery("status", "status must be one such as 422, or a class such as 4xx.")
    if found[1]:
        return int(found[1]) * 100, int(found[1]) * 100 + 99
    return int(found[2]), int(found[2])


def _text(request: HttpRequest, name: str) -> str:
    return request.GET.get(name, "").replace("\0", "")[:_TEXT_MAX]


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
