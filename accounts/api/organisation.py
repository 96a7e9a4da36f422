"""The organisation of a key over the native API: what it is called, who belongs to it, who may."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest, JsonResponse

from accounts import idempotency, invitations, members, tenancy
from accounts.actors import Actor
from accounts.api.endpoint import Endpoint
from accounts.models import Invitation, Membership, Organisation, Role
from accounts.scopes import Scope
from kling_saas.api import headers, pagination
from kling_saas.api.fields import Fields
from kling_saas.api.parsing import object_of
from kling_saas.lib.moments import iso


class _Admin(Endpoint):
    reads = Scope.ADMIN
    writes = Scope.ADMIN


class OrganisationView(_Admin):
    """/api/v1/organisation"""

    def get(self, request: HttpRequest) -> JsonResponse:
        """As it stands."""
        return JsonResponse(_organisation(self.actor))

    def patch(self, request: HttpRequest) -> JsonResponse:
        """Another `name`."""
        fields = Fields(object_of(request), ("name",))
        name = (fields.text("name", members.NAME_MAX) or "").strip()
        if fields.given("name") and not name:
            fields.refuse("name", "required", "must not be empty.")
        fields.done()
        if name:
            members.rename(self.actor, name)
        return JsonResponse(_organisation(self.actor))


class MembersView(_Admin):
    """/api/v1/organisation/members"""

    takes = pagination.paged()

    def get(self, request: HttpRequest) -> JsonResponse:
        """A page, oldest first."""
        page = pagination.wanted(request)
        found = members.page(self.actor, after=page.after, limit=page.limit)
        return JsonResponse(pagination.as_json([_member(m) for m in found.members], found.after))


class MemberView(_Admin):
    """/api/v1/organisation/members/{id}"""

    def get(self, request: HttpRequest, name: str) -> JsonResponse:
        """One of them."""
        return JsonResponse(_member(members.find(self.actor, name)))

    def patch(self, request: HttpRequest, name: str) -> JsonResponse:
        """Another `role`."""
        fields = Fields(object_of(request), ("role",))
        role = _role(fields)
        fields.done()
        return JsonResponse(_member(members.change_role(self.actor, name, Role(role))))

    def delete(self, request: HttpRequest, name: str) -> JsonResponse:
        """They do not belong to it any more; keys that they made stay."""
        gone = members.remove(self.actor, name)
        return JsonResponse({"id": members.id_of(gone), "object": "member", "deleted": True})


class InvitationsView(_Admin):
    """/api/v1/organisation/invitations"""

    takes = pagination.paged()

    def get(self, request: HttpRequest) -> JsonResponse:
        """A page, newest first, ended ones too."""
        page = pagination.wanted(request)
        found = invitations.page(self.actor, after=page.after, limit=page.limit)
        data = [_invitation(each) for each in found.invitations]
        return JsonResponse(pagination.as_json(data, found.after))

    def post(self, request: HttpRequest) -> JsonResponse:
        """Invite `email` as `role`: 201, and a mail with the link follows."""
        fields = Fields(object_of(request), ("email", "role"))
        email, role = _email(fields), _role(fields)
        fields.done()
        made, again = idempotency.once(
            self.actor,
            headers.idempotency_key(request),
            {"invitation": [email, role]},
            lambda: invitations.make(self.actor, email, Role(role)).public_id,
        )
        answer = JsonResponse(_invitation(invitations.find(self.actor, made)), status=201)
        answer["Location"] = f"{request.path}/{made}"
        return headers.replayed(answer, again=again)


class InvitationView(_Admin):
    """/api/v1/organisation/invitations/{id}"""

    def get(self, request: HttpRequest, public_id: str) -> JsonResponse:
        """One of them."""
        return JsonResponse(_invitation(invitations.find(self.actor, public_id)))

    def delete(self, request: HttpRequest, public_id: str) -> JsonResponse:
        """Take it back: its link lets nobody in. Repeatable."""
        return JsonResponse(_invitation(invitations.revoke(self.actor, public_id)))


def _role(fields: Fields) -> str:
    if not fields.given("role"):
        fields.refuse("role", "required", "is missing.")
    return fields.one_of("role", Role.values) or ""


def _email(fields: Fields) -> str:
    address = (fields.text("email", invitations.EMAIL_MAX, required=True) or "").strip().lower()
    try:
        if address:
            validate_email(address)
        is_one = len(address) <= invitations.EMAIL_MAX  # some letters are two when they are small
    except ValidationError:
        is_one = False
    if not is_one:
        fields.refuse("email", "wrong_type", "must be an e-mail address.")
    return address


def _organisation(actor: Actor) -> dict[str, Any]:
    with tenancy.scope(actor.organisation_id):
        mine = Organisation.objects.get(pk=actor.organisation_id)
        count = Membership.objects.filter(organisation=mine).count()
    return {
        "id": mine.public_id,
        "object": "organisation",
        "name": mine.name,
        "members": count,
        "suspended": mine.suspended_at is not None,
        "requests_per_minute": mine.requests_per_minute or settings.RATE_LIMIT_ORGANISATION or None,
        "concurrency": mine.concurrency,
        "created_at": iso(mine.created_at),
    }


def _member(member: Membership) -> dict[str, Any]:
    return {
        "id": members.id_of(member),
        "object": "member",
        "email": member.user.email,
        "name": member.user.name or None,
        "role": member.role,
        "created_at": iso(member.created_at),
    }


def _invitation(invitation: Invitation) -> dict[str, Any]:
    by = invitation.invited_by_id
    return {
        "id": invitation.public_id,
        "object": "invitation",
        "email": invitation.email,
        "role": invitation.role,
        "status": invitation.status,
        "invited_by": f"user:{by}" if by else None,
        "created_at": iso(invitation.created_at),
        "expires_at": iso(invitation.expires_at),
        "mailed_at": iso(invitation.mailed_at),
        "accepted_at": iso(invitation.accepted_at),
        "revoked_at": iso(invitation.revoked_at),
    }
