"""Kling's addresses: create, one task, a page of tasks, what is left on the account."""

from __future__ import annotations

import time
from functools import partial
from typing import Any, get_args

from django.conf import settings
from django.http import HttpRequest

from accounts import tenancy
from accounts.actors import Actor
from accounts.scopes import Scope
from billing import wallets
from generations import access, presenting
from generations import products as sold
from generations.catalogue import billable
from generations.catalogue.params import Kind
from generations.catalogue.products.presets import Sort
from generations.catalogue.products.registry import PRODUCTS
from generations.compat import doors
from generations.compat.doors import Answer, door
from generations.compat.kling.authentication import actor_of
from generations.compat.kling.errors import NoSuchMethod, failed, refuse
from generations.compat.kling.paging import paging
from generations.compat.ordering import look_up, place, warned
from generations.models import Generation
from generations.models.generation import TERMINAL
from generations.wire import plain
from generations.wire.kling import codes, tasks
from generations.wire.kling import server as wire
from generations.wire.task import BadRequest, TaskState
from kling_saas.api import headers
from kling_saas.api.requests import request_id

DOOR = "kling"
_DIGITS = 13  # of Unix milliseconds, until the year 2286
_TO_TELL = 5  # seconds from the deadline of what is made at once to the end of its wait


@door(("GET", "POST"), refuse)
def products(request: HttpRequest, kind: Kind) -> Answer:
    """POST orders, GET lists."""
    actor = actor_of(request)
    return (
        _create(request, actor, kind) if request.method == "POST" else _list(request, actor, kind)
    )


def _create(request: HttpRequest, actor: Actor, kind: Kind) -> Answer:
    if kind in PRODUCTS and kind not in sold.current():
        raise NoSuchMethod(f"{PRODUCTS[kind].title} is not served at the moment.")
    body = doors.body_json(request)
    order = wire.decode_order(kind, body)

    def encode(generation: Generation) -> dict[str, Any]:
        data = warned(tasks.created(presenting.task(generation)), generation)
        envelope: dict[str, Any] = codes.envelope(data, request_id.get()).json
        return envelope

    product = PRODUCTS.get(kind)
    # Its clients read the result in this answer and look for none later.
    limit = settings.KLING_WAIT_SECONDS if product and product.at_once else 0
    deadline = limit - _TO_TELL if limit else None
    spelt = partial(wire.place_of, kind, body)
    placed = place(request, actor, order, door=DOOR, encode=encode, spelt=spelt, deadline=deadline)
    response = doors.text_answer(placed.body, 200, placed.headers)
    if product and limit:
        address = f"/{DOOR}{product.path}/{placed.generation}?until={time.time() + limit:.3f}"
        headers.hold(response, placed.generation, limit, address, new=placed.new)
    return response


def _list(request: HttpRequest, actor: Actor, kind: Kind) -> Answer:
    """Tasks of this door's; voices and elements of whichever, for all can be named here."""
    product = PRODUCTS.get(kind)
    gives = product.gives.removesuffix("_id") if product else ""
    door = "" if gives in get_args(Sort) else DOOR
    actor.must_have(Scope.READ)
    wanted = paging(request, gives)
    with tenancy.scope(actor.organisation_id):
        these = access.Wanted(door=door, kind=kind, kept=True)
        page = access.page(actor, these, limit=wanted.size, offset=wanted.offset)
        listed = presenting.tasks(page)
    return doors.answer(wire.encode_list(listed, request_id.get()))


@door(("GET",), refuse)
def task(request: HttpRequest, kind: Kind, label: str) -> Answer:
    """One task of this product's, by its id or by the client's external_task_id.

    A held create asks here with `until`; what is made at once and fails is an error to it.
    """
    generation = look_up(actor_of(request), label, kind)
    told = presenting.task(generation, access.video_of(generation))
    held = "until" in request.GET
    if held and told.state is TaskState.FAILED:
        response = failed(generation.error_code, told.message)
    else:
        data = warned(tasks.flat(told), generation)
        response = doors.answer(codes.envelope(data, request_id.get()))
    if held and generation.status in TERMINAL:
        response["X-Kling-Final"] = "1"
    return response


@door(("GET",), refuse)
def costs(request: HttpRequest) -> Answer:
    """The wallet as one resource pack, in Kling's units (credits ÷ 10), if its name is asked for.

    It is there at all times, so that every period has it.
    """
    actor = actor_of(request)
    actor.must_have(Scope.BILLING)
    start, end = _moment(request, "start_time"), _moment(request, "end_time")
    if end < start:
        raise BadRequest("end_time", "must not be before start_time")
    balance = wallets.balance(actor.organisation_id, actor.livemode)
    in_hand = billable.units_of(balance.available + balance.reserved)
    pack = {
        "resource_pack_name": "Credits" if actor.livemode else "Test credits",
        "resource_pack_id": "live" if actor.livemode else "test",
        "resource_pack_type": "decreasing_total",
        "total_quantity": plain.decimal(in_hand),
        "remaining_quantity": plain.decimal(billable.units_of(balance.available)),
        "status": "online" if balance.available else "runOut",
    }
    wanted = request.GET.get("resource_pack_name") or pack["resource_pack_name"]
    packs = [pack] if wanted == pack["resource_pack_name"] else []
    data = {"code": codes.OK, "msg": "SUCCEED", "resource_pack_subscribe_infos": packs}
    return doors.answer(codes.envelope(data, request_id.get()))


def _moment(request: HttpRequest, name: str) -> int:
    text = request.GET.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise BadRequest(name, "is required: Unix milliseconds")
    return int(text)


@door(("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"), refuse)
def unknown(request: HttpRequest) -> Answer:
    """A product of Kling's that is not served here."""
    raise NoSuchMethod(f"The requested method is invalid: {request.path[:200]}")
