"""Writes lines of the audit about what an actor does."""

from __future__ import annotations

from accounts.actors import Actor
from accounts.models import AuditEvent


def note(actor: Actor, action: str, subject: str, **detail: object) -> None:
    """A line of the audit; of what a program did, `by` names its key. Needs an open scope."""
    AuditEvent.objects.create(
        organisation_id=actor.organisation_id,
        actor_id=actor.user_id,
        action=action,
        subject=subject,
        detail=detail if actor.user_id else {**detail, "by": actor.name},
    )
