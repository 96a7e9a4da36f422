"""What an order of another product says, field by field: labels and values in people's words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from generations import presets
from generations.catalogue import media, registry
from generations.catalogue.params import Params
from generations.catalogue.products.fields import Field, Thing
from generations.catalogue.products.lists import Ids, Many
from generations.catalogue.products.product import Product
from generations.catalogue.products.sources import Medial, Picture
from generations.uploads import PREFIX as UPLOAD

LABELS: dict[str, Promise | str] = {
    "aspect_ratio": _("Frame"),
    "asmr_mode": _("Close, quiet sounds (ASMR)"),
    "audio": _("Recording"),
    "bgm_prompt": _("Music"),
    "character_orientation": _("Pose"),
    "edit_mode": _("Edit"),
    "effect_scene": _("Scene"),
    "element_description": _("Description"),
    "elements": _("Elements"),
    "face_id": _("Face"),
    "frame": _("In frame"),
    "image": _("Picture"),
    "images": _("Pictures"),
    "keep_original_sound": _("Film’s own sound kept"),
    "keep_sound": _("Film’s own sound kept"),
    "language": _("Language"),
    "original_audio_volume": _("Loudness of the film"),
    "points": _("Points"),
    "reference_type": _("Made from"),
    "session": _("Begun with"),
    "shot_type": _("Shots"),
    "sound_effect_prompt": _("Sounds"),
    "sound_end_time": _("Recording to"),
    "sound_insert_time": _("Begins in the film at"),
    "sound_start_time": _("Recording from"),
    "sound_volume": _("Loudness of the recording"),
    "speed": _("Pace"),
    "tags": _("Tags"),
    "use": _("Used as"),
    "version": _("Model"),
    "video": _("Film"),
    "videos": _("Films"),
    "voice": _("Voice"),
    "watermark": _("Watermark"),
}
TOLD_ELSEWHERE = {
    "cfg_scale", "duration", "element_name", "mode", "multi_prompt", "negative_prompt", "prompt",
    "seconds", "sound", "text", "voice_name",
}  # fmt: skip
"""Fields that a page shows in places of their own, as it does those of any film."""
VALUES: dict[str, dict[str, Promise | str]] = {
    "character_orientation": {"image": _("as in the picture"), "video": _("as in the film")},
    "edit_mode": {"addition": _("add"), "swap": _("swap"), "removal": _("remove")},
    "language": {"en": _("English"), "zh": _("Chinese")},
    "reference_type": {"image_refer": _("pictures"), "video_refer": _("a film")},
    "shot_type": {"customize": _("as described"), "intelligence": _("planned by Kling")},
    "use": {
        "base": _("what is edited"),
        "feature": _("reference"),
        "first_frame": _("first frame"),
        "end_frame": _("last frame"),
    },
    "version": {spec.name: spec.title for spec in registry.SPECS},
}
_MILLISECONDS = {"sound_end_time", "sound_insert_time", "sound_start_time"}
_SHARES = {"original_audio_volume", "sound_volume"}  # 1 is as it was
_LONGEST = 300  # characters of a value


@dataclass(frozen=True, slots=True)
class Row:
    """A label and a value; `link` is the page of the job or film that the value names, or empty."""

    label: Promise | str
    words: Promise | str
    link: str = ""


def rows(product: Product | None, params: Params) -> list[Row]:
    """The product's own fields as they were ordered, or what a film names beside its pictures.

    Pictures that were sent are no rows: a page shows them.
    """
    if product is None:
        named = {"elements": params.elements, "voice": params.voices}
        return [_named(name, one) for name, ids in named.items() for one in ids]
    asked = {f: f.of(params) for f in product.fields if f.name not in TOLD_ELSEWHERE}
    return [
        row
        for field, value in asked.items()
        if value is not None and (field.name, value) != ("watermark", False)
        for row in _rows(field, value)
    ]


def scene(name: str) -> str:
    """An effect's name as a heading: Kling's scenes come and go, so none has words here."""
    return name.replace("_", " ").capitalize()


def _rows(field: Field, value: Any) -> Iterator[Row]:
    if field.name == "points":
        yield Row(LABELS["points"], ", ".join(_point(point) for point in value))
    elif field.name == "tags":
        yield Row(LABELS["tags"], ", ".join(value))
    elif isinstance(field, Many):
        for entry in value:
            given = {field.inner[0].name: entry} if field.bare else entry
            for inner in field.inner:
                if given.get(inner.name) is not None:
                    yield from _one(inner, inner.name, given[inner.name])
    elif isinstance(field, Ids):
        for one in value:
            yield _named(field.name, one)
    else:
        yield from _one(field, field.name, value)


def _one(field: Field, name: str, value: Any) -> Iterator[Row]:
    if isinstance(field, Picture) and str(value).startswith(UPLOAD):
        return
    if isinstance(field, Medial | Thing | Picture):
        yield _named(name, str(value))
    else:
        yield Row(LABELS[name], _words(name, value))


def _words(name: str, value: Any) -> Promise | str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if name in _MILLISECONDS:
        return f"{value / 1000:.1f} s"
    if name in _SHARES:
        return f"{value * 100:.0f} %"
    if name == "speed":
        return f"{value:g}×"
    if name == "effect_scene":
        return scene(value)
    return VALUES.get(name, {}).get(value) or Truncator(str(value)).chars(_LONGEST)


def _point(point: Mapping[str, float]) -> str:
    """Where it is from the left and from the top."""
    return f"{point['x'] * 100:.0f} % · {point['y'] * 100:.0f} %"


def _named(name: str, value: str) -> Row:
    """What is worked with: a link where it was made here, few words where it came from outside."""
    label = LABELS[name]
    if value.startswith("gen_"):
        return Row(label, value, reverse("job", args=[value]))
    if value.startswith("vid_"):
        return Row(label, value, reverse("film", args=[value]))
    if value.startswith(UPLOAD):
        return Row(label, gettext("a file that you sent"))
    if media.is_address(value):
        parts = urlsplit(value)
        return Row(label, Truncator(f"{parts.netloc}{parts.path}").chars(_LONGEST))
    if name == "voice":
        return Row(label, next((v.name for v in presets.current("voice") if v.id == value), value))
    return Row(label, Truncator(value).chars(_LONGEST))
