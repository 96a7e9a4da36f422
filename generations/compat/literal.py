"""The seeds' own paths at the root, for clients whose host alone can be changed.

Two dialects share `/v1/videos/text2video`: the credential and the body tell them apart, and a
query wears the dialect that made the task.
"""

from __future__ import annotations

from functools import wraps

from django.http import HttpRequest
from django.views.decorators.csrf import csrf_exempt

from accounts import access_keys
from generations.catalogue.params import Kind
from generations.compat.doors import Answer, P, View, body_json, door
from generations.compat.kling import views as kling
from generations.compat.kling.authentication import actor_of
from generations.compat.kling.errors import refuse
from generations.compat.llmprovider import views as llmprovider
from generations.compat.ordering import look_up
from generations.compat.segmind import views as segmind
from generations.wire.segmind import slugs, voices
from kling_saas.lib.refusals import Refusal


def unless_segmind(view: View[P]) -> View[P]:
    """A view at the root: whoever sends Segmind's credential is told that Segmind has no such."""

    @wraps(view)
    def chosen(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> Answer:
        if "x-api-key" in request.headers:
            return segmind.unknown(request)
        return view(request, *args, **kwargs)

    return csrf_exempt(chosen)


@unless_segmind
def products(request: HttpRequest, kind: Kind) -> Answer:
    """A create or a list below /v1/videos/."""
    if request.method == "POST" and _is_llmprovider(request):
        return llmprovider.create(request)
    return kling.products(request, kind=kind)


def _is_llmprovider(request: HttpRequest) -> bool:
    """A static key, `model` and no `model_name`. What cannot be read is for Kling to refuse."""
    token = request.headers.get("Authorization", "").partition(" ")[2].strip()
    if access_keys.looks_like_token(token):
        return False
    try:
        body = body_json(request)
    except Refusal:
        return False
    return bool(body.get("model")) and not body.get("model_name")


@door(("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"), refuse)
def task(request: HttpRequest, kind: Kind, label: str) -> Answer:
    """A query below /v1/videos/. What fails before its maker is known is told as Kling tells it."""
    try:
        made_by = look_up(actor_of(request), label).door
    except Refusal:
        made_by = kling.DOOR
    if made_by == llmprovider.DOOR:
        return llmprovider.task(request, label=label, kind=kind)
    return kling.task(request, kind=kind, label=label)


unknown = unless_segmind(kling.unknown)


@csrf_exempt
def slug(request: HttpRequest, slug: str) -> Answer:
    """A page of Segmind's, or a product of Kling's that is not served here."""
    if slugs.find(slug) or slug == voices.SLUG or "x-api-key" in request.headers:
        return segmind.create_v1(request, slug=slug)
    return kling.unknown(request)
