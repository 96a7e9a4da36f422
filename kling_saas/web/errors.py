"""Error pages. They ask no database and no session, so that they stand when those have fallen."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from kling_saas.api.errors import problem
from kling_saas.lib.refusals import Broken
from kling_saas.machines import is_for_machines


def _page(template: str, status: int) -> HttpResponse:
    return HttpResponse(render_to_string(template), status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400."""
    return _page("400.html", 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    return _page("403.html", 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    return _page("404.html", 404)


def broken(request: HttpRequest) -> HttpResponse:
    """500; a program gets it as a problem."""
    if is_for_machines(request.META):
        return problem(Broken("Something went wrong on our side, and it has been written down."))
    return _page("500.html", 500)
