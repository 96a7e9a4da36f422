"""What browsers and crawlers ask of every site by fixed names at its root."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

_DAY = 24 * 3600
_PRIVATE = (
    "/accounts/",
    "/admin/",
    "/api/",
    "/app/",
    "/billing/",
    "/callbacks/",
    "/dev/",
    "/media/",
)
_ROBOTS = "User-agent: *\n" + "".join(f"Disallow: {path}\n" for path in _PRIVATE)


@require_safe
@cache_control(max_age=_DAY, public=True)
def robots(request: HttpRequest) -> HttpResponse:
    """Crawlers may read the public pages."""
    return HttpResponse(_ROBOTS, content_type="text/plain")


@require_safe
@cache_control(max_age=_DAY, public=True)
def favicon(request: HttpRequest) -> HttpResponse:
    """For who asks by the old name; pages name the drawing itself."""
    return redirect(static("img/favicon.ico"))
