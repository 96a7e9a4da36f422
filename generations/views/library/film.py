"""One film on its own page."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing.pages import signed_in
from generations.gallery import finding
from generations.views.cards import card


@require_GET
@signed_in
def film(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """One film by its own id; the job that made it, once its time is over."""
    video = finding.one(actor, public_id)
    if video.away:
        return redirect("job", public_id=video.generation.public_id)
    return render(request, "generations/film.html", {"card": card(video.generation, video)})
