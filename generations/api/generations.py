"""Ordering a film over the native API, and following it until it is there."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse

from accounts import tenancy
from accounts.api.endpoint import Endpoint
from generations import (
    access,
    attempts,
    cancelling,
    contents,
    presenting,
    standing,
    submission,
    waiting,
)
from generations.api import inputs
from generations.gallery import trash
from generations.models import Generation, GenerationEvent, Status
from generations.models.generation import TERMINAL
from kling_saas.api import headers, pagination, queries
from kling_saas.api.errors import InvalidQuery
from kling_saas.api.parsing import object_of
from kling_saas.lib.moments import iso

PUBLIC_WORDS = tuple(dict.fromkeys(status.public for status in Status))


@cache
def _place() -> str:
    return reverse("api-generation", args=["ID"])


def address_of(public_id: str) -> str:
    """Where a generation is."""
    return _place().replace("ID", public_id)


class GenerationsView(Endpoint):
    """/api/v1/generations"""

    for_end_users = True
    takes = pagination.paged("status", "model", "kind", "reference", "end_user", "from", "to")

    def post(self, request: HttpRequest) -> HttpResponse:
        """Order a film: 202 with `Location`. `Prefer: wait=N` holds the answer for its end."""
        body = object_of(request)
        order = inputs.order(self.actor, body, headers.idempotency_key(request))
        if inputs.is_dry(body):
            return self._priced(order)
        receipt = submission.submit(self.actor, order, accepted)
        place = address_of(receipt.generation)
        response = HttpResponse(receipt.body, status=202, content_type="application/json")
        response["Location"] = place
        if seconds := headers.seconds_to_wait(request):
            path = f"{place}?waited={seconds}"
            headers.hold(response, receipt.generation, seconds, path, new=not receipt.replayed)
        return headers.replayed(response, again=receipt.replayed)

    def _priced(self, order: submission.Submission) -> JsonResponse:
        prepared = submission.rehearse(self.actor, order)
        return JsonResponse(
            {
                "object": "dry_run",
                "livemode": self.actor.livemode,
                "credits": prepared.credits,
                "line_items": prepared.lines,
                "input": presenting.ordered(prepared.film),
                "warnings": inputs.warnings(self.actor, prepared),
            }
        )

    def get(self, request: HttpRequest) -> JsonResponse:
        """A page, newest first."""
        page, wanted = pagination.wanted(request), _wanted(request)
        with tenancy.scope(self.actor.organisation_id):
            found = access.page(self.actor, wanted, after=page.after, limit=page.limit)
            data = presenting.page_json(found, attempts.counts(found.generations))
        return JsonResponse(pagination.as_json(data, found.after))


def _wanted(request: HttpRequest) -> access.Wanted:
    """The filters of an address. Raises InvalidQuery."""
    word = request.GET.get("status", "")
    if word and word not in PUBLIC_WORDS:
        raise InvalidQuery("status", f"status must be one of {', '.join(PUBLIC_WORDS)}.")
    return access.Wanted(
        told_as=word,
        model=_text(request, "model"),
        kind=_text(request, "kind"),
        reference=_text(request, "reference"),
        end_user=_text(request, "end_user"),
        since=queries.moment(request.GET, "from"),
        until=queries.moment(request.GET, "to"),
    )


def _text(request: HttpRequest, name: str) -> str:
    value = request.GET.get(name, "")
    if "\0" in value:
        raise InvalidQuery(name, f"{name} must be text without NUL.")
    return value


def accepted(generation: Generation) -> str:
    """The answer to an order that is about to be accepted."""
    return json.dumps(presenting.generation_json(generation, fresh=True))


class GenerationView(Endpoint):
    """/api/v1/generations/{id}"""

    for_end_users = True

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """The generation as it stands, or with `Prefer: wait=N` at its end.

        `waited` is how the held create asks for its answer, and `watched` how a held look does.
        """
        generation = access.find(self.actor, public_id)
        response = JsonResponse(_whole(generation))
        over = generation.status in TERMINAL
        asked = headers.seconds_to_wait(request)
        waited, watched = (_seconds(request, name) for name in ("waited", "watched"))
        if over and (waited or watched):
            response["X-Kling-Final"] = "1"
        elif waited:
            response.status_code = 202
        elif asked and not (over or watched):
            path = f"{address_of(public_id)}?watched={asked}"
            headers.hold(response, public_id, asked, path)
        if waited:
            response["Location"] = address_of(public_id)
        if applied := waited or watched or asked:
            response["Preference-Applied"] = f"wait={applied}"
        return response

    def delete(self, request: HttpRequest, public_id: str) -> JsonResponse:
        """Take it out of every list, its film into the trash; the books keep it. Repeatable."""
        return JsonResponse(_whole(trash.discard_generation(self.actor, public_id)))


def _seconds(request: HttpRequest, name: str) -> int:
    value = request.GET.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 4 else 0


class CancelView(Endpoint):
    """/api/v1/generations/{id}/cancel"""

    for_end_users = True

    def post(self, request: HttpRequest, public_id: str) -> JsonResponse:
        """Stop it before it is handed to an upstream; every credit comes back. Repeatable."""
        return JsonResponse(_whole(cancelling.cancel(self.actor, public_id)))


class ContentView(Endpoint):
    """/api/v1/generations/{id}/content"""

    for_end_users = True

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """302 to the film, or to the sound where there is no film, by a link that ends."""
        generation = access.find(self.actor, public_id)
        return HttpResponseRedirect(contents.link(generation))


class EventsView(Endpoint):
    """/api/v1/generations/{id}/events"""

    for_end_users = True

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """Server-sent events: every change after `Last-Event-ID`; the newest carries the object.

        While it waits, `generation.waiting` tells the place and the time anew, without an id. 204
        when all was told and nothing more will come, which ends an EventSource.
        """
        last = request.headers.get("Last-Event-ID", "")
        seen = int(last) if last.isascii() and last.isdigit() and len(last) <= 9 else -1
        with tenancy.scope(self.actor.organisation_id):
            generation = access.find(self.actor, public_id)
            steps = access.changes_after(generation, seen)
            over = generation.status in TERMINAL
            whole = _whole(generation) if steps else {}
        events = [_event(generation, step, whole if step is steps[-1] else None) for step in steps]
        queued = standing.with_nobody(generation)
        outlook = waiting.outlook(generation) if queued else waiting.Outlook()
        if queued and not steps:
            events.append(_still_waiting(generation, outlook))
        response = HttpResponse(
            "".join(events),
            status=204 if over and not events else 200,
            content_type="text/event-stream",
        )
        response["Cache-Control"] = "no-cache"
        response["X-Accel-Buffering"] = "no"
        if over:
            response["X-Kling-Stream-End"] = "1"
        else:
            place = reverse("api-generation-events", args=[public_id])
            response["X-Kling-Stream"] = f"{public_id};{place}"
            if queued:
                response["X-Kling-Stream-Again"] = str(waiting.look_again(generation, outlook))
        return response


def _still_waiting(generation: Generation, outlook: waiting.Outlook) -> str:
    data = {"id": generation.public_id, "status": "queued", **outlook.as_json()}
    return f"event: generation.waiting\ndata: {json.dumps(data)}\n\n"


def _event(generation: Generation, step: GenerationEvent, whole: dict[str, Any] | None) -> str:
    word = Status(step.status).public
    data = {
        "id": generation.public_id,
        "status": word,
        "at": iso(step.at),
        **({"generation": whole} if whole else {}),
    }
    return f"id: {step.sequence}\nevent: generation.{word}\ndata: {json.dumps(data)}\n\n"


def _whole(generation: Generation) -> dict[str, Any]:
    if generation.status == Status.ACCEPTED:
        return presenting.generation_json(generation, attempts=0)
    with tenancy.scope(generation.organisation_id):  # one transaction for all that is read
        return _read_whole(generation)


def _read_whole(generation: Generation) -> dict[str, Any]:
    video = access.video_of(generation) if generation.status in TERMINAL else None
    tries = attempts.count(generation)
    return presenting.generation_json(generation, video, attempts=tries)
