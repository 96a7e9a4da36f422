"""The page of a link: one film for whoever has it, without an account and without scripts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.middleware import for_everybody
from generations import storage
from generations.catalogue.products.registry import PRODUCTS
from generations.catalogue.registry import resolve
from generations.gallery import sharing
from generations.gallery.sharing import Trial
from generations.models import Share
from generations.models.share import Visibility

LINKS = timedelta(seconds=60)  # for so long files are reached after a link was shut
_PASS, _SALT, _PASS_SECONDS = "share", "generations.share", 3600
# The address is the secret, and no other site is told it. Our own is: a browser that tells it
# nobody sends `Origin: null` with the form, which is refused.
_HEADERS = {"Cache-Control": "private, no-store", "Referrer-Policy": "same-origin"}


@for_everybody
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, token: str) -> HttpResponse:
    """The film; first a question where a password or a number of views was set.

    A view is counted when the film is shown, and once for each visitor of such a link in an hour:
    what looks at links for previews answers no question and uses up none.
    """
    share = sharing.by_token(token)
    if share is None or share.over:
        return _ended(request, 404 if share is None else 410)
    if share.gated and not _may_pass(request, share):
        return _let_in(request, share, token) if request.method == "POST" else _gate(request, share)
    if request.method == "POST":
        return redirect("share", token=token)
    if not share.gated and request.method == "GET":
        sharing.count(share)
    return _film(request, share, token)


@for_everybody
@require_safe
def film(request: HttpRequest, token: str) -> HttpResponse:
    """On to the film's file, by an address that ends soon."""
    return _file(request, token, "key")


@for_everybody
@require_safe
def poster(request: HttpRequest, token: str) -> HttpResponse:
    """On to its poster, likewise."""
    return _file(request, token, "poster_key")


def _file(request: HttpRequest, token: str, column: str) -> HttpResponse:
    share = sharing.by_token(token)
    if share is None or share.over:
        return _ended(request, 404 if share is None else 410)
    if share.gated and not _may_pass(request, share):
        return _gate(request, share, status=403)
    ends = [timezone.now() + LINKS, share.expires_at, share.video.kept_until]
    link = storage.link(getattr(share.video, column), until=min(filter(None, ends)))
    return HttpResponseRedirect(link, headers=_HEADERS)


def _may_pass(request: HttpRequest, share: Share) -> bool:
    known = request.get_signed_cookie(_PASS, "", salt=_SALT, max_age=_PASS_SECONDS)
    return bool(known == share.public_id)


def _let_in(request: HttpRequest, share: Share, token: str) -> HttpResponse:
    if share.password:
        trial = sharing.tried(share, request.POST.get("password", ""))
        if trial is not Trial.RIGHT:
            return _gate(
                request, share, trial=trial, status=429 if trial is Trial.TOO_MANY else 403
            )
    if not sharing.count(share):
        return _ended(request, 410)
    response = redirect("share", token=token)
    response.set_signed_cookie(
        _PASS, share.public_id, salt=_SALT, max_age=_PASS_SECONDS, httponly=True, samesite="Lax",
        secure=settings.SECURE, path=reverse("share", args=[token]),
    )  # fmt: skip
    return response


def _film(request: HttpRequest, share: Share, token: str) -> HttpResponse:
    generation = share.video.generation
    made_by = PRODUCTS.get(generation.kind) or resolve(generation.model)
    listed = share.visibility == Visibility.PUBLIC and not share.gated
    address = settings.SITE_URL + reverse("share", args=[token])
    context = {
        "film": share.video,
        "seconds": round(share.video.duration_ms / 1000, 1),
        "made_by": made_by.title if made_by else generation.model,
        "listed": listed,
        "shown_outside": not share.gated,
        "address": address,
        "token": token,
    }
    response = _page(request, "generations/share.html", context)
    if listed:
        del response["X-Robots-Tag"]
    return response


def _gate(
    request: HttpRequest, share: Share, *, trial: Trial | None = None, status: int = 200
) -> HttpResponse:
    left = None if share.max_views is None else share.max_views - share.views
    if left == 0:
        return _ended(request, 410)
    context = {"password": bool(share.password), "left": left, "trial": trial}
    response = _page(request, "generations/share_gate.html", context, status)
    if status == 429:
        response["Retry-After"] = str(int(sharing.TRIES_WITHIN.total_seconds()))
    return response


def _ended(request: HttpRequest, status: int) -> HttpResponse:
    return _page(request, "generations/share_ended.html", {"status": status}, status)


def _page(
    request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    response = render(request, template, context, status=status)
    for name, value in {**_HEADERS, "X-Robots-Tag": "noindex"}.items():
        response[name] = value
    return response
