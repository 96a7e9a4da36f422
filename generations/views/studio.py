"""The studio: one plain form that prices, checks and orders a film."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing import freezes, unlocking, wallets
from billing.errors import CapReached, InsufficientCredits, PlanRequired, WalletFrozen
from billing.models import Plan
from billing.pages import signed_in
from billing.views.words import why_frozen
from generations import access, routing, storage
from generations.catalogue.capabilities import CAPABILITIES, lacking, lacking_kind
from generations.catalogue.params import SHOTS_MAX, Params
from generations.catalogue.registry import SPECS
from generations.catalogue.spec import ASPECT_RATIOS, CAMERA_AXES, CAMERA_TYPES, Spec
from generations.errors import CapExceeded, InvalidRequest
from generations.forms import order as orders
from generations.forms.order import LENGTHS, MODE_WORDS, Order
from generations.models import Upload
from generations.submission import Submission, prepare, submit
from generations.views.cards import recent_cards
from generations.views.phrases import PHRASES
from generations.views.price_data import credits_of, price_matrix, studio_data
from generations.views.samples import samples
from generations.views.words import AXIS, CAMERA, plain
from generations.waiting import usual_for
from kling_saas.lib.numbers import whole
from kling_saas.lib.refusals import IdempotencyKeyReused, Refusal

_DOOR = "website"


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
        receipt = submit(actor, wanted, lambda generation: generation.public_id)
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
    return redirect("job", public_id=receipt.generation)


def _begin(request: ActingRequest, actor: Actor) -> Order:
    if source := request.GET.get("from"):
        return orders.of(Params.from_json(access.find(actor, source).params))
    begun = orders.example(request.GET.get("model", ""), request.GET.get("prompt", "")[:2500])
    mode, duration = request.GET.get("mode", ""), request.GET.get("duration", "")
    begun.mode = mode if mode in begun.spec.mode_names else ""
    if duration in map(str, begun.spec.durations):
        begun.duration = duration
    begun.sound = request.GET.get("sound") == "on" and begun.has("sound")
    return begun


def _words(refusal: Refusal) -> str:
    if isinstance(refusal, InsufficientCredits):
        return _(
            "This film needs %(needed)s credits and %(available)s are available. "
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
        **_choices(actor, order, mode),
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
        "data": studio_data(actor.organisation_id),
        "cards": cards,
        "screen": next((c for c in cards if c.status not in {"failed", "cancelled"}), None),
        "recipes": [
            {**sample, "plans": _missing_plans(actor, sample["sample"].model)}
            for sample in samples(actor.organisation_id)[1:]
        ],
        "lock": _missing_plans(actor, spec.name),
        "phrases": PHRASES,
    }
    if violations and status == 200:
        status = 422
    return render(request, "generations/studio.html", context, status=status)


def _due(actor: Actor, order: Order) -> dict[str, Any]:
    """What it costs, and what that leaves in the wallet."""
    credits_due = _price(actor, order)
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


def _choices(actor: Actor, order: Order, mode: str) -> dict[str, Any]:
    """What the controls offer, in words."""
    return {
        "model_rows": _model_rows(actor, order, mode),
        "modes": MODE_WORDS,
        "lengths": LENGTHS,
        "ratios": [(ratio, ratio.replace(":", "x")) for ratio in ASPECT_RATIOS],
        "camera_types": [(name, CAMERA[name]) for name in CAMERA_TYPES],
        "camera_axes": [(name, AXIS[name]) for name in CAMERA_AXES],
    }


def _model_rows(actor: Actor, order: Order, mode: str) -> list[dict[str, Any]]:
    """Every model, newest first and retiring ones last, with its price for the chosen length."""
    matrix = price_matrix(actor.organisation_id)
    rows = []
    for spec in sorted(SPECS, key=lambda s: (s.discontinued, -SPECS.index(s))):
        its_mode = mode if mode in spec.mode_names else spec.default_mode
        seconds = order.seconds if order.seconds in spec.durations else spec.default_duration
        kind = order.kind if order.kind in spec.kinds else spec.kinds[0]
        tier = "native" if spec.sound and spec.sound.always else "none"
        rows.append(
            {
                "spec": spec,
                "credits": credits_of(matrix, spec.name, its_mode, seconds, tier),
                "eta": usual_for(spec.name, kind, its_mode, livemode=actor.livemode),
                "badges": _badges(spec),
                "made": routing.makes(spec, livemode=actor.livemode),
                "plans": _missing_plans(actor, spec.name),
            }
        )
    return rows


def _missing_plans(actor: Actor, sku: str) -> list[Plan]:
    """Those of which one is needed to order it, none if it can be ordered."""
    if not actor.livemode or unlocking.is_open(actor.organisation_id, sku):
        return []
    return unlocking.plans_for(sku)


def _badges(spec: Spec) -> list[str]:
    have = [
        (len(spec.durations) > 2, f"{spec.durations[0]}–{spec.durations[-1]} s"),
        ("text2video" not in spec.kinds, _("image only")),
        (bool(spec.sound), _("sound")),
        (bool(spec.end_frame), _("last frame")),
        (bool(spec.camera), _("camera")),
        (bool(spec.shots), _("shots")),
        ("4k" in spec.mode_names, "4K"),
    ]
    return [words for has, words in have if has]


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
