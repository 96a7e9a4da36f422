"""A film as the library's grid draws it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise

from generations.catalogue import registry
from generations.catalogue.params import Params
from generations.catalogue.products.registry import PRODUCTS
from generations.models import Generation, Video
from generations.presenting import video_json
from generations.views import results, words

# Widths for a height; a row of the grid gives each film of it its share.
_SHAPES = ((21, 9), (16, 9), (4, 3), (1, 1), (3, 4), (9, 16))


@dataclass(frozen=True, slots=True)
class Tile:
    """`media` has the links, `shape` names the CSS class of the ratio nearest to the film's."""

    film: Video
    order: Params
    media: Mapping[str, Any]
    title: str
    shape: str

    @property
    def id(self) -> str:
        return self.film.public_id

    @property
    def made(self) -> Generation:
        return self.film.generation

    @property
    def prompt(self) -> str:
        return results.asked_in_words(self.order)

    @property
    def heading(self) -> str:
        """What it is called: by its owner, else by what was asked for, else by what made it."""
        return self.film.title or self.prompt or self.title

    @property
    def quality(self) -> Promise | str:
        """The mode in words; empty where the product has none."""
        product = PRODUCTS.get(self.made.kind)
        if product and not (product.modes or product.inherits):
            return ""
        return words.QUALITY.get(self.order.mode, self.order.mode)

    @property
    def days_left(self) -> int:
        """Until its files are deleted, begun days counted."""
        until = self.film.kept_until
        return math.ceil((until - timezone.now()) / timedelta(days=1)) if until else 0

    @property
    def cost(self) -> int:
        """Credits."""
        return self.made.credits if self.made.charged is None else self.made.charged


def tiles_of(films: Iterable[Video]) -> list[Tile]:
    """Of films that came with their generations."""
    return [tile(film) for film in films]


def tile(film: Video) -> Tile:
    """One film with links made now."""
    made = film.generation
    spec = PRODUCTS.get(made.kind) or registry.resolve(made.model)
    return Tile(
        film=film,
        order=Params.from_json(made.params),
        media=video_json(made, film),
        title=spec.title if spec else made.model,
        shape=_shape(film.width / film.height),
    )


def _shape(ratio: float) -> str:
    wide, high = min(_SHAPES, key=lambda each: abs(math.log(ratio * each[1] / each[0])))
    return f"r{wide}x{high}"
