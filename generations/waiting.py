"""How long it will take, honestly: the position in the queue, and what equal films took lately.

A figure is a range (p50 to p90 of recent equal films), or the vendor pages' averages while there
are too few; never a percentage, because no upstream reports one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from accounts import tenancy
from generations.catalogue import registry
from generations.catalogue.products.registry import PRODUCTS
from generations.models import Generation, Status

_ENOUGH = 5
_FRESH_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Eta:
    """Seconds from acceptance to a playable film: half are faster than `p50`, 90 % than `p90`."""

    p50: float
    p90: float

    def as_json(self) -> dict[str, float]:
        """As the native API shows it."""
        return {"p50_seconds": round(self.p50, 1), "p90_seconds": round(self.p90, 1)}


_cache: dict[tuple[str, str, bool, str | None], tuple[float, Eta]] = {}


def eta(generation: Generation) -> Eta:
    """From the last 50 equal films of every tenant (figures only), refreshed every 30 s."""
    mode = generation.params.get("mode")
    key = (generation.model, generation.kind, generation.livemode, mode)
    at, known = _cache.get(key, (-1e9, None))
    if known is not None and time.monotonic() - at < _FRESH_SECONDS:
        return known
    found = _measured(key) or _prior(generation)
    _cache[key] = (time.monotonic(), found)
    return found


def _measured(key: tuple[str, str, bool, str | None]) -> Eta | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM generations_lately(%s, %s, %s, %s)", [*key])
        count, median, slow = cursor.fetchone()
    return Eta(float(median), float(slow)) if count >= _ENOUGH else None


def _prior(generation: Generation) -> Eta:
    """The averages that the vendors' pages state (320, 175 and 135 s), scaled in the sandbox."""
    product = PRODUCTS.get(generation.kind)
    seconds = float(
        product.eta if product else registry.get(generation.model).eta(generation.order().kind)
    )
    if settings.DEMO or not generation.livemode:
        seconds = seconds / settings.SANDBOX_SPEED + 3
    return Eta(seconds, seconds * 1.4)


def position(generation: Generation) -> int | None:
    """How many of the organisation's films are before it, plus one; None once it is under way."""
    if generation.status != Status.ACCEPTED or generation.pk is None:
        return None
    with tenancy.scope(generation.organisation_id):
        before: int = Generation.objects.filter(
            organisation_id=generation.organisation_id,
            livemode=generation.livemode,
            status=Status.ACCEPTED,
            pk__lt=generation.pk,
        ).count()
    return before + 1
