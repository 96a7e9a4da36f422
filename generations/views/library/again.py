"""A film made once more out of a film: the same, in better quality, or going on from its end."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing.pages import signed_in
from generations import presenting
from generations.catalogue.params import FILMS, Params
from generations.catalogue.products.moving import EXTEND
from generations.catalogue.registry import resolve
from generations.films import BadFilm
from generations.forms import order as orders
from generations.gallery import finding, frames
from generations.models import Generation, Video
from generations.submission import Submission, prepare, submit
from generations.views.words import plain
from kling_saas.lib.numbers import whole
from kling_saas.lib.refusals import NotFound, Refusal

_DOOR = "website"
SAME, BETTER, LONGER = "same", "pro", "longer"
_WORDS: Mapping[str, tuple[Promise | str, str]] = {
    SAME: (_("Re-run"), "repeat"),
    BETTER: (_("Finish in pro"), "sparkles"),
    LONGER: (_("Extend by 5 s"), "fast-forward"),
}


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be ordered at one press, with its price; `key` makes two presses one order."""

    name: str
    words: Promise | str
    icon: str
    credits: int
    key: str


def fields_of(made: Generation) -> dict[str, Any]:
    """The native order that makes the same film."""
    order = Params.from_json(made.params)
    if made.kind in FILMS and not (order.static_mask or order.dynamic_masks):
        return orders.of(order).fields()
    return presenting.ordered(made.params)


def offers(actor: Actor, film: Video) -> list[Offer]:
    """What the actor could order now, at today's prices."""
    if not actor.may_order:
        return []
    found = []
    for name in _ways(film.generation):
        try:
            price = prepare(actor, _ordered(film, name, "")).credits
        except Refusal:
            continue
        found.append(Offer(name, *_WORDS[name], price, str(uuid.uuid4())))
    return found


def _ways(made: Generation) -> list[str]:
    order, spec = Params.from_json(made.params), resolve(made.model)
    finer = made.kind in FILMS and spec is not None and "pro" in spec.mode_names
    longer = made.model in EXTEND.models and made.kind in (*FILMS, EXTEND.name)
    return [
        SAME,
        *[BETTER for _once in range(finer and order.mode == "std")],
        *[LONGER for _once in range(longer)],
    ]


def _ordered(film: Video, way: str, prompt: str, **terms: Any) -> Submission:
    fields = fields_of(film.generation)
    if way == BETTER:
        fields["mode"] = "pro"
    elif way == LONGER:
        fields = {"task": EXTEND.name, "video": film.generation.public_id}
        fields |= {"prompt": prompt} if prompt else {}
    return Submission(fields=fields, door=_DOOR, **terms)


@require_POST
@signed_in
def order(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """Order what a button of the film's page said, at most at the price that it said."""
    film, way = finding.one(actor, public_id), request.POST.get("way", "")
    if way not in _ways(film.generation):
        raise NotFound(f"There is no way {way[:20]!r} to make it again.")
    key = request.POST.get("key", "")[:64] or str(uuid.uuid4())
    wanted = _ordered(
        film,
        way,
        request.POST.get("prompt", "").strip(),
        idempotency_key=f"{actor.user_id}:{key}",
        max_cost=whole(request.POST.get("quoted", "")),
    )
    try:
        receipt = submit(actor, wanted, lambda generation: generation.public_id)
    except Refusal as refusal:
        messages.error(request, plain(refusal.detail))
        return redirect("film", public_id=public_id)
    return redirect("job", public_id=receipt.generation)


@require_POST
@signed_in
def last_frame(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """On to the studio, where the film's last frame is the first of the next one."""
    try:
        film = finding.one(actor, public_id)
        picture = frames.last(actor, film)
    except NotFound:
        raise
    except BadFilm as trouble:
        messages.error(request, f"{public_id}: {trouble}.")
        return redirect("film", public_id=public_id)
    except Refusal as refusal:
        messages.error(request, plain(refusal.detail))
        return redirect("film", public_id=public_id)
    begun = {"image": picture.public_id, "model": film.generation.model}
    return redirect(f"{reverse('studio')}?{urlencode(begun)}")
