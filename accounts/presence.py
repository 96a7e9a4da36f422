"""When members and their browsers were last here: written once an hour, whatever they do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest
from django.utils import timezone

from accounts import sessions
from accounts.models import Membership

if TYPE_CHECKING:
    from accounts.actors import Actor

_SEEN = "seen"  # key of the session: in which organisation, and in which hour


def note(request: HttpRequest, actor: Actor) -> None:
    """Who is signed in looks at a page. Needs an open scope."""
    now = timezone.now()
    seen = [actor.organisation_id, f"{now:%Y-%m-%dT%H}"]
    if request.session.get(_SEEN) == seen:
        return
    mine = Membership.objects.filter(organisation_id=actor.organisation_id, user_id=actor.user_id)
    mine.update(last_seen_at=now)
    request.session[_SEEN] = seen
    sessions.note(request)
