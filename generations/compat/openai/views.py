"""OpenAI's addresses: create, list, look, delete, download, remix."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.csrf import csrf_exempt

from accounts import tenancy
from accounts.actors import Actor
from accounts.api.authentication import actor_of_bearer
from accounts.scopes import Scope
from generations import access, contents
from generations.catalogue import registry
from generations.catalogue.params import FILMS
from generations.catalogue.products.registry import PRODUCTS
from generations.compat import doors
from generations.compat.doors import Answer, door
from generations.compat.openai import reading, showing
from generations.compat.openai.errors import refuse, refuse_order
from generations.compat.ordering import place
from generations.gallery import trash
from generations.models import Generation
from generations.wire.openai import models
from generations.wire.openai import server as wire
from generations.wire.task import BadRequest, Order
from kling_saas.api import pagination
from kling_saas.lib.refusals import NotFound

DOOR = "openai"
VARIANTS = ("video", "thumbnail")
ORDERS = ("desc", "asc")


@csrf_exempt
def videos(request: HttpRequest) -> Answer:
    """POST orders, GET lists."""
    return _create(request) if request.method == "POST" else _list(request)


@door(("POST",), refuse_order)
def _create(request: HttpRequest) -> Answer:
    actor = _actor_of(request, Scope.GENERATE)
    body = reading.body_of(request, actor)
    sold = models.read(settings.OPENAI_MODELS)
    order = wire.decode_order(body, sold)
    asked = body.get("model") or wire.DEFAULT_MODEL
    facts = {"model": asked, "size": body.get("size") or None}
    ours = [spec.name for spec in registry.SPECS if not spec.discontinued]
    return _placed(request, actor, order, facts, [*sold, *ours])


@door(("POST",), refuse_order)
def remix(request: HttpRequest, public_id: str) -> Answer:
    """A new job from the inputs of a video of one's own, with another prompt."""
    actor = _actor_of(request, Scope.GENERATE)
    source = _find(actor, public_id)
    if source.kind not in FILMS:
        raise BadRequest("video_id", f"names a {source.kind}, which cannot be remixed")
    order = wire.decode_remix(reading.body_of(request, actor), source.params)
    facts = {
        name: source.door_facts[name] for name in ("model", "size") if name in source.door_facts
    }
    return _placed(request, actor, order, {**facts, "remixed_from": source.public_id})


def _placed(
    request: HttpRequest,
    actor: Actor,
    order: Order,
    facts: Mapping[str, Any],
    known: Sequence[str] = (),
) -> HttpResponse:
    placed = place(
        request,
        actor,
        order,
        door=DOOR,
        facts=facts,
        encode=showing.fresh,
        spelt=wire.place_of,
        models=known,
    )
    return doors.text_answer(placed.body, 200, placed.headers)


@door(("GET", "POST"), refuse)
def _list(request: HttpRequest) -> Answer:
    """A page of the videos that were ordered at this door."""
    actor = _actor_of(request, Scope.READ)
    wanted = pagination.wanted(request)
    order = request.GET.get("order", ORDERS[0])
    if order not in ORDERS:
        raise BadRequest("order", f"must be one of {', '.join(ORDERS)}")
    with tenancy.scope(actor.organisation_id):
        page = access.page(
            actor,
            access.Wanted(door=DOOR),
            after=wanted.after,
            limit=wanted.limit,
            oldest_first=order == "asc",
        )
        listed = showing.several(page)
    return doors.answer(wire.encode_list(listed, more=page.after is not None))


@door(("GET", "DELETE"), refuse)
def video(request: HttpRequest, public_id: str) -> Answer:
    """The job as it stands, whichever door it was ordered at, or its deletion."""
    if request.method == "DELETE":
        return _delete(_actor_of(request, Scope.GENERATE), public_id)
    actor = _actor_of(request, Scope.READ)
    return doors.text_answer(json.dumps(showing.one(_find(actor, public_id))), 200, {})


def _delete(actor: Actor, public_id: str) -> HttpResponse:
    """For good, as OpenAI promises: its film at once, itself from every list. Repeatable."""
    video = _find(actor, public_id, deleted=True).public_id
    with suppress(NotFound):  # one that failed has none
        trash.destroy(actor, video)
    trash.discard_generation(actor, video)
    return doors.answer(wire.encode_deleted(video))


@door(("GET",), refuse)
def content(request: HttpRequest, public_id: str) -> Answer:
    """302 to the film, or to its poster as `thumbnail`, by a link that takes ranges and ends."""
    generation = _find(_actor_of(request, Scope.READ), public_id)
    variant = request.GET.get("variant") or VARIANTS[0]
    if variant not in VARIANTS:
        raise BadRequest("variant", f"must be one of {', '.join(VARIANTS)}: no other is made here")
    return HttpResponseRedirect(contents.link(generation, poster=variant == "thumbnail"))


@door(("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"), refuse)
def unknown(request: HttpRequest) -> Answer:
    """There is nothing here."""
    raise NotFound(f"Invalid URL ({request.method} {request.path[:200]})")


def _actor_of(request: HttpRequest, scope: Scope) -> Actor:
    """Who calls. Raises Unauthenticated, and Forbidden for a key without `scope`."""
    actor = actor_of_bearer(request)
    actor.must_have(scope)
    return actor


def _find(actor: Actor, public_id: str, *, deleted: bool = False) -> Generation:
    """A generation of one's own that makes a film; `deleted`: or was deleted. Raises NotFound."""
    try:
        found = access.find(actor, public_id if public_id.isprintable() else "")
    except NotFound:
        found = None
    product = PRODUCTS.get(found.kind) if found else None
    no_film = product is not None and "video" not in product.outputs
    if found is None or no_film or (found.trashed_at and not deleted):
        raise NotFound(f"Video with id '{public_id[:60]}' not found.")
    return found
