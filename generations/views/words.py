"""What the catalogue and upstreams say, in the words of the website: titles, qualities, controls.

Programs need `kling-v2-1`, `std` and `cfg_scale`; people read Kling 2.1, Standard and the label of
the control. The raw cause of a failure stays in the API and in the operators' console.
"""

from __future__ import annotations

import math
import re
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma, ordinal
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from generations.catalogue.registry import SPECS
from generations.forms.order import MODE_WORDS
from generations.models import Generation
from generations.queueing import MOST

QUALITY = dict(MODE_WORDS)
CAMERA: dict[str, Promise | str] = {
    "simple": _("One axis, by hand"),
    "down_back": _("Down and back"),
    "forward_up": _("Forward and up"),
    "right_turn_forward": _("Turn right, forward"),
    "left_turn_forward": _("Turn left, forward"),
}
AXIS: dict[str, Promise | str] = {
    "horizontal": _("Left – right"),
    "vertical": _("Down – up"),
    "pan": _("Pan (turn sideways)"),
    "tilt": _("Tilt (nod)"),
    "roll": _("Roll"),
    "zoom": _("Zoom"),
}
_CONTROLS: dict[str, Promise | str] = {
    "aspect_ratio": _("frame"),
    "camera_control": _("camera move"),
    "cfg_scale": _("“Follow the prompt”"),
    "dynamic_masks": _("motion brush"),
    "image_tail": _("last frame"),
    "end frame": _("last frame"),
    "multi_prompt": _("shots"),
    "multi-shot": _("shots"),
    "negative_prompt": _("“Avoid”"),
    "static_mask": _("motion brush"),
    "text-to-video": _("from words"),
    "image-to-video": _("from an image"),
    "send": _("choose"),
}
# Common words, too: only where a sentence begins with them do they name a control.
_FIRST: dict[str, Promise | str] = {
    "duration": _("length"),
    "image": _("first frame"),
    "mode": _("quality"),
}
_RAW: dict[str, Promise | str] = {
    **{spec.name: spec.title for spec in SPECS},
    **QUALITY,
    **_CONTROLS,
}
_ANY = re.compile(
    r"(?<![\w.-])(" + "|".join(map(re.escape, sorted(_RAW, key=len, reverse=True))) + r")(?![\w-])"
)
_BEGINNING = re.compile(rf"({'|'.join(_FIRST)})(?![\w-])")
_THEIRS = _("The service that was to make it could not.")
_FAULTS: dict[str, Promise | str] = {
    "moderation": _("Its content was refused, so something in the prompt or image has to change."),
    "upstream_refused": _("The order was refused, so something in it has to change."),
    "upstream_unavailable": _("The services that could make it could not take it."),
    "upstream_unknown": _("The answer of the service that makes it was lost."),
    "upstream_lost": _("The service that was making it no longer knows it."),
    "deadline": _("It was not finished in time."),
    "no_provider": _("No service can make this at the moment."),
    "bad_film": _("What came was damaged or not what was ordered."),
    "internal": _("This was a fault on our side."),
}
_TOLD_WHY = {"moderation", "upstream_refused"}  # the upstream names what the customer can change


def plain(sentence: str) -> str:
    """The sentence with the website's words for raw names, its first letter large."""
    begun = _BEGINNING.match(sentence)
    if begun:
        sentence = f"{_FIRST[begun[1]]}{sentence[begun.end() :]}"
    said = _ANY.sub(lambda found: str(_RAW[found[1]]), sentence)
    return said[:1].upper() + said[1:]


def plain_form(form: dict[str, Any]) -> dict[str, Any]:
    """A studio form of the catalogue whose reasons read as the page's own sentences."""
    controls = {
        name: {**control, "reason": plain(control["reason"])}
        for name, control in form["capabilities"].items()
    }
    kinds = {kind: plain(reason) for kind, reason in form["kind_reasons"].items()}
    return {**form, "capabilities": controls, "kind_reasons": kinds}


def place(position: int) -> str:
    """A place in the queue: 1 is next, MOST is that or later."""
    if position == 1:
        return gettext("next in the queue")
    if position >= MOST:
        return gettext("more than %(most)s before it") % {"most": intcomma(MOST - 1)}
    return gettext("%(place)s in the queue") % {"place": ordinal(position)}


def about(seconds: float) -> str:
    """A time to come as one would say it: by fives, then by tens, minutes, hours."""
    if seconds <= 60:
        return gettext("about %(n)s s") % {"n": max(5, math.ceil(seconds / 5) * 5)}
    if seconds <= 120:
        return gettext("about %(n)s s") % {"n": math.ceil(seconds / 10) * 10}
    if seconds <= 90 * 60:
        return gettext("about %(n)s min") % {"n": round(seconds / 60)}
    return gettext("about %(n)s h") % {"n": round(seconds / 3600)}


def fault(generation: Generation) -> Promise | str:
    """Why a film failed and on whose side, without the raw cause."""
    return _FAULTS.get(generation.error_code, _THEIRS)


def reason_given(generation: Generation) -> str:
    """The upstream's own sentence where it helps to change the order, else empty."""
    return plain(generation.error_message) if generation.error_code in _TOLD_WHY else ""
