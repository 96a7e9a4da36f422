"""A change that a page asks for: carried out and told, or refused and told."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.contrib import messages

from accounts.requests import ActingRequest
from generations.models import Video
from generations.views.words import plain
from kling_saas.lib.refusals import NotFound, Refusal

_UNDO = "library-undo"


def carried_out(request: ActingRequest, change: Callable[[], object], done: str = "") -> bool:
    """Whether the change was made; the page that follows tells `done`, or why it was refused.

    What is not the actor's is left to be a 404.
    """
    try:
        change()
    except NotFound:
        raise
    except Refusal as refusal:
        messages.error(request, plain(refusal.detail))
        return False
    if done:
        messages.success(request, done)
    return True


def can_be_undone(request: ActingRequest, films: Iterable[Video]) -> None:
    """The next page of the library offers to take these out of the trash again."""
    request.session[_UNDO] = [film.public_id for film in films]


def undo(request: ActingRequest) -> list[str]:
    """The films of which the last change can be undone, told once."""
    found: list[str] = request.session.pop(_UNDO, [])
    return found
