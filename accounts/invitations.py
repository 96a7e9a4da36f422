"""Inviting people into an organisation: one mail, one signed link, used once until it ends.

The link is told by that mail alone, and lets in only who signs in with that very address.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from accounts import audit, letters, members, tenancy
from accounts.actors import Actor
from accounts.models import Invitation, Membership, Role, User
from kling_saas.lib import pages, product
from kling_saas.lib.refusals import Conflict, Forbidden, NotFound, RateLimited

log = logging.getLogger(__name__)
EMAIL_MAX = 254
_SALT = "accounts.invitation"
_AT_ONCE = 5  # each may wait for a mail server as long as EMAIL_TIMEOUT says
_DAY = timedelta(days=1)


class AlreadyMember(Conflict):
    """Who is invited belongs to the organisation already."""

    code, title = "already_member", "Already a member"


class InvitationEnded(Conflict):
    """The invitation was used, taken back, or is too old."""

    code, title = "invitation_ended", "The invitation has ended"


@dataclass(frozen=True, slots=True)
class Page:
    """Invitations, newest first; `after` is the cursor of the next page."""

    invitations: list[Invitation]
    after: str | None


def make(actor: Actor, email: str, role: Role) -> Invitation:
    """Invite an address; an open invitation to it is taken back. Its mail follows.

    Raises Forbidden, AlreadyMember, and RateLimited after INVITATIONS_A_DAY.
    """
    members.must_give(actor, role)
    address = email.strip().lower()
    with tenancy.scope(actor.organisation_id):
        # One at a time: the count holds, and of two to one address the second replaces the first.
        members.lock(actor)
        if Membership.objects.filter(user__email=address).exists():
            raise AlreadyMember(f"{address} belongs to the organisation already.")
        _hold_to_limit(actor)
        now = timezone.now()
        _open(actor).filter(email=address).update(revoked_at=now, next_attempt_at=None)
        made: Invitation = Invitation.objects.create(
            organisation_id=actor.organisation_id,
            email=address,
            role=role,
            invited_by_id=actor.user_id,
            created_at=now,
            expires_at=now + timedelta(days=settings.INVITATION_DAYS),
        )
        audit.note(actor, "invitation.made", made.public_id, email=address, role=role.value)
    return made


def page(actor: Actor, *, after: str = "", limit: int) -> Page:
    """All that were made, ended ones too. Raises Forbidden, and NotFound for another's cursor."""
    members.must_manage(actor)
    with tenancy.scope(actor.organisation_id):
        rows = _of(actor)
        if after:
            rows = rows.filter(pk__lt=_found(rows, after).pk)
        return Page(*pages.first(rows.order_by("-pk"), limit))


def find(actor: Actor, public_id: str) -> Invitation:
    """One of them. Raises Forbidden and NotFound."""
    members.must_manage(actor)
    with tenancy.scope(actor.organisation_id):
        return _found(_of(actor), public_id)


def resend(actor: Actor, public_id: str) -> Invitation:
    """Invite the same address as the same role once more; the link of before lets nobody in.

    Raises what `make` raises, NotFound, and InvitationEnded for one that was accepted or revoked.
    """
    found = find(actor, public_id)
    if found.status not in ("open", "expired"):
        raise InvitationEnded(f"The invitation of {found.email} was used or taken back.")
    return make(actor, found.email, Role(found.role))


def revoke(actor: Actor, public_id: str) -> Invitation:
    """Its link lets nobody in any more. Repeatable. Raises Forbidden, NotFound, and
    InvitationEnded for one that was accepted.
    """
    members.must_change(actor)
    with tenancy.scope(actor.organisation_id):
        found = _found(_of(actor).select_for_update(of=("self",)), public_id)
        if found.accepted_at:
            raise InvitationEnded(f"{found.email} has accepted it: remove the member instead.")
        if not found.revoked_at:
            found.revoked_at, found.next_attempt_at = timezone.now(), None
            found.save(update_fields=["revoked_at", "next_attempt_at"])
            audit.note(actor, "invitation.revoked", found.public_id, email=found.email)
    return found


# -------------------------------------------------------------------- whoever is invited


def link(invitation: Invitation) -> str:
    """The address that its mail tells."""
    token = Signer(salt=_SALT).sign(f"{invitation.organisation_id}.{invitation.public_id}")
    return settings.SITE_URL + reverse("invitation", args=[token])


