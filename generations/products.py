"""The products as they can be ordered now: the release's, with what operators corrected.

A copy at most OPERATOR_CHANGES_SECONDS old, as of the upstream accounts.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.conf import settings

from generations.catalogue.products.own import VOICE
from generations.catalogue.products.product import Product
from generations.catalogue.products.registry import PRODUCTS
from generations.models import ProductCorrection
from generations.wire.segmind import voices

log = logging.getLogger(__name__)
FACTS_ONLY = frozenset(name for name, each in PRODUCTS.items() if each.outputs == ("facts",))
"""Products that make neither film nor sound: a voice, an element, the faces of a film."""


@dataclass(slots=True)
class _Known:
    at: float = -1e9
    products: Mapping[str, Product] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=lambda: voices.WORDS)


_known = _Known()


def current() -> Mapping[str, Product]:
    """Every product that is on sale, by name."""
    return _read().products


def words() -> Mapping[str, str]:
    """What Segmind's page that makes voices calls things, whether voices are on sale or not."""
    return _read().words


def _read() -> _Known:
    if time.monotonic() - _known.at > settings.OPERATOR_CHANGES_SECONDS:
        corrections = {each.product: each for each in ProductCorrection.objects.all()}
        _known.products = {
            name: _corrected(product, corrections.get(name))
            for name, product in PRODUCTS.items()
            if name not in corrections or corrections[name].enabled
        }
        _known.words = _corrected_words(corrections.get(VOICE.name))
        _known.at = time.monotonic()
    return _known


def _corrected_words(correction: ProductCorrection | None) -> Mapping[str, str]:
    try:
        return voices.corrected(correction.words if correction else {})
    except ValueError as problem:
        log.error("the words of %s cannot be read: %s", voices.SLUG, problem)
        return voices.WORDS


def _corrected(product: Product, correction: ProductCorrection | None) -> Product:
    """A correction that a later release cannot read any more is left out, loudly."""
    if correction is None:
        return product
    try:
        return product.corrected(correction.limits)
    except ValueError as problem:
        log.error("the correction of %s cannot be read: %s", product.name, problem)
        return product
