"""One film on its own page: the player, all that it was made with, and what can be done with it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts import tenancy
from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing.pages import signed_in
from generations.forms.labels import Labels
from generations.forms.share import ENDS, Terms
from generations.gallery import finding, lineage, sharing, sorting
from generations.models import Share, Video
from generations.views.cards import card
from generations.views.library import again
from generations.views.library.tiles import tile, tiles_of


@require_GET
@signed_in
def film(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """One film by its own id; the job that made it, once it is not shown any more."""
    video = finding.one(actor, public_id)
    if video.away:
        return redirect("job", public_id=video.generation.public_id)
    return show(request, actor, video)


def show(
    request: ActingRequest,
    actor: Actor,
    video: Video,
    *,
    typed: Labels | None = None,
    terms: Terms | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of a film; `typed` and `terms` are labels and those of a link that were refused."""
    with tenancy.scope(actor.organisation_id):
        context: dict[str, Any] = {
            "tile": tile(video),
            "card": card(video.generation, video),
            "typed": typed or Labels(video.title, ", ".join(video.tags)),
            "order": again.fields_of(video.generation),
            "offers": again.offers(actor, video),
            "holding": sorting.holding(actor, video),
            "shelves": sorting.page(actor, limit=100).collections,
            "parents": tiles_of(lineage.parents(actor, video)),
            **_links(video, terms),
            "children": tiles_of(lineage.children(actor, video)),
        }
    return render(request, "generations/library/film.html", context, status=status)


def _links(film: Video, terms: Terms | None) -> dict[str, Any]:
    """What the sharing part of a film's page needs; `terms` are those that were refused."""
    open_ones = sharing.open_of([film]).get(film.pk, [])
    return {
        "links": [{"share": each, "address": _address(each)} for each in open_ones],
        "terms": terms or Terms(),
        "ends": ENDS,
    }


def _address(share: Share) -> str:
    """The link itself; empty where the key that it was sealed with is gone."""
    token = share.token
    return settings.SITE_URL + reverse("share", args=[token]) if token else ""
