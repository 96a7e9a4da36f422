"""Stored files behind signed links that expire, with byte ranges so that a browser can seek."""

from __future__ import annotations

import mimetypes
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.loader import render_to_string
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from generations import storage
from generations.errors import FileMissing
from kling_saas.api.errors import problem
from kling_saas.lib.refusals import NotFound, Refusal


@require_safe
def media(request: HttpRequest, key: str) -> HttpResponse | StreamingHttpResponse | FileResponse:
    """A whole file or one range of it; 404 without a good signature, 416 outside the file.

    What is refused is told as a problem, to who prefers pages as a page.
    """
    expires, sig, name = (request.GET.get(word, "") for word in ("expires", "sig", "name"))
    if not storage.check_link(key, expires, sig, name=name):
        ended = NotFound("This link is not valid or has ended: ask for what it led to again.")
        return _refused(request, ended, "404.html")
    total = storage.size(key)
    if total < 0:
        return _refused(request, FileMissing.of("what this link names"), "lost.html")
    try:
        part = storage.parse_range(request.headers.get("Range", ""), total)
    except ValueError:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{total}"})
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Type": mimetypes.guess_type(key)[0] or "application/octet-stream",
        "Cache-Control": "private, max-age=3600",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if name:
        headers["Content-Disposition"] = content_disposition_header(False, name) or "inline"
    whole = storage.Range(0, total - 1, total)
    sent = part or whole
    headers["Content-Length"] = str(sent.length)
    if part:
        headers["Content-Range"] = f"bytes {part.first}-{part.last}/{total}"
    body: Any = b"" if request.method == "HEAD" else storage.chunks(storage.open_file(key), sent)
    return StreamingHttpResponse(body, status=206 if part else 200, headers=headers)


def _refused(request: HttpRequest, refusal: Refusal, page: str) -> HttpResponse:
    if "text/html" in request.headers.get("Accept", ""):
        return HttpResponse(render_to_string(page), status=refusal.status)
    return problem(refusal)
