"""Is it alive, and can it serve: for load balancers, supervisors and people at night."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from generations import heartbeat


def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    """The database answers and its schema is there; also says whether a worker is alive."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        working = heartbeat.somebody_works()
    except DatabaseError:
        return JsonResponse({"ready": False, "database": "unreachable"}, status=503)
    return JsonResponse({"ready": True, "worker": working})
