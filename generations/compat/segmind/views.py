"""Segmind's addresses: every slug on v1 and v2, requests by id, the credits left."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from accounts.actors import Actor
from accounts.scopes import Scope
from billing import wallets
from generations import access, presenting, products, storage
from generations.catalogue import billable
from generations.compat import doors
from generations.compat.doors import Answer, door
from generations.compat.ordering import Placed, place, warned
from generations.compat.segmind.authentication import actor_of
from generations.compat.segmind.errors import refuse
from generations.models import Generation, Status, Video
from generations.models.generation import TERMINAL
from generations.wire.segmind import server as wire
from generations.wire.segmind import slugs, voices
from generations.wire.task import Task, WireReply
from kling_saas.api import headers
from kling_saas.lib.refusals import NotFound

DOOR = "segmind"
PREFIX = f"/{DOOR}"
_MOMENT = re.compile(r"[0-9]{1,12}\.[0-9]{3}")
_CUSTOMERS_FAULT = {"moderation", "upstream_refused"}


@door(("POST",), refuse)
def create_v1(request: HttpRequest, slug: str) -> Answer:
    """Order and hold the line: the answer is the film, or 504 with the id to ask for later."""
    placed = _placed(request, actor_of(request), slug)
    limit = settings.SEGMIND_WAIT_MAX
    path = f"{PREFIX}/v1/requests/{placed.generation}?until={time.time() + limit:.3f}"
    response = doors.answer(_too_long(placed.generation), placed.headers)
    headers.hold(response, placed.generation, limit, path, new=placed.new)
    return response


@door(("GET",), refuse)
def result_v1(request: HttpRequest, public_id: str) -> Answer:
    """The answer to a v1 call; 202 while the film is not there. The held call asks here with
    `until` (Unix seconds), and after that moment hears 504.
    """
    actor = actor_of(request)
    generation = _find(actor, public_id)
    until = request.GET.get("until", "")
    if generation.status not in TERMINAL:
        if _MOMENT.fullmatch(until) and time.time() >= float(until):
            return doors.answer(_too_long(public_id))
        return doors.answer(replace(wire.encode_result(_task(actor, generation)), status=202))
    response = _ended(request, actor, generation)
    if until:
        response["X-Kling-Final"] = "1"
    return response


@door(("POST",), refuse)
def create_v2(request: HttpRequest, slug: str) -> Answer:
    """Order, and be told where to ask."""
    placed = _placed(request, actor_of(request), slug)
    headers = {"x-request-id": placed.generation, **placed.headers}
    return doors.text_answer(placed.body, 200, headers)


@door(("GET",), refuse)
def status_v2(request: HttpRequest, public_id: str) -> Answer:
    """The state without the film; 422 when it failed."""
    actor = actor_of(request)
    return doors.answer(wire.encode_status(_task(actor, _find(actor, public_id))))


@door(("GET",), refuse)
def result_v2(request: HttpRequest, public_id: str) -> Answer:
    """The state and the film; 422 when it failed."""
    actor = actor_of(request)
    generation = _find(actor, public_id)
    video = access.video_of(generation)
    return _json_of(wire.encode_result(_task(actor, generation, video)), generation)


@door(("GET",), refuse)
def credits_left(request: HttpRequest) -> Answer:
    """What is available, in dollars at list price."""
    actor = actor_of(request)
    actor.must_have(Scope.BILLING)
    return doors.answer(wire.encode_credits(_remaining(actor)))


@door(("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"), refuse)
def unknown(request: HttpRequest) -> Answer:
    """Segmind has nothing here."""
    raise NotFound("Model or endpoint not found")


def _placed(request: HttpRequest, actor: Actor, slug: str) -> Placed:
    page = slugs.find(slug)
    spelt: Callable[[str], str]
    if slug == voices.SLUG:
        body, words = doors.body_json(request), products.words()
        order, spelt = voices.decode_order(body, words), partial(voices.place_of, body, words)
    elif page is not None:
        body = doors.body_json(request)
        order, spelt = wire.decode_order(page, body), partial(wire.place_of, page, body)
    else:
        raise NotFound(f"Model or endpoint not found: {slug[:60]!r}")
    base_url = request.build_absolute_uri(PREFIX if request.path.startswith(PREFIX) else "/")

    def encode(generation: Generation) -> dict[str, Any]:
        reply = wire.encode_queued(presenting.task(generation), base_url)
        return warned(reply.json, generation)

    return place(
        request, actor, order, door=DOOR, encode=encode, spelt=spelt, max_shots=slugs.SHOTS_MAX
    )


def _find(actor: Actor, public_id: str) -> Generation:
    actor.must_have(Scope.READ)
    try:
        return access.find(actor, public_id)
    except NotFound:
        raise NotFound(f"Request {public_id[:60]} not found") from None


def _remaining(actor: Actor) -> Any:
    return billable.usd_of(wallets.balance(actor.organisation_id, actor.livemode).available)


def _task(actor: Actor, generation: Generation, video: Video | None = None) -> Task:
    return replace(presenting.task(generation, video), remaining_usd=_remaining(actor))


def _too_long(public_id: str) -> WireReply:
    return wire.encode_error(
        504,
        f"Request timed out; it goes on: ask GET /v2/requests/{public_id}",
        request_id=public_id,
    )


def _ended(request: HttpRequest, actor: Actor, generation: Generation) -> Answer:
    """A v1 answer: the film as JSON or as bytes, or why there is none (any more)."""
    video = access.video_of(generation)
    task = _task(actor, generation, video)
    as_bytes = _wants_bytes(request, actor)
    if task.facts or (task.gone and not as_bytes):
        return _json_of(wire.encode_result(task), generation)
    if task.gone:
        return doors.answer(wire.encode_error(404, task.message, request_id=task.id))
    if generation.status != Status.SUCCEEDED or video is None:
        status = 400 if generation.error_code in _CUSTOMERS_FAULT else 502
        message = task.message or "Generation failed"
        return doors.answer(wire.encode_error(status, message, request_id=task.id))
    if as_bytes:
        return _film(video, wire.accounting_headers(task))
    return _json_of(wire.encode_result(task), generation)


def _json_of(reply: WireReply, generation: Generation) -> HttpResponse:
    return doors.answer(replace(reply, json=warned(reply.json, generation)))


def _wants_bytes(request: HttpRequest, actor: Actor) -> bool:
    accepted = request.headers.get("Accept", "").lower().split(",")
    return actor.raw_video or any(one.strip().startswith("video/") for one in accepted)


def _film(video: Video, headers: dict[str, str]) -> StreamingHttpResponse:
    whole = storage.Range(0, video.bytes - 1, video.bytes)
    return StreamingHttpResponse(
        storage.chunks(storage.open_file(video.key), whole),
        content_type="video/mp4",
        headers={**headers, "Content-Length": str(video.bytes)},
    )
