"""Where upstreams report news. The answer tells a stranger nothing."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from generations import callbacks


@csrf_exempt
@require_POST
def upstream(request: HttpRequest, token: str) -> HttpResponse:
    """Look at the generation behind the token now; always 200, whatever the body says."""
    callbacks.received(token)
    return HttpResponse("ok\n", content_type="text/plain")
