"""The trash: into it with a way back, what lies in it, out of it, and for good."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing.pages import signed_in
from generations.gallery import listing, trash
from generations.gallery.listing import Wanted
from generations.retention import in_trash
from generations.views.library.changes import can_be_undone, carried_out
from generations.views.library.tiles import tiles_of
from kling_saas.lib.way_back import way_back

_PAGE = 48


@require_GET
@signed_in
def page(request: ActingRequest, actor: Actor) -> HttpResponse:
    """What lies in the trash, with the days that are left."""
    found = listing.page(
        actor, Wanted(trashed=True), after=request.GET.get("after", ""), limit=_PAGE
    )
    shown = {"tiles": tiles_of(found.films), "after": found.after, "days": in_trash().days}
    return render(request, "generations/library/trash.html", shown)


@require_POST
@signed_in
def throw_away(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """Into the trash; the library that follows offers the way back."""
    if carried_out(request, lambda: can_be_undone(request, trash.put_in(actor, [public_id]))):
        return redirect(way_back(request, reverse("library")))
    return redirect("film", public_id=public_id)


@require_POST
@signed_in
def restore(request: ActingRequest, actor: Actor) -> HttpResponse:
    """Out of the trash."""
    names = request.POST.getlist("film")
    done = ngettext("The film is back.", "%(n)s films are back.", len(names)) % {"n": len(names)}
    carried_out(request, lambda: trash.take_out(actor, names), done)
    return redirect(way_back(request, reverse("library-trash")))


@require_POST
@signed_in
def destroy(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """For good, now."""
    done = _("The film is deleted for good. What it cost stays in the statement.")
    carried_out(request, lambda: trash.destroy(actor, public_id), done)
    return redirect("library-trash")
