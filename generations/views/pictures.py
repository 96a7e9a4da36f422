"""Pictures that were sent before: one of them begins the next film, and is not sent again."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing.pages import signed_in
from generations import sending, storage

_PAGE = 24


@require_GET
@signed_in
def pictures(request: ActingRequest, actor: Actor) -> HttpResponse:
    """Newest first; with `HX-Request` only the list, for the studio's dialog."""
    found = sending.page(actor, after=request.GET.get("after", ""), limit=_PAGE, pictures=True)
    context = {
        "pictures": [(upload, storage.link(upload.key)) for upload in found.uploads],
        "after": found.after,
        "frame": "image_tail" if request.GET.get("for") == "image_tail" else "image",
    }
    part = "HX-Request" in request.headers
    name = "generations/parts/pictures.html" if part else "generations/pictures.html"
    response = render(request, name, context)
    patch_vary_headers(response, ["HX-Request"])
    return response
