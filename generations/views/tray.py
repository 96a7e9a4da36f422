"""What a person has under way and what ended, on every page, and the signals that keep it true."""

from __future__ import annotations

import json

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.crypto import salted_hmac
from django.views.decorators.http import require_GET, require_POST

from accounts import events, members, outbox
from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing.pages import signed_in
from generations import access
from generations.views.cards import cards_of
from kling_saas.lib.numbers import whole

_SHOWN = 8


@require_GET
@signed_in
def tray(request: ActingRequest, actor: Actor) -> HttpResponse:
    """The newest jobs that the person ordered, and how many of them ended unseen."""
    mine = access.Wanted(person=actor.user_id)
    cards = cards_of(access.page(actor, mine, limit=_SHOWN))
    seen_at = members.jobs_seen_at(actor)
    news = {c.id for c in cards if c.over and (c.generation.finished_at or seen_at) > seen_at}
    context = {"cards": cards, "news": news, "active": sum(not card.over for card in cards)}
    return render(request, "generations/parts/tray.html", context)


@require_POST
@signed_in
def seen(request: ActingRequest, actor: Actor) -> HttpResponse:
    """What ended until now is no news any more."""
    members.saw_jobs(actor)
    return redirect("tray")


def feed_name(actor: Actor) -> str:
    """What its pages call the feed of the actor's organisation and mode; it tells nothing."""
    subject = outbox.feed(actor.organisation_id, actor.livemode)
    return str(salted_hmac("feed", subject).hexdigest()[:20])


@require_GET
def feed(request: ActingRequest, name: str) -> HttpResponse:
    """Server-sent events `jobs`, each with the ids of jobs that may be different now.

    `id` is the number of the last event told: a stream that broke goes on behind it. A step between
    two events has no number: its signal names no job. 204 ends a stream that is not for who looks
    now: they signed out, or went to another organisation or mode.
    """
    actor = request.actor
    if actor is None or name != feed_name(actor):
        return HttpResponse(status=204, headers={"X-Kling-Stream-End": "1"})
    last = whole(request.headers.get("Last-Event-ID", ""))
    jobs, number = (
        ([], events.newest(actor)) if last is None else events.subjects_after(actor, last)
    )
    data = json.dumps({"jobs": jobs})
    body = f"retry: 2000\nid: {number}\nevent: jobs\ndata: {data}\n\n"
    response = HttpResponse(body, content_type="text/event-stream")
    response["Cache-Control"], response["X-Accel-Buffering"] = "no-store", "no"
    subject = outbox.feed(actor.organisation_id, actor.livemode)
    response["X-Kling-Stream"] = f"{subject};{request.path}"
    return response
