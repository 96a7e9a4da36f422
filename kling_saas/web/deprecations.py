"""What goes away says so on every answer, and once its day has come nothing else."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import http_date

from kling_saas.api.errors import Retired
from kling_saas.api.requests import is_inner
from kling_saas.lib import deprecations
from kling_saas.lib.deprecations import Deprecation
from kling_saas.web.errors import as_a_program_reads


class DeprecationMiddleware:
    """Writes Deprecation (RFC 9745), Sunset (RFC 8594) and where to read on; 410 after the sunset.

    What was accepted before is still answered: a held call hears of its end.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        found = deprecations.of(request.path_info, settings.API_DEPRECATIONS)
        if found is None:
            return self.get_response(request)
        over = found.sunset is not None and found.sunset <= timezone.now()
        answer = _retired(request) if over and not is_inner(request) else self.get_response(request)
        _say(answer, found)
        return answer


def _retired(request: HttpRequest) -> HttpResponse:
    answer = as_a_program_reads(
        request,
        Retired(f"This address is no longer served: see {settings.SITE_URL}/docs/deprecations."),
    )
    answer.status_code = Retired.status  # whatever a dialect makes of it otherwise
    return answer


def _say(answer: HttpResponse, found: Deprecation) -> None:
    link = found.link or f"{settings.SITE_URL}/docs/deprecations"
    rels = ["deprecation"]
    answer["Deprecation"] = f"@{int(found.since.timestamp())}"
    if found.sunset:
        answer["Sunset"] = http_date(found.sunset.timestamp())
        rels.append("sunset")
    told = ", ".join(f'<{link}>; rel="{rel}"; type="text/html"' for rel in rels)
    answer["Link"] = ", ".join(filter(None, (answer.get("Link"), told)))
