"""Pages of jobs: the list, one job that follows by itself, and stopping one in time."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing.pages import signed_in
from generations import access, cancelling
from generations.errors import NotCancellable
from generations.models import Status
from generations.views.cards import Card, card, cards_of
from generations.views.words import plain
from kling_saas.lib.refusals import Forbidden

_PAGE = 20
_FILTERS = {
    "active": [s for s in Status if s.public in {"queued", "processing"}],
    "succeeded": [Status.SUCCEEDED],
    "failed": [Status.FAILED, Status.CANCELLED],
}


@require_GET
@signed_in
def jobs(request: ActingRequest, actor: Actor) -> HttpResponse:
    """Every job of the organisation in this mode, newest first."""
    wanted = request.GET.get("state", "")
    page = access.page(
        actor,
        access.Wanted(statuses=_FILTERS.get(wanted, ())),
        after=request.GET.get("after", ""),
        limit=_PAGE,
    )
    tabs = [("", _("All")), ("active", _("Under way")), ("succeeded", _("Done"))]
    tabs.append(("failed", _("Failed or cancelled")))
    context: dict[str, Any] = {
        "cards": cards_of(page),
        "after": page.after,
        "state": wanted,
        "tabs": tabs,
    }
    if not page.generations and not wanted:
        context["elsewhere"] = access.made_elsewhere(actor)
    part = "HX-Request" in request.headers
    name = "generations/parts/joblist.html" if part else "generations/jobs.html"
    response = render(request, name, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _card(actor: Actor, public_id: str) -> Card:
    generation = access.find(actor, public_id)
    return card(generation, access.video_of(generation))


@require_GET
@signed_in
def job(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """One job: how far it is, and in the end the film."""
    return render(request, "generations/job.html", {"card": _card(actor, public_id)})


@require_GET
@signed_in
def fragment(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """The part of the job page that changes."""
    return render(request, "generations/parts/job.html", {"card": _card(actor, public_id)})


@require_POST
@signed_in
def cancel(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """Stop a job that nobody has begun; the credits come back at once."""
    try:
        cancelling.cancel(actor, public_id)
    except NotCancellable as refusal:
        if refusal.facts.get("generation_status") == "processing":
            told = _("It was handed over and is being made, so it cannot be stopped any more.")
            told += " " + _("You pay if it succeeds; if it fails, every credit comes back.")
        else:
            told = _("There was nothing left to cancel.")
        messages.error(request, told)
    except Forbidden as refusal:
        messages.error(request, plain(refusal.detail))
    else:
        messages.success(request, _("The job was cancelled and its credits are back."))
    return redirect("job", public_id=public_id)
