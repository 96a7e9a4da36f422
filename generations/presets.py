"""Voices and elements that Kling has itself: the release's, with what operators corrected."""

from __future__ import annotations

from collections.abc import Sequence

from generations.catalogue.products.presets import PRESETS, Preset, Sort
from generations.models import PresetCorrection


def current(sort: Sort) -> Sequence[Preset]:
    """Those that are listed, the release's order first."""
    found = {preset.id: preset for preset in PRESETS if preset.sort == sort}
    for row in PresetCorrection.objects.filter(sort=sort):
        if not row.enabled:
            found.pop(row.preset, None)
            continue
        found[row.preset] = Preset(
            sort=sort,
            id=row.preset,
            name=row.name,
            languages=tuple(row.languages),
            since_ms=int(row.changed_at.timestamp() * 1000),
        )
    return tuple(found.values())
