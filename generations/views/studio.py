"""The studio: one plain form that prices, checks and orders a film."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing import freezes, offers, wallets
from billing.errors import CapReached, InsufficientCredits, PlanRequired, WalletFrozen
from billing.pages import signed_in
from billing.views.words import why_frozen
from generations import access, batches, recipes, routing, storage
from generations.batches import Terms
from generations.catalogue.capabilities import CAPABILITIES, lacking, lacking_kind
from generations.catalogue.params import SHOTS_MAX, Params
from generations.errors import CapExceeded, InvalidRequest
from generations.forms import order as orders
from generations.forms.order import Order
from generations.models import Generation, Upload
from generations.submission import Receipt, Submission, prepare, submit
from generations.views.cards import recent_cards
from generations.views.choices import choices, missing_plans
from generations.views.phrases import PARTS
from generations.views.price_data import studio_data
from generations.views.samples import samples
from generations.views.words import plain
from kling_saas.lib.numbers import whole
from kling_saas.lib.refusals import IdempotencyKeyReused, Refusal

_DOOR = "website"
_REMEMBERED = 20  # prompts that the history offers


@require_http_methods(["GET", "POST"])
@signed_in
def studio(request: ActingRequest, actor: Actor) -> HttpResponse:
    """GET shows an order to begin with; POST orders it, or shows what stands against it.

    The button named `check` only prices and checks: that is how the page works without scripts.
    """
    if request.method == "GET":
        return _page(request, actor, _begin(request, actor))
    order = orders.read(request.POST)
    key = request.POST.get("key", "")[:64] or str(uuid.uuid4())
    try:
        orders.take_frames(order, request.FILES, actor)
        wanted = Submission(
            fields=order.fields(),
            door=_DOOR,
            idempotency_key=f"{actor.user_id}:{key}",
            max_cost=whole(request.POST.get("quoted", "")),
        )
        if "check" in request.POST:
            prepare(actor, wanted)
            return _page(request, actor, order, key=key)
        made = _ordered(actor, order, wanted)
    except InvalidRequest as refusal:
        return _page(request, actor, order, violations=refusal.violations, key=key)
    except IdempotencyKeyReused:
        # The reader went back, changed the order and pressed again: a new film, so a new key.
        notice = _("This form has made a film already. Press the button again to make another.")
        return _page(request, actor, order, notice=notice, status=409)
    except Refusal as refusal:
        return _page(
            request, actor, order, notice=_words(refusal), key=key, status=refusal.status,
            capped=refusal if isinstance(refusal, CapReached) else None,
            locked=isinstance(refusal, PlanRequired),
        )  # fmt: skip
    return redirect("job", public_id=made[0]) if len(made) == 1 else redirect("jobs")


def _ordered(actor: Actor, order: Order, wanted: Submission) -> list[str]:
    """The ids of the films: as many as the order asks for, or none at all. Raises a Refusal."""

    def named(generation: Generation) -> str:
        return generation.public_id

    if order.takes == 1:
        return [submit(actor, wanted, named).generation]
    terms = Terms(
        key=wanted.idempotency_key,
        body={**wanted.fields, "takes": order.takes},
        max_cost=wanted.max_cost,
        all_or_nothing=True,
    )
    each = [replace(wanted, fields=fields, max_cost=None) for fields in order.each_fields()]
    outcomes = batches.place(actor, each, terms, named)
    for refusal in outcomes:
        if isinstance(refusal, InsufficientCredits):  # it knows of its own film alone
            available = wallets.balance(actor.organisation_id, actor.livemode).available
            raise InsufficientCredits(needed=refusal.needed * order.takes, available=available)
        if isinstance(refusal, Refusal):
            raise refusal
    return [outcome.generation for outcome in outcomes if isinstance(outcome, Receipt)]


def _begin(request: ActingRequest, actor: Actor) -> Order:
    if source := request.GET.get("from"):
        begun = orders.of(Params.from_json(access.find(actor, source).params))
        if request.GET.get("seed") == "new":
            begun.seed = ""
    elif named := request.GET.get("recipe"):
        return orders.again(recipes.find(actor, named).fields)
    else:
        begun = orders.example(request.GET.get("model", ""), request.GET.get("prompt", "")[:2500])
    mode, duration = request.GET.get("mode", ""), request.GET.get("duration", "")
    begun.mode = mode if mode in begun.spec.mode_names else begun.mode
    if duration in map(str, begun.spec.durations):
        begun.duration = duration
    if "from" not in request.GET:
        begun.sound = request.GET.get("sound") == "on" and begun.has("sound")
    for name in ("image", "image_tail"):
        if picture := request.GET.get(name, "")[:80]:
            setattr(begun, name, picture)
            begun.prompt = request.GET.get("prompt", "")[:2500]
    return begun


def _words(refusal: Refusal) -> str:
    if isinstance(refusal, InsufficientCredits):
        return _(
            "This order needs %(needed)s credits and %(available)s are available. "
            "Nothing was charged. Choose something shorter or simpler, or add credits."
        ) % {"needed": refusal.needed, "available": refusal.available}
    if isinstance(refusal, CapExceeded):
        return _(
            "The price is %(now)s credits, not %(shown)s as the button said. Nothing was charged. "
            "Press the button again to order at the price it shows now."
        ) % {"now": refusal.facts["credits"], "shown": refusal.facts["max_cost"]}
    if isinstance(refusal, WalletFrozen):
        return ""  # the page itself says why, whatever was pressed
    if isinstance(refusal, CapReached | PlanRequired):
        return plain(refusal.standing)
    return plain(refusal.detail)


def _page(
    request: ActingRequest,
    actor: Actor,
    order: Order,
    *,
    violations: Sequence[Mapping[str, Any]] = (),
    notice: str = "",
    key: str = "",
    status: int = 200,
    capped: CapReached | None = None,
    locked: bool = False,
) -> HttpResponse:
    spec = order.spec
    mode = order.mode if order.mode in spec.mode_names else spec.default_mode
    cards = recent_cards(actor, 6)
    context = {
        **choices(actor, order, mode),
        **_due(actor, order),
        "order": order,
        "spec": spec,
        "mode": mode,
        "length": order.seconds,
        "sound_always": bool(spec.sound and spec.sound.always),
        "problems": _by_control(violations),
        "all_problems": [plain(violation["message"]) for violation in violations],
        "notice": notice,
        "capped": capped,
        "locked": locked,
        "may_raise": actor.may_buy,
        "frozen": _frozen(actor),
        "key": key or str(uuid.uuid4()),
        "on": {name: order.has(name) for name in CAPABILITIES},
        "reasons": {name: plain(lacking(spec, name)) for name in CAPABILITIES},
        "kind_reason": plain(lacking_kind(spec, order.kind)),
        "shot_rows": [*order.shots, *[("", "5")] * (SHOTS_MAX - len(order.shots))],
        "frames": _frames(order),
        "seeds": routing.only_sandbox(livemode=actor.livemode),
        "data": {**studio_data(actor.organisation_id), "packs": _packs()},
        "cards": cards,
        "screen": next((c for c in cards if c.status not in {"failed", "cancelled"}), None),
        "recipes": [
            {**sample, "plans": missing_plans(actor, sample["sample"].model)}
            for sample in samples(actor.organisation_id)[1:]
        ],
        "lock": missing_plans(actor, spec.name),
        "parts": PARTS,
        "kept": recipes.of(actor),
        "history": access.prompts_of(actor, _REMEMBERED),
    }
    if violations and status == 200:
        status = 422
    return render(request, "generations/studio.html", context, status=status)


def _due(actor: Actor, order: Order) -> dict[str, Any]:
    """What it costs, and what that leaves in the wallet."""
    credits_due = _price(actor, order)
    credits_due = None if credits_due is None else credits_due * order.takes
    available = wallets.balance(actor.organisation_id, actor.livemode).available
    return {
        "credits": credits_due,
        "after": available - (credits_due or 0),
        "short": credits_due is not None and credits_due > available,
    }


def _frozen(actor: Actor) -> list[str]:
    """What stops spending now, as the wallet's page says it."""
    found = freezes.causes(actor.organisation_id, actor.livemode)
    return [why_frozen(one.cause, one.reason) for one in found]


def _packs() -> list[dict[str, Any]]:
    """What a wallet that is short is filled up with, smallest first."""
    on_sale = sorted(offers.packs(), key=lambda pack: pack.gives)
    return [{"credits": pack.gives, "price_cents": pack.price_cents} for pack in on_sale]


def _price(actor: Actor, order: Order) -> int | None:
    """What the order as shown costs, None while it cannot be ordered."""
    try:
        return prepare(actor, Submission(fields=order.fields(), door=_DOOR)).priced.credits
    except Refusal:
        return None


def _by_control(violations: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Sentences by the control they are about: `multi_prompt[1].duration` is about multi_prompt."""
    found: dict[str, list[str]] = {}
    for violation in violations:
        control = str(violation["field"]).partition(".")[0].partition("[")[0]
        found.setdefault(control, []).append(plain(violation["message"]))
    return found


def _frames(order: Order) -> dict[str, dict[str, str]]:
    """The images given so far, with an address to show them from."""
    shown = {}
    for name in ("image", "image_tail"):
        value = getattr(order, name)
        stored = Upload.objects.filter(public_id=value).first() if value else None
        shown[name] = {"value": value, "url": storage.link(stored.key) if stored else ""}
    return shown
