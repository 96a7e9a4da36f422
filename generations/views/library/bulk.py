"""One press for many films: those that were chosen, or all that match the search."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing.pages import Answer, signed_in
from generations.forms import search as searching
from generations.forms.labels import faults_of, tags_of
from generations.gallery import choosing, finding, labels, packing, sorting, trash
from generations.models import Video
from generations.retention import in_trash
from generations.views.library import grid
from generations.views.library.changes import can_be_undone, carried_out
from generations.views.library.comparing import MOST
from generations.views.words import plain
from kling_saas.lib.refusals import NotFound, Refusal
from kling_saas.lib.way_back import way_back

_SURE_ABOVE = 50  # films: to throw away more, their number is typed


@require_POST
@signed_in
def act(request: ActingRequest, actor: Actor) -> Answer:
    """Do with the films what the button says; a refusal leaves all of them as they were."""
    back, action = way_back(request, reverse("library")), request.POST.get("action", "")
    try:
        films = _chosen(request.POST, actor)
    except NotFound:
        raise
    except Refusal as refusal:
        messages.error(request, plain(refusal.detail))
        return redirect(back)
    if not films:
        messages.error(request, _("No film was chosen."))
        return redirect(back)
    if action == "compare":
        named = urlencode([("film", film.public_id) for film in films[: MOST + 1]])
        return redirect(f"{reverse('library-compare')}?{named}")
    if action == "zip":
        return _zip(request, films, back)
    if action == "trash":
        return _thrown_away(request, actor, films, back)
    _change(request, actor, action, [film.public_id for film in films])
    return redirect(back)


def _chosen(post: QueryDict, actor: Actor) -> list[Video]:
    """Those that are shown; what was thrown away elsewhere meanwhile is passed by."""
    if post.get("all"):
        named = post.get("shelf", "")
        shelf = sorting.find(actor, named) if named else None
        _search, wanted = grid.resolved(actor, searching.parse(post.get("q", "")), shelf)
        return choosing.matching(actor, wanted)
    return [film for film in finding.many(actor, post.getlist("film")) if not film.away]


def _change(request: ActingRequest, actor: Actor, action: str, names: Sequence[str]) -> None:
    tags = tags_of(request.POST.get("tags", ""))
    shelf, place = request.POST.get("shelf", ""), request.POST.get("collection", "")
    changes: Mapping[str, tuple[Callable[[], object], str]] = {
        "favourite": (
            lambda: labels.mark(actor, names, favourite=True),
            _("Marked as favourites."),
        ),
        "unfavourite": (
            lambda: labels.mark(actor, names, favourite=False),
            _("No favourites now."),
        ),
        "tag": (lambda: choosing.tag(actor, names, tags), _("The tags were added.")),
        "put": (lambda: sorting.put(actor, place, names), _("Put into the collection.")),
        "take": (lambda: sorting.take(actor, shelf, names), _("Taken out of the collection.")),
    }
    if action not in changes:
        raise NotFound(f"There is no action {action[:20]!r}.")
    wrong = faults_of(tags) or ("" if tags else _("Type the tags first."))
    if action == "tag" and wrong:
        messages.error(request, wrong)
        return
    carried_out(request, *changes[action])


def _thrown_away(
    request: ActingRequest, actor: Actor, films: Sequence[Video], back: str
) -> HttpResponse:
    typed = request.POST.get("sure")
    if len(films) > _SURE_ABOVE and typed != str(len(films)):
        context = {"films": films, "way_back": back, "days": in_trash().days, "wrong": typed}
        status = 200 if typed is None else 422
        return render(request, "generations/library/sure.html", context, status=status)
    names = [film.public_id for film in films]
    carried_out(request, lambda: can_be_undone(request, trash.put_in(actor, names)))
    return redirect(back)


def _zip(request: ActingRequest, films: Sequence[Video], back: str) -> Answer:
    if not carried_out(request, lambda: packing.must_fit(films)):
        return redirect(back)
    return StreamingHttpResponse(
        packing.packed(films),
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="films-{now():%Y-%m-%d}.zip"'},
    )
