"""Pages of jobs: the list, one job that follows by itself, and stopping one in time."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing.pages import signed_in
from generations import access, cancelling, standing, waiting
from generations.errors import NotCancellable
from generations.models import Status
from generations.models.generation import TERMINAL
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
    return render(request, "generations/jobs.html", context)


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


@require_GET
@signed_in
def events(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """Server-sent events named `state`, one per change, and `wait` while it is queued.

    The stream ends with the job.

    204 when all was told, which ends an EventSource. The waiting room keeps the stream open.
    """
    last = request.headers.get("Last-Event-ID", "")
    seen = int(last) if last.isascii() and last.isdigit() and len(last) <= 9 else -1
    generation = access.find(actor, public_id)
    steps = list(access.events_after(generation, seen))
    over = generation.status in TERMINAL
    body = ""
    if steps:
        data = json.dumps({"id": public_id, "status": standing.public_status(generation)})
        body = f"id: {steps[-1].sequence}\nevent: state\ndata: {data}\n\n"
    elif standing.with_nobody(generation):
        body = "event: wait\ndata: {}\n\n"
    response = HttpResponse(
        body, status=204 if over and not steps else 200, content_type="text/event-stream"
    )
    response["X-Accel-Buffering"] = "no"
    if over:
        response["X-Kling-Stream-End"] = "1"
    else:
        response["X-Kling-Stream"] = f"{public_id};{reverse('job-events', args=[public_id])}"
        if standing.with_nobody(generation):
            again = waiting.look_again(generation, waiting.outlook(generation))
            response["X-Kling-Stream-Again"] = str(again)
    return response


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
