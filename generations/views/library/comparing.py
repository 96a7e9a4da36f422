"""Two to four films side by side: played together, and what they were made with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing.pages import signed_in
from generations.gallery import finding
from generations.views.cards import Card, card
from generations.views.library.tiles import Tile, tiles_of
from kling_saas.templatetags.screen import clock, credits_words

LEAST, MOST = 2, 4


@dataclass(frozen=True, slots=True)
class Row:
    """What one thing is in each film."""

    label: Promise | str
    values: Sequence[str]

    @property
    def differs(self) -> bool:
        return len(set(self.values)) > 1


_ROWS: tuple[tuple[Promise | str, Callable[[Tile, Card], Any]], ...] = (
    (gettext_lazy("Prompt"), lambda tile, card: tile.prompt),
    (gettext_lazy("Avoid"), lambda tile, card: tile.order.negative_prompt),
    (gettext_lazy("Model"), lambda tile, card: tile.title),
    (gettext_lazy("Quality"), lambda tile, card: tile.quality),
    (gettext_lazy("Size"), lambda tile, card: f"{tile.film.width}×{tile.film.height}"),
    (gettext_lazy("Length"), lambda tile, card: f"{card.seconds:.1f} s"),
    (gettext_lazy("Seed"), lambda tile, card: tile.order.seed),
    (gettext_lazy("Follow prompt"), lambda tile, card: tile.order.cfg_scale),
    (gettext_lazy("Camera"), lambda tile, card: card.camera),
    (gettext_lazy("Cost"), lambda tile, card: credits_words(tile.cost)),
    (gettext_lazy("Took"), lambda tile, card: clock(card.elapsed)),
)


@require_GET
@signed_in
def compare(request: ActingRequest, actor: Actor) -> HttpResponse:
    """The films that `film` names, in that order."""
    films = finding.many(actor, request.GET.getlist("film")[: MOST + 1])
    films = [film for film in films if not film.away]
    if not LEAST <= len(films) <= MOST:
        messages.error(request, _("Choose two to four films to compare them."))
        return redirect("library")
    tiles = tiles_of(films)
    cards = [card(film.generation, film) for film in films]
    rows = [
        Row(label, [_words(read(*each)) for each in zip(tiles, cards, strict=True)])
        for label, read in _ROWS
    ]
    context = {"tiles": tiles, "rows": [row for row in rows if any(row.values)]}
    return render(request, "generations/library/compare.html", context)


def _words(value: Any) -> str:
    return "" if value is None else str(value)
