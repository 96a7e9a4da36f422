"""The library: every film that is kept, searched and narrowed down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts import tenancy
from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing import plans
from billing.pages import signed_in
from generations import access
from generations.catalogue.products.registry import PRODUCTS
from generations.catalogue.registry import SPECS
from generations.catalogue.spec import ASPECT_RATIOS
from generations.forms import search as searching
from generations.forms.order import MODE_WORDS
from generations.forms.search import Part, Search
from generations.gallery import listing, sorting
from generations.gallery.listing import Wanted
from generations.models import Collection
from generations.views.library.changes import undo
from generations.views.library.tiles import tiles_of
from generations.views.samples import samples
from kling_saas.lib.numbers import whole

_PAGE, _PAGES_MOST = 48, 8
_SHELVES_MOST = 100  # that a menu offers


@dataclass(frozen=True, slots=True)
class Chip:
    """A part of the search, and the search without it."""

    name: Promise | str
    value: str
    rest: str


@require_GET
@signed_in
def library(request: ActingRequest, actor: Actor) -> HttpResponse:
    """What a search finds, newest first; with `HX-Request` only the next part of the grid."""
    if "narrow" in request.GET:
        return redirect(narrowed(request))
    context = found(request, actor, searching.parse(request.GET.get("q", "")))
    if not context["tiles"] and not context["search"].given:
        context |= {
            "recipes": samples(actor.organisation_id),
            "elsewhere": access.made_elsewhere(actor),
        }
    return page(request, "generations/library/films.html", context)


def page(request: ActingRequest, template: str, context: Mapping[str, Any]) -> HttpResponse:
    """The whole page, or with `HX-Request` the grid's next part."""
    part = "HX-Request" in request.headers
    name = "generations/library/parts/tiles.html" if part else template
    response = render(request, name, {**context})
    response["Vary"] = "HX-Request, Cookie"
    return response


def found(
    request: ActingRequest, actor: Actor, search: Search, shelf: Collection | None = None
) -> dict[str, Any]:
    """The films that a page shows, and all that its search box and filters need.

    `shelf` is the collection whose page it is.
    """
    shelves = sorting.page(actor, limit=_SHELVES_MOST).collections
    search, wanted = resolved(actor, search, shelf)
    after, pages = request.GET.get("after", ""), _pages(request)
    films = listing.page(actor, wanted, after=after, limit=_PAGE if after else _PAGE * pages)
    begun_later = bool(after) and "HX-Request" not in request.headers
    return {
        "tiles": tiles_of(films.films),
        "after": films.after,
        "pages": 0 if begun_later or pages == _PAGES_MOST else pages + 1,
        "search": search,
        "carried": urlencode({"q": search.text}) if search.parts else "",
        "chips": _chips(search, shelves),
        "shelf": shelf,
        "shelves": shelves,
        "days_kept": _days_kept(actor),
        "menu": _menu(search),
        "undo": undo(request),
    }


def _pages(request: ActingRequest) -> int:
    """How many pages were loaded before, so that the way back shows as much again."""
    return min(max(whole(request.GET.get("pages", "")) or 1, 1), _PAGES_MOST)


def resolved(
    actor: Actor, search: Search, shelf: Collection | None = None
) -> tuple[Search, Wanted]:
    """The search and what it asks of the list, its collection found by name."""
    wanted = search.wanted()
    if shelf is not None:
        return search, replace(wanted, collection=shelf.public_id)
    named = next((part for part in search.parts if part.name == "in"), None)
    if named is None:
        return search, wanted
    place = sorting.named(actor, named.value)
    if place is not None:
        return search, replace(wanted, collection=place.public_id)
    why = _("There is no collection “%(name)s”.") % {"name": named.value}
    rest = search.without(named)
    return replace(rest, wrong=(*search.wrong, searching.Wrong(named, why))), rest.wanted()


def narrowed(request: ActingRequest) -> str:
    """The address of the search with what was chosen in the filter menu."""
    asked = request.GET
    search = searching.parse(asked.get("q", ""))
    for name in searching.NAMES:
        if name in asked and name != "tag":
            search = search.set(name, asked.get(name, "").replace('"', "").strip())
    return f"{request.path}?{urlencode({'q': search.text})}"


def _chips(search: Search, shelves: Sequence[Collection]) -> list[Chip]:
    names = {each.public_id: each.name for each in shelves}
    return [
        Chip(
            searching.NAMES.get(part.name, _("Words")),
            _said(part, names),
            urlencode({"q": search.without(part).text}),
        )
        for part in search.parts
    ]


def _said(part: Part, names: Mapping[str, str]) -> str:
    """A filter's value as one would say it."""
    said: dict[str, Callable[[str], Any]] = {
        "model": lambda value: next((s.title for s in SPECS if s.name == value), value),
        "mode": lambda value: dict(MODE_WORDS).get(value, value),
        "kind": lambda value: dict(_kinds()).get(value, value),
        "in": lambda value: names.get(value, value),
        "is": lambda value: _("favourites"),
    }
    return str(said.get(part.name, str)(part.value))


def _kinds() -> list[tuple[str, str]]:
    """What films are made from, with the products' own titles."""
    plain = {"text2video": _("Words"), "image2video": _("An image")}
    return [(name, plain.get(name) or PRODUCTS[name].title) for name in searching.KINDS]


def _menu(search: Search) -> dict[str, Any]:
    """The filters for those who choose: each with its choices and what is chosen."""
    choices = {
        "model": (_("Model"), [(spec.name, spec.title) for spec in SPECS[::-1]]),
        "ratio": (_("Frame"), [(ratio, ratio) for ratio in ASPECT_RATIOS]),
        "mode": (_("Quality"), list(MODE_WORDS)),
        "kind": (_("Made from"), _kinds()),
    }
    return {
        "choices": [(name, *rest, search.value(name)) for name, rest in choices.items()],
        "shelf": search.value("in"),
        "marked": search.value("is"),
        "cost": search.value("cost"),
        "after": search.value("after"),
        "before": search.value("before"),
    }


def _days_kept(actor: Actor) -> int | None:
    with tenancy.scope(actor.organisation_id):
        return plans.retention([actor.organisation_id])[actor.organisation_id]
