"""Addresses of the organisation, its members and invitations, as OpenAPI describes them."""

from __future__ import annotations

from typing import Any

from accounts.invitations import EMAIL_MAX
from accounts.members import NAME_MAX
from accounts.models import Role
from kling_saas.api.openapi import (
    BASE,
    FLAG,
    IDEMPOTENCY,
    MOMENT,
    PAGE,
    TEXT,
    WHOLE,
    Schema,
    answer,
    body_of,
    in_path,
    json_body,
    maybe,
    object_of,
    operation,
    page_of,
)

_PLACE = f"{BASE}/organisation"
_ADMIN: Any = {"scope": "admin"}
_LIVE = "With a live key: an organisation has no test mode."
_OWNERS = f"Owners are made, changed and removed by owners in person, and by no key. {_LIVE}"
_ROLE: Schema = {"enum": Role.values}
_EMAIL: Schema = {**TEXT, "format": "email", "maxLength": EMAIL_MAX}
_NAME: Schema = {**TEXT, "minLength": 1, "maxLength": NAME_MAX}
_MEMBER: dict[str, Schema] = {
    "id": {**TEXT, "description": "`user:12`, as the ledger and usage name a person."},
    "object": {"const": "member"},
    "email": _EMAIL,
    "name": maybe(TEXT),
    "role": _ROLE,
    "created_at": MOMENT,
}
_INVITATION: dict[str, Schema] = {
    "id": TEXT,
    "object": {"const": "invitation"},
    "email": _EMAIL,
    "role": _ROLE,
    "status": {"enum": ["open", "accepted", "revoked", "expired"]},
    "invited_by": {**maybe(TEXT), "description": "The member; null where a key invited."},
    "created_at": MOMENT,
    "expires_at": MOMENT,
    "mailed_at": maybe(MOMENT),
    "accepted_at": maybe(MOMENT),
    "revoked_at": maybe(MOMENT),
}
_ORGANISATION: dict[str, Schema] = {
    "id": TEXT,
    "object": {"const": "organisation"},
    "name": _NAME,
    "members": {**WHOLE, "description": "How many."},
    "suspended": {**FLAG, "description": "It may read, and orders nothing."},
    "requests_per_minute": {**maybe(WHOLE), "description": "Of all its keys; null: no limit."},
    "concurrency": {**maybe(WHOLE), "description": "Films under way at once; null: no limit."},
    "created_at": MOMENT,
}
SCHEMAS: dict[str, Schema] = {
    "Organisation": object_of(" ".join(_ORGANISATION), **_ORGANISATION),
    "OrganisationChange": body_of("", name=_NAME),
    "Member": object_of(" ".join(_MEMBER), **_MEMBER),
    "MemberPage": page_of("Member"),
    "MemberChange": body_of("role", role=_ROLE),
    "MemberDeleted": object_of(
        "id object deleted",
        id=_MEMBER["id"],
        object={"const": "member"},
        deleted={"const": True},
    ),
    "Invitation": object_of(" ".join(_INVITATION), **_INVITATION),
    "InvitationPage": page_of("Invitation"),
    "NewInvitation": body_of("email role", email=_EMAIL, role=_ROLE),
}
_SHOWN = {"200": answer("As it stands", "Organisation")}
_ONE = {"200": answer("As they stand", "Member")}
_FOUND = {"200": answer("As it stands", "Invitation")}
PATHS: Schema = {
    _PLACE: {
        "get": operation("The organisation of the key", _SHOWN, **_ADMIN),
        "patch": operation(
            "Call it something else",
            _SHOWN,
            body=json_body("OrganisationChange"),
            description=_LIVE,
            **_ADMIN,
        ),
    },
    f"{_PLACE}/members": {
        "get": operation(
            "Members, oldest first", {"200": answer("A page", "MemberPage")},
            refuses=(404,), parameters=PAGE, **_ADMIN,
        )
    },
    f"{_PLACE}/members/{{id}}": {
        "parameters": [in_path("id", "The member's id, such as `user:12`.")],
        "get": operation("A member", _ONE, refuses=(404,), **_ADMIN),
        "patch": operation(
            "Give a member another role", _ONE, refuses=(404, 409),
            body=json_body("MemberChange"), description=_OWNERS, **_ADMIN,
        ),
        "delete": operation(
            "Remove a member", {"200": answer("Removed", "MemberDeleted")}, refuses=(404, 409),
            description=f"Keys that they made stay. {_OWNERS}", **_ADMIN,
        ),
    },
    f"{_PLACE}/invitations": {
        "get": operation(
            "Invitations, newest first", {"200": answer("A page", "InvitationPage")},
            refuses=(404,), parameters=PAGE, **_ADMIN,
        ),
        "post": operation(
            "Invite somebody", {"201": answer("The invitation", "Invitation")}, refuses=(409,),
            body=json_body("NewInvitation"), parameters=[IDEMPOTENCY],
            description="A mail with a link follows; the link lets in once, until `expires_at`, "
            f"who signs in with that address. An open invitation to it is taken back. {_LIVE}",
            **_ADMIN,
        ),
    },
    f"{_PLACE}/invitations/{{id}}": {
        "parameters": [in_path("id", "The invitation's id, `inv_…`.")],
        "get": operation("An invitation", _FOUND, refuses=(404,), **_ADMIN),
        "delete": operation(
            "Take an invitation back", _FOUND, refuses=(404, 409),
            description=f"Repeatable. {_LIVE}", **_ADMIN,
        ),
    },
}  # fmt: skip
