"""Where somebody is signed in: each browser, and the end of any of them."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.http import HttpRequest

from accounts.models import User
from kling_saas.lib.refusals import NotFound


def note(request: HttpRequest) -> None:
    """This browser is in use now, from this address."""
    UserSession.objects.create_from_request(request)


def of(user: User) -> list[UserSession]:
    """Those that still open something, the latest seen first."""
    alive = UserSession.objects.purge_and_list(user)
    return sorted(alive, key=lambda session: session.last_seen_at, reverse=True)


def end(user: User, session_id: int) -> None:
    """That browser is signed out. Raises NotFound for another person's."""
    found = UserSession.objects.filter(user_id=user.pk, pk=session_id).first()
    if found is None:
        raise NotFound("There is no such session.")
    found.end()


def end_others(user: User, kept: str | None) -> int:
    """All but the one with the key `kept` are signed out; how many."""
    others = list(UserSession.objects.filter(user_id=user.pk).exclude(session_key=kept))
    for each in others:
        each.end()
    return len(others)
