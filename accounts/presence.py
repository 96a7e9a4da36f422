"""When members were last here: written once an hour, whatever they do meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone

from accounts.models import Membership

if TYPE_CHECKING:
    from accounts.actors import Actor

_SEEN = "seen"  # key of the session: in which organisation, and in which hour


def note(session: SessionBase, actor: Actor) -> None:
    """Who is signed in looks at a page. Needs an open scope."""
    now = timezone.now()
    seen = [actor.organisation_id, f"{now:%Y-%m-%dT%H}"]
    if session.get(_SEEN) == seen:
        return
    mine = Membership.objects.filter(organisation_id=actor.organisation_id, user_id=actor.user_id)
    mine.update(last_seen_at=now)
    session[_SEEN] = seen
