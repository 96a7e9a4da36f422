"""Collections: all of them, one with its films, and what changes them. No film goes with one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import tenancy
from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing.pages import signed_in
from generations.forms import search as searching
from generations.forms.shelf import Naming, fault_of, name_of
from generations.gallery import sorting
from generations.models import Collection
from generations.views.library import grid
from generations.views.library.changes import carried_out
from generations.views.library.tiles import tile
from kling_saas.lib.refusals import NotFound, Refusal
from kling_saas.lib.way_back import way_back

_MOST = 60


@require_GET
@signed_in
def shelves(request: ActingRequest, actor: Actor) -> HttpResponse:
    """Those on top, each with its newest film."""
    return _shelves(request, actor)


def _shelves(
    request: ActingRequest, actor: Actor, named: Naming | None = None, status: int = 200
) -> HttpResponse:
    after = request.GET.get("after", "")
    context = {**_within(actor, "", after), "named": named or Naming()}
    return render(request, "generations/library/shelves.html", context, status=status)


def _within(actor: Actor, parent: str, after: str = "") -> dict[str, Any]:
    """The collections in one, or on top, as cards."""
    with tenancy.scope(actor.organisation_id):
        found = sorting.page(actor, within=parent, after=after, limit=_MOST)
        covers = sorting.covers(found.collections)
        cards = [
            {
                "shelf": each,
                "films": found.films[each.pk],
                "tile": tile(covers[each.pk]) if each.pk in covers else None,
            }
            for each in found.collections
        ]
    return {"cards": cards, "after_shelves": found.after}


@require_GET
@signed_in
def shelf(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """One, with its films and the collections in it; a search looks only here."""
    return show(request, actor, sorting.find(actor, public_id))


def show(
    request: ActingRequest,
    actor: Actor,
    row: Collection,
    named: Naming | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of a collection; `named` is a name that was refused."""
    if "narrow" in request.GET:
        return redirect(grid.narrowed(request))
    search = searching.parse(request.GET.get("q", ""))
    context = grid.found(request, actor, search, row) | {"named": named or Naming(row.name)}
    if "HX-Request" not in request.headers:
        context |= _within(actor, row.public_id)
    response = grid.page(request, "generations/library/shelf.html", context)
    response.status_code = status
    return response


@require_POST
@signed_in
def make(request: ActingRequest, actor: Actor) -> HttpResponse:
    """A new one, within `parent` if that is given."""
    name, parent = name_of(request.POST), request.POST.get("parent", "")
    above = sorting.find(actor, parent) if parent else None
    made: list[Collection] = []
    wrong = _refused(name, lambda: made.append(sorting.make(actor, name, parent or None)))
    if not wrong:
        return redirect("library-shelf", public_id=made[0].public_id)
    if above:
        return show(request, actor, above, Naming(above.name, name, {"new": wrong}), 422)
    return _shelves(request, actor, Naming(new=name, wrong={"new": wrong}), 422)


@require_POST
@signed_in
def rename(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """Give it another name."""
    row, name = sorting.find(actor, public_id), name_of(request.POST)
    if wrong := _refused(name, lambda: sorting.change(actor, public_id, name=name)):
        return show(request, actor, row, Naming(name, wrong={"name": wrong}), 422)
    return redirect("library-shelf", public_id=public_id)


def _refused(name: str, change: Callable[[], object]) -> str:
    """Why a change of names was refused; empty when it was made."""
    if wrong := fault_of(name):
        return wrong
    try:
        change()
    except NotFound:
        raise
    except Refusal as refusal:
        return refusal.detail
    return ""


@require_POST
@signed_in
def remove(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """Remove it and those in it."""
    row = sorting.find(actor, public_id)
    done = _("“%(name)s” is gone; its films are still in the library.") % {"name": row.name}
    if carried_out(request, lambda: sorting.remove(actor, public_id), done):
        return redirect("library-shelves")
    return redirect("library-shelf", public_id=public_id)


@require_POST
@signed_in
def put(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """Put a film into a collection, or into a new one of the name given."""
    name, place = name_of(request.POST), request.POST.get("collection", "")

    def placed() -> None:
        shelf = place or sorting.make(actor, name).public_id
        sorting.put(actor, shelf, [public_id])

    if wrong := "" if place else fault_of(name):
        messages.error(request, wrong)
    else:
        carried_out(request, placed, _("The film was put into the collection."))
    return redirect(way_back(request, reverse("film", args=[public_id])))


@require_POST
@signed_in
def take(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """Take a film out of a collection."""
    place = request.POST.get("collection", "")
    done = _("The film was taken out of the collection.")
    carried_out(request, lambda: sorting.take(actor, place, [public_id]), done)
    return redirect(way_back(request, reverse("film", args=[public_id])))
