"""llmprovider's addresses: create and query."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from django.http import HttpRequest

from generations import access, presenting
from generations.catalogue.params import Kind
from generations.compat import doors
from generations.compat.doors import Answer, door
from generations.compat.llmprovider.authentication import actor_of
from generations.compat.llmprovider.errors import refuse
from generations.compat.ordering import look_up, place, warned
from generations.models import Generation
from generations.wire.kling import tasks
from generations.wire.llmprovider import server as wire
from generations.wire.task import BadRequest
from kling_saas.lib.refusals import NotFound

DOOR = "llmprovider"
KIND: Kind = "text2video"  # all that is sold here


@door(("POST",), refuse)
def create(request: HttpRequest) -> Answer:
    """Order; the answer is the flat task. `model` is required here, as its page says."""
    actor = actor_of(request)
    body = doors.body_json(request)
    order = wire.decode_order(body)
    if "model" not in order.explicit:
        raise BadRequest("model", f"is required: {' or '.join(wire.MODELS)}")

    def encode(generation: Generation) -> dict[str, Any]:
        return warned(tasks.created(presenting.task(generation)), generation)

    spelt = partial(wire.place_of, body)
    placed = place(request, actor, order, door=DOOR, encode=encode, spelt=spelt, models=wire.MODELS)
    return doors.text_answer(placed.body, 200, placed.headers)


@door(("GET",), refuse)
def task(request: HttpRequest, label: str, kind: Kind = KIND) -> Answer:
    """One task of this kind alone, by its id or by the client's external_task_id."""
    generation = look_up(actor_of(request), label, kind)
    reply = wire.encode_task(presenting.task(generation, access.video_of(generation)))
    return doors.answer(replace(reply, json=warned(reply.json, generation)))


@door(("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"), refuse)
def unknown(request: HttpRequest) -> Answer:
    """There is nothing here."""
    raise NotFound(f"Unknown request URL: {request.method} {request.path[:200]}")
