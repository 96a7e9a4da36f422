"""What an order asks for and makes, in the words of its product: a film, a sound, or facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import tenancy
from generations import sources, storage
from generations.catalogue.params import Params
from generations.catalogue.products.product import Product
from generations.models import Generation, Upload
from generations.owned import FACES
from generations.views.fields import scene

FILM, SOUND = "film", "sound"
READY: dict[str, Promise | str] = {
    FILM: _("The film is ready."),
    SOUND: _("The sound is ready."),
    "voice_id": _("The voice is ready."),
    "element_id": _("The element is ready."),
    "session_id": _("The answer is ready."),
}
GOES: dict[str, Promise | str] = {
    FILM: _("You may close this page; the film goes to your library."),
    SOUND: _("You may close this page; the sound will be here and among your jobs."),
}
GOES_ELSE = _("You may close this page; what is made will be here and among your jobs.")
ICONS = {FILM: "film", SOUND: "volume-2", "voice_id": "user", "element_id": "layers"}
ICON_ELSE = "eye"
GIVEN: dict[str, Promise | str] = {
    "voice_id": _("Voice id"),
    "element_id": _("Element id"),
    "session_id": _("Session id"),
}
USED: dict[str, Promise | str] = {
    "voice_id": _("Orders name the voice by this id."),
    "element_id": _("Orders name the element by this id."),
    "session_id": _("The next step names the session by this id, within 24 hours."),
}
_SAID = ("text", "voice_name", "element_name", "sound_effect_prompt", "bgm_prompt")


def makes(product: Product | None) -> str:
    """A film, a sound, or the name of the fact by which the result is used."""
    if product is None or "video" in product.outputs:
        return FILM
    return SOUND if "audio" in product.outputs else product.gives


def asked_in_words(order: Params) -> str:
    """What was asked for; a multi-shot film says its shots; empty where there were no words."""
    return order.words or said(order.inputs)


def said(inputs: Mapping[str, Any]) -> str:
    """What stands for a prompt where there is none; empty where nothing does."""
    for name in _SAID:
        if inputs.get(name):
            return str(inputs[name])
    return scene(str(inputs.get("effect_scene", "")))


def made(result: Mapping[str, Any]) -> list[tuple[Promise | str, str]]:
    """The facts that came beside the id, in words; what has none stays in the API."""
    return list(_facts(result))


def faces(result: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """The faces that were found: `face_id`, `face_image` (a link or None), times in ms."""
    return [face for face in (result or {}).get(FACES, ()) if isinstance(face, Mapping)]


def pictures(generation: Generation) -> list[str]:
    """Links to the pictures that were sent for it, each once."""
    named = sources.uploads_of(generation.order())
    if not named:
        return []
    with tenancy.scope(generation.organisation_id):
        rows = Upload.objects.filter(public_id__in=named, content_type__startswith="image/")
        return [storage.link(row.key) for row in rows.order_by("pk")]


def _facts(result: Mapping[str, Any]) -> Iterator[tuple[Promise | str, str]]:
    if result.get("width") and result.get("height"):
        yield _("Size"), f"{result['width']}×{result['height']}"
    if isinstance(result.get("original_duration"), int | float):
        yield _("Length"), f"{result['original_duration'] / 1000:.1f} s"
    if result.get("total_frame"):
        yield _("Frames"), str(result["total_frame"])
    if result.get("fps"):
        yield _("Frames a second"), str(result["fps"])
