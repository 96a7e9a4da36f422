"""Error pages. They ask no database and no session, so that they stand when those have fallen."""

from __future__ import annotations

import sys

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.template.loader import render_to_string
from django.urls import resolve

from generations.compat import strays
from kling_saas.api.errors import problem, told
from kling_saas.lib.refusals import InvalidBody, NotFound, Refusal
from kling_saas.machines import is_for_machines, is_of_a_dialect


def _page(template: str, status: int) -> HttpResponse:
    return HttpResponse(render_to_string(template), status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, also of a host name that is not ours."""
    if is_for_machines(request.META):
        return as_a_program_reads(
            request, InvalidBody("Malformed, or a host name that is not ours.")
        )
    return _page("400.html", 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    return _page("403.html", 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404, or the page that has the address without its last slash."""
    shorter = request.path_info.rstrip("/")
    if request.method == "GET" and shorter != request.path_info and _is_ours(shorter):
        query = request.META.get("QUERY_STRING", "")
        return HttpResponsePermanentRedirect(f"{shorter}?{query}" if query else shorter)
    if is_for_machines(request.META):
        return as_a_program_reads(request, NotFound("There is nothing at this address."))
    return _page("404.html", 404)


def as_a_program_reads(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """As a program reads it: in its dialect's shape, else as a problem."""
    if is_of_a_dialect(request.META):
        return strays.refuse(request, refusal)
    return problem(refusal)


def _is_ours(path: str) -> bool:
    if path.startswith("//"):  # would lead to another site
        return False
    try:
        resolve(path)
    except Http404:
        return False
    return True


def broken(request: HttpRequest) -> HttpResponse:
    """500, or 503 while the database is away."""
    fault = told(sys.exc_info()[1])
    if is_for_machines(request.META):
        return as_a_program_reads(request, fault)
    page = _page(f"{fault.status}.html", fault.status)
    if again := fault.facts.get("retry_after"):
        page["Retry-After"] = str(again)
    return page
