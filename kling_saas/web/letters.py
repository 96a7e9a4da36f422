"""Text that PostgreSQL does not keep is refused before a page reads it: a 400, and never a 500.

A page may hand whatever it is asked to a query. Programs' addresses read every field themselves
and name the one at fault.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

from kling_saas.lib.logs import storable


class LettersMiddleware:
    """Stands behind CsrfViewMiddleware, which has read the form already."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> None:
        """Raises BadRequest for NUL or half of a surrogate pair in the address or the form."""
        asked = (*request.GET.lists(), *request.POST.lists())
        said = chain([request.path], *((name, *values) for name, values in asked))
        if any(storable(text) != text for text in said):
            raise BadRequest("text with NUL or half of a surrogate pair")
