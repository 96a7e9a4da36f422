"""Forms with files are refused by the size they announce, before anything of them is read.

Django holds back bodies that it keeps in memory; files of a form it writes to the disk, whatever
their size, and it does so before any view is asked.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from kling_saas.api.errors import BodyTooLarge, problem
from kling_saas.machines import is_for_machines, is_of_a_dialect


class FormLimitMiddleware:
    """Answers 413 to a multipart form of more than DATA_UPLOAD_MAX_MEMORY_SIZE bytes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        announced = request.META.get("CONTENT_LENGTH") or ""
        is_form = (request.content_type or "").startswith("multipart/")
        small = not announced.isdecimal() or int(announced) <= most
        # A dialect's doors refuse it themselves, in its own shape.
        if not is_form or small or is_of_a_dialect(request.META):
            return self.get_response(request)
        megabytes = most // 2**20
        if is_for_machines(request.META):
            return problem(BodyTooLarge(f"A form has at most {megabytes} MB: send smaller files."))
        return HttpResponse(render_to_string("413.html", {"most": megabytes}), status=413)
