"""The playground: an order as form, JSON and code, priced before it runs, run where one sees it.

It runs with test credits, unless one is in live mode and says that live ones are to be spent.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.actors import Actor
from accounts.requests import ActingRequest
from generations import access, presenting, submission
from generations.api import inputs
from generations.api.generations import accepted
from generations.catalogue.registry import SPECS
from generations.models.generation import TERMINAL
from kling_saas.api.parsing import read_object
from kling_saas.lib.refusals import Refusal
from kling_saas.web.dev import key_form, order_code, order_form
from kling_saas.web.dev.frame import developer
from kling_saas.web.docs import reader
from kling_saas.web.docs.markdown import Block

_OURS = ("dialect", "run", "live")


@require_GET
@developer
def page(request: ActingRequest, actor: Actor) -> HttpResponse:
    """The form, and beside it the same as JSON and code, with its price."""
    asked = order_form.begun(_asked(request))
    spec = order_form.spec_of(asked)
    context = _told(request, actor, order_form.body(spec, asked))
    context |= {"spec": spec, "specs": SPECS, "fields": order_form.fields(spec, asked)}
    if run := request.GET.get("run", ""):
        context |= _result(actor, run, live=request.GET.get("live") == "1")
    return _unkept(render(request, "dev/playground.html", context))


@require_GET
@developer
def code(request: ActingRequest, actor: Actor) -> HttpResponse:
    """JSON, price and code alone, for a form that has changed; the address tells it too."""
    asked = _asked(request)
    context = _told(request, actor, order_form.body(order_form.spec_of(asked), asked))
    response = _unkept(render(request, "dev/parts/order.html", context))
    dialect = {"dialect": context["dialect"]}
    response["HX-Replace-Url"] = _address({k: v for k, v in asked.items() if v} | dialect)
    return response


@require_POST
@developer
def run(request: ActingRequest, actor: Actor) -> HttpResponse:
    """Order what the JSON says, or only read it into the form."""
    text, dialect = request.POST.get("json", ""), request.POST.get("dialect", "native")
    try:
        body = read_object(text.encode())
        asked = dict(order_form.texts(body)) | {"dialect": dialect}
        if "read" in request.POST:
            return _see(asked)
        order = inputs.order(_player(actor, request.POST.get("live") == "1"), body, _once(request))
        if inputs.is_dry(body):
            return _see(asked)
        player = _player(actor, request.POST.get("live") == "1")
        receipt = submission.submit(player, order, accepted)
    except Refusal as refusal:
        return _refused(request, actor, text, refusal)
    live = {"live": "1"} if player.livemode else {}
    return _see({**asked, **live, "run": receipt.generation})


@require_GET
@developer
def result(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """How far what was run is, and in the end the film."""
    context = _result(actor, public_id, live=request.GET.get("live") == "1")
    return render(request, "dev/parts/result.html", context)


def _asked(request: ActingRequest) -> dict[str, str]:
    return {name: request.GET.get(name, "") for name in request.GET if name not in _OURS}


def _player(actor: Actor, live: bool) -> Actor:
    return replace(actor, livemode=actor.livemode and live)


def _once(request: ActingRequest) -> str | None:
    return request.POST.get("once", "")[:60] or None


def _told(request: ActingRequest, actor: Actor, body: dict[str, Any]) -> dict[str, Any]:
    """The order priced and written for every dialect, or what is wrong with it."""
    key, dialect = reader.key_of(request), request.GET.get("dialect", "")
    context: dict[str, Any] = {
        "dialect": dialect if dialect in order_code.DIALECTS else "native",
        "dialects": [("native", "Native", order_code.native(body, key))],
        "json": json.dumps(body, indent=2, ensure_ascii=False),
        "once": uuid4().hex,
    }
    try:
        order = inputs.order(_player(actor, live=False), body, None)
        prepared = submission.rehearse(_player(actor, live=False), order)
    except Refusal as refusal:
        return context | {"problems": key_form.told(refusal)}
    context["dialects"] += [
        (name, words, order_code.in_dialect(name, prepared.params, key))
        for name, words in order_code.DIALECTS.items()
        if name != "native"
    ]
    return context | {"prepared": prepared}


def _result(actor: Actor, public_id: str, *, live: bool) -> dict[str, Any]:
    generation = access.find(_player(actor, live), public_id)
    told = presenting.generation_json(generation, access.video_of(generation))
    shown = json.dumps(told, indent=2, ensure_ascii=False)
    return {
        "ran": told,
        "ran_live": generation.livemode,
        "over": generation.status in TERMINAL,
        "answer": Block("json", "copy", shown),
    }


def _refused(request: ActingRequest, actor: Actor, text: str, refusal: Refusal) -> HttpResponse:
    """The page again with what was typed, and why it was refused: nothing was ordered."""
    try:
        asked = dict(order_form.texts(read_object(text.encode())))
    except Refusal:
        asked = {}
    spec = order_form.spec_of(asked)
    context = _told(request, actor, order_form.body(spec, asked))
    context |= {"spec": spec, "specs": SPECS, "fields": order_form.fields(spec, asked)}
    context |= {"json": text, "problems": key_form.told(refusal)}
    return _unkept(render(request, "dev/playground.html", context, status=refusal.status))


def _see(asked: dict[str, str]) -> HttpResponse:
    return HttpResponse(status=303, headers={"Location": _address(asked)})


def _address(asked: dict[str, str]) -> str:
    return f"{reverse('dev-playground')}?{urlencode(asked)}"


def _unkept(response: HttpResponse) -> HttpResponse:
    """The reader's test key stands in the code."""
    response["Cache-Control"] = "no-store"
    return response