def by_token(token: str) -> Invitation:
    """What a link leads to, open or ended, with its organisation. Raises NotFound."""
    try:
        owner, _, name = Signer(salt=_SALT).unsign(token).partition(".")
    except BadSignature:
        raise NotFound("This link is not one that we sent.") from None
    with tenancy.scope(int(owner)):
        rows = Invitation.objects.select_related("organisation", "invited_by")
        found: Invitation | None = rows.filter(public_id=name).first()
    if found is None:
        raise NotFound("There is no such invitation any more.")
    return found


def accept(invitation: Invitation, user: User) -> Membership:
    """Let in who was invited, once. Raises Forbidden for who signed in with another address, and
    InvitationEnded.
    """
    if user.email.lower() != invitation.email:
        raise Forbidden(f"This invitation is for {invitation.email}: sign in with that address.")
    organisation = invitation.organisation_id
    with tenancy.scope(organisation):
        mine = Invitation.objects.select_for_update(of=("self",)).get(pk=invitation.pk)
        if mine.status != "open":
            raise InvitationEnded("This invitation was used, taken back, or is too old.")
        member: Membership
        member, _ = Membership.objects.get_or_create(
            organisation_id=organisation, user=user, defaults={"role": mine.role}
        )
        mine.accepted_at, mine.accepted_by, mine.next_attempt_at = timezone.now(), user, None
        mine.save(update_fields=["accepted_at", "accepted_by", "next_attempt_at"])
        newcomer = Actor(organisation_id=organisation, livemode=True, user_id=user.pk)
        audit.note(newcomer, "member.joined", members.id_of(member), role=member.role)
    return member


# -------------------------------------------------------------------- mail


def mail_due() -> int:
    """Send the mails that are owed, a batch; how many. One's trouble keeps no other."""
    with tenancy.system("invitations of every tenant are mailed"):
        owed = Invitation.objects.select_for_update(skip_locked=True, of=("self",))
        due = list(
            owed.select_related("organisation", "invited_by")
            .filter(next_attempt_at__lte=Now())
            .order_by("next_attempt_at")[:_AT_ONCE]
        )
        # Claimed before it is sent, with no transaction open while a mail server is waited for.
        Invitation.objects.filter(pk__in=[one.pk for one in due]).update(
            next_attempt_at=Now() + letters.LEASE
        )
    for invitation in due:
        _mail(invitation)
    return len(due)


def _mail(invitation: Invitation) -> None:
    facts = {
        "invitation": invitation,
        "inviter": invitation.invited_by.called if invitation.invited_by else "",
        "link": link(invitation),
        "product": product.NAME,
    }
    subject, text = letters.split(render_to_string("account/email/invitation.txt", facts))
    failures = invitation.attempts
    changes: dict[str, object]
    try:
        letters.send(subject, text, invitation.email)
    except Exception:  # a mail server may fail in any way
        log.exception("invitation %s was not mailed", invitation.public_id)
        changes = {"attempts": failures + 1, "next_attempt_at": letters.next_try(failures + 1)}
    else:
        changes = {"attempts": failures + 1, "next_attempt_at": None, "mailed_at": timezone.now()}
    with tenancy.scope(invitation.organisation_id):
        still = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None)
        still.update(**changes)


def _hold_to_limit(actor: Actor) -> None:
    lately = _of(actor).filter(created_at__gt=timezone.now() - _DAY)
    if lately.count() >= settings.INVITATIONS_A_DAY:
        raise RateLimited(
            f"{settings.INVITATIONS_A_DAY} people were invited within a day: go on tomorrow.",
            retry_after=3600,
        )


def _of(actor: Actor) -> QuerySet[Invitation]:
    rows: QuerySet[Invitation] = Invitation.objects.filter(organisation_id=actor.organisation_id)
    return rows


def _open(actor: Actor) -> QuerySet[Invitation]:
    return _of(actor).filter(accepted_at=None, revoked_at=None)


def _found(rows: QuerySet[Invitation], public_id: str) -> Invitation:
    found = rows.filter(public_id=public_id).first()
    if found is None:
        raise NotFound(f"There is no invitation {public_id[:60]!r}.")
    return found
