"""What is written on one film: the mark of those that are liked, its title and tags."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing.pages import signed_in
from generations.forms import labels as reading
from generations.gallery import finding, labels
from generations.views.library import film as its_page
from generations.views.library.changes import carried_out
from generations.views.library.tiles import tile
from kling_saas.lib.way_back import way_back


@require_POST
@signed_in
def favourite(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """Set or take away the mark; with `HX-Request` the button as it is now."""
    liked = request.POST.get("on") == "1"
    carried_out(request, lambda: labels.mark(actor, [public_id], favourite=liked))
    if "HX-Request" in request.headers:
        shown = {"tile": tile(finding.one(actor, public_id)), "way_back": way_back(request)}
        return render(request, "generations/library/parts/favourite.html", shown)
    return redirect(way_back(request, reverse("film", args=[public_id])))


@require_POST
@signed_in
def write(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """Set title and tags; what is wrong with them is told at its field."""
    typed = reading.read(request.POST)
    if typed.wrong:
        video = finding.one(actor, public_id)
        return its_page.show(request, actor, video, typed=typed, status=422)
    carried_out(
        request,
        lambda: labels.write(actor, public_id, title=typed.title, tags=typed.tags),
        _("Title and tags were saved."),
    )
    return redirect("film", public_id=public_id)
