"""Conditional GET (RFC 9110 §13): an answer that may be kept has a tag; who has it is told 304.

Tags are weak. Links to files are signed anew with each answer, so equal answers differ in bytes,
and a tag that counted signatures would never match. It is made of the answer without them, and of
the half of a link's life that it falls into: who is told 304 has links with half their life left.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags

from kling_saas.api.requests import is_inner

REVALIDATED = "private, no-cache"  # kept by its client alone, who asks whether it still holds
NEVER_KEPT = "private, no-store"
_SIGNATURE = re.compile(r"[?&](?:sig|X-Amz-Signature)=[\w%-]+$", re.ASCII)
_LEFT_OUT = {"Content-Type", "Content-Length"}  # a 304 has no body that they could be about


def public() -> str:
    """The Cache-Control of what is the same for everybody."""
    return f"public, max-age={settings.API_PUBLIC_SECONDS}"


class ConditionalGetMiddleware:
    """Tags JSON answers to GET that say how they may be kept, and answers 304 where it fits."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # A look on behalf of a held order carries that order's headers: they are not about it.
        if request.method not in {"GET", "HEAD"} or is_inner(request) or not _may_be_kept(response):
            return response
        response["ETag"] = f'W/"{_tag(response.content)}"'
        if not _is_known(request, response["ETag"]):
            return response
        kept = {name: value for name, value in response.items() if name not in _LEFT_OUT}
        unchanged = HttpResponse(status=304, headers=kept)
        del unchanged["Content-Type"]
        return unchanged


def _may_be_kept(response: HttpResponse) -> bool:
    says = response.get("Cache-Control", "no-store")
    is_json = response.get("Content-Type") == "application/json"
    return response.status_code == 200 and is_json and "no-store" not in says


def _is_known(request: HttpRequest, tag: str) -> bool:
    """By weak comparison."""
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in known or any(each.removeprefix("W/") == tag[2:] for each in known)


def _tag(content: bytes) -> str:
    digest = hashlib.sha256()
    if b"sig=" in content or b"X-Amz-Signature=" in content:
        half_life = int(time.time() // (settings.LINK_SECONDS / 2))
        digest.update(f"{half_life};".encode())
        content = json.dumps(_unsigned(json.loads(content))).encode()
    digest.update(content)
    return digest.hexdigest()[:32]


def _unsigned(told: Any) -> Any:
    """Without the queries of signed links, and without `expires_at` where it is a link's."""
    if isinstance(told, list):
        return [_unsigned(each) for each in told]
    if isinstance(told, dict):
        links = _is_signed(told.get("url"))
        return {k: _unsigned(v) for k, v in told.items() if not (links and k == "expires_at")}
    return told.partition("?")[0] if _is_signed(told) else told


def _is_signed(told: Any) -> bool:
    return isinstance(told, str) and _SIGNATURE.search(told) is not None
