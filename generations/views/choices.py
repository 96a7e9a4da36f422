"""What the studio's controls offer: models with price and speed, and who may have them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from accounts.actors import Actor
from billing import unlocking
from billing.models import Plan
from generations import routing
from generations.catalogue.registry import SPECS
from generations.catalogue.spec import ASPECT_RATIOS, CAMERA_AXES, CAMERA_TYPES, Spec
from generations.forms.order import COPIES, LENGTHS, MODE_WORDS, Order
from generations.views.price_data import credits_of, price_matrix
from generations.views.words import AXIS, CAMERA
from generations.waiting import usual_for


def choices(actor: Actor, order: Order, mode: str) -> dict[str, Any]:
    """What the controls offer, in words."""
    return {
        "model_rows": _model_rows(actor, order, mode),
        "modes": MODE_WORDS,
        "lengths": LENGTHS,
        "copies": COPIES,
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
                "plans": missing_plans(actor, spec.name),
            }
        )
    return rows


def missing_plans(actor: Actor, sku: str) -> list[Plan]:
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
