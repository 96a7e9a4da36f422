"""Deleting one's account: asked for, called off while there is time, told by mail, and forgotten.

The books name people by a number alone, and stay: what is forgotten is whom the number was.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import connection
from django.template.loader import render_to_string
from django.utils import timezone

from accounts import audit, letters, members, tenancy
from accounts.actors import Actor
from accounts.models import Invitation, Membership, Role, User
from kling_saas.lib import product

log = logging.getLogger(__name__)
_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Leaving:
    """One of a person's organisations: it `closes` where nobody else belongs to it, and cannot be
    left, `kept`, while they are the only owner of others.
    """

    organisation_id: int
    name: str
    role: str
    members: int
    owners: int

    @property
    def closes(self) -> bool:
        return self.members == 1

    @property
    def kept(self) -> bool:
        return self.role == Role.OWNER and self.owners == 1 and self.members > 1


def organisations(user: User) -> list[Leaving]:
    """What becomes of each. One round trip, no scope needed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT organisation_id, name, role, members, owners FROM accounts_leavings(%s)",
            [user.pk],
        )
        return [Leaving(*row) for row in cursor.fetchall()]


def ask(user: User) -> datetime:
    """The account goes when ACCOUNT_DELETION_DAYS are over; a mail says so. Repeatable.

    Raises LastOwner, naming what nobody else owns.
    """
    kept = [each.name for each in organisations(user) if each.kept]
    if kept:
        names = ", ".join(kept)
        raise members.LastOwner(f"You are the only owner of {names}: make somebody else owner.")
    if not user.leaves_at:
        user.leaves_at = timezone.now() + timedelta(days=settings.ACCOUNT_DELETION_DAYS)
        user.leaving_told_at = None
        user.save(update_fields=["leaves_at", "leaving_told_at"])
    return user.leaves_at


def call_off(user: User) -> None:
    """It stays after all. Repeatable."""
    user.leaves_at = user.leaving_told_at = None
    user.save(update_fields=["leaves_at", "leaving_told_at"])


def due() -> list[User]:
    """Whose time is over, the first of them."""
    gone = User.objects.filter(leaves_at__lte=timezone.now(), is_active=True)
    return list(gone.order_by("leaves_at")[:_AT_ONCE])


def leave(user: User, organisation_id: int) -> None:
    """They belong to it no more; its audit has no address of theirs."""
    with tenancy.scope(organisation_id):
        actor = Actor(organisation_id=organisation_id, livemode=True, user_id=user.pk)
        members.lock(actor)
        Membership.objects.filter(organisation_id=organisation_id, user=user).delete()
        audit.note(actor, "member.left", f"user:{user.pk}")


def forget(user: User) -> None:
    """Nobody knows any more who they were, and they sign in no more."""
    was = user.email
    with tenancy.system("a person is forgotten in whatever invited them"):
        user.email, user.name = f"deleted-{user.pk}@deleted.invalid", "Deleted account"
        Invitation.objects.filter(email=was).update(email=user.email, next_attempt_at=None)
        user.is_active = user.is_staff = user.is_superuser = False
        user.leaves_at = None
        user.set_unusable_password()
        user.save()
        EmailAddress.objects.filter(user=user).delete()
        Authenticator.objects.filter(user=user).delete()
    for session in UserSession.objects.filter(user=user):
        session.end()
    _tell("account_deleted", was)


def tell_asked() -> int:
    """Mail to those who asked and were not told yet; how many."""
    untold = User.objects.filter(leaves_at__isnull=False, leaving_told_at=None, is_active=True)
    users = list(untold.order_by("pk")[:_AT_ONCE])
    for user in users:
        claimed = User.objects.filter(pk=user.pk, leaving_told_at=None)
        if claimed.update(leaving_told_at=timezone.now()):
            _tell("account_leaves", user.email, leaves_at=user.leaves_at)
    return len(users)


def _tell(words: str, to: str, **facts: object) -> None:
    told = {**facts, "product": product.NAME, "site": settings.SITE_URL}
    subject, text = letters.split(render_to_string(f"account/email/{words}.txt", told))
    try:
        letters.send(subject, text, to)
    except Exception:  # a mail server may fail in any way; the page says the same
        log.exception("%s was not mailed", words)
