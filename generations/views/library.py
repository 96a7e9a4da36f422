"""The library: every film that was made and kept, and one film on its own page."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from accounts import tenancy
from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing import plans
from billing.pages import signed_in
from generations import access
from generations.catalogue.registry import SPECS
from generations.forms import search
from generations.models import Video
from generations.views.cards import card, cards_of
from generations.views.samples import samples
from kling_saas.lib.refusals import NotFound

_PAGE = 24


@require_GET
@signed_in
def library(request: ActingRequest, actor: Actor) -> HttpResponse:
    """What a search finds, newest first; with `HX-Request` only the next part of the grid."""
    asked = search.read(request.GET)
    page = access.page(actor, asked.wanted(), after=request.GET.get("after", ""), limit=_PAGE)
    part = "HX-Request" in request.headers
    template = "generations/parts/films.html" if part else "generations/library.html"
    context: dict[str, Any] = {
        "cards": cards_of(page),
        "after": page.after,
        "search": asked,
        "states": search.STATES,
        "specs": SPECS[::-1],
        "days_kept": _days_kept(actor),
    }
    if not page.generations and not asked.given:
        context |= {
            "recipes": samples(actor.organisation_id),
            "elsewhere": access.made_elsewhere(actor),
        }
    response = render(request, template, context)
    response["Vary"] = "HX-Request, Cookie"
    return response


def _days_kept(actor: Actor) -> int | None:
    with tenancy.scope(actor.organisation_id):
        return plans.retention([actor.organisation_id])[actor.organisation_id]


@require_GET
@signed_in
def film(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """One film by its own id; the job that made it, once its time is over."""
    video = (
        Video.objects.filter(
            organisation_id=actor.organisation_id, livemode=actor.livemode, public_id=public_id
        )
        .select_related("generation")
        .first()
    )
    if video is None:
        raise NotFound("There is no such film.")
    if video.away:
        return redirect("job", public_id=video.generation.public_id)
    return render(request, "generations/film.html", {"card": card(video.generation, video)})
