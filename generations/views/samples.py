"""Films to begin with: made by the sandbox, shown on the start page and in an empty library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from generations.catalogue import registry
from generations.views.price_data import credits_of, price_matrix
from generations.views.words import QUALITY


@dataclass(frozen=True, slots=True)
class Sample:
    """A film and the order for it; `film` names its files in static/films."""

    film: str
    prompt: str
    model: str
    mode: str
    alt: Any


HERO = Sample(
    "aurora",
    "Aurora borealis over a snowy mountain valley at night",
    "kling-v2-6",
    "std",
    _("Northern lights drift over a snowy valley"),
)
SAMPLES = (
    Sample(
        "balloons",
        "Hot-air balloons over alpine peaks at sunrise",
        "kling-v3",
        "std",
        _("Striped balloons rise before pink mountains"),
    ),
    Sample(
        "tokyo",
        "Neon Tokyo street in the rain, slow push in",
        "kling-v2-5-turbo",
        "std",
        _("Rain falls on a violet city at night"),
    ),
    Sample(
        "ringed",
        "A ringed planet rises over a silent nebula",
        "kling-v2-5-turbo",
        "pro",
        _("A planet with rings turns in space"),
    ),
    Sample(
        "dunes",
        "Golden desert dunes at sunset, birds passing",
        "kling-v1-6",
        "std",
        _("Birds pass the sun above dunes"),
    ),
    Sample(
        "lighthouse",
        "A lighthouse on a calm sea at dusk, gulls",
        "kling-v2-6",
        "std",
        _("A lighthouse stands dark before the evening sea"),
    ),
    Sample(
        "fox",
        "A fox in a foggy forest with fireflies",
        "kling-v2-6",
        "pro",
        _("A fox stands among firs in the fog"),
    ),
)


def samples(organisation_id: int | None = None) -> list[dict[str, Any]]:
    """Each sample with its files, its model's title, and the price it would have now."""
    matrix = price_matrix(organisation_id)
    return [
        {
            "sample": sample,
            "quality": QUALITY[sample.mode],
            "title": registry.get(sample.model).title,
            "credits": credits_of(matrix, sample.model, sample.mode, 5),
            "file": f"films/{sample.film}.mp4",
            "poster": f"films/{sample.film}.webp",
        }
        for sample in (HERO, *SAMPLES)
    ]
