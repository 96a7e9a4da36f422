"""What an order asks for and makes, in the words of its product: a film, a sound, or facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from generations.catalogue.products.product import Product
from generations.owned import FACES

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
_LONGEST = 80  # characters of a value
_WORDS = {"prompt", "text"}  # shown as the order's words already


def makes(product: Product | None) -> str:
    """A film, a sound, or the name of the fact by which the result is used."""
    if product is None or "video" in product.outputs:
        return FILM
    return SOUND if "audio" in product.outputs else product.gives


def asked(inputs: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A product's own fields as they were ordered, without what is long or nested."""
    return list(_rows({n: value for n, value in inputs.items() if n not in _WORDS}))


def made(result: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """The facts that came, the faces aside."""
    return list(_rows({n: value for n, value in (result or {}).items() if n != FACES}))


def faces(result: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """The faces that were found: `face_id`, `face_image` (a link or None), times in ms."""
    return [face for face in (result or {}).get(FACES, ()) if isinstance(face, Mapping)]


def _rows(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        label = name.replace("_", " ").capitalize()
        if isinstance(value, bool):
            yield label, gettext("yes") if value else gettext("no")
        elif isinstance(value, str | int | float) and value != "":
            yield label, Truncator(str(value)).chars(_LONGEST)
