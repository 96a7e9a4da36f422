"""The page behind every problem's `type`: each code with its status and what it means.

And the codes with which films fail after they were accepted.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from generations.errors import FAILURES
from kling_saas.lib.refusals import Refusal


def codes(request: HttpRequest) -> HttpResponse:
    """Derived from the refusals themselves, so that none can be missing."""
    found = {kind.code: kind for kind in _kinds(Refusal)}
    rows = [
        {
            "code": code,
            "status": kind.status,
            "title": kind.title,
            "retryable": kind.retryable,
            "meaning": inspect.getdoc(kind),
        }
        for code, kind in sorted(found.items())
    ]
    failures = [{"code": code, "how": how} for code, how in FAILURES.items()]
    return render(request, "web/errors.html", {"rows": rows, "failures": failures})


def _kinds(base: type[Refusal]) -> Iterator[type[Refusal]]:
    for kind in base.__subclasses__():
        yield from _kinds(kind)
        if "code" in vars(kind):
            yield kind
