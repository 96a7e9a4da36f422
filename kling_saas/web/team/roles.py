"""What each role is for, and what it may do: asked of the rules themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts import members
from accounts.actors import Actor, scopes_of
from accounts.models import Role
from accounts.requests import ActingRequest
from accounts.scopes import Scope
from billing.pages import signed_in

NAMES: dict[str, Promise] = {
    Role.OWNER: _("Owner"),
    Role.ADMIN: _("Admin"),
    Role.BILLING: _("Billing"),
    Role.DEVELOPER: _("Developer"),
    Role.CREATOR: _("Creator"),
    Role.VIEWER: _("Viewer"),
}
PURPOSES: dict[str, Promise] = {
    Role.OWNER: _("Everything, and decides who else is an owner."),
    Role.ADMIN: _("Everything but making and removing owners."),
    Role.BILLING: _("Pays, sets caps and reads the books. Makes no films."),
    Role.DEVELOPER: _("Makes films, and keys for programs."),
    Role.CREATOR: _("Makes films."),
    Role.VIEWER: _("Looks at films and figures, changes nothing."),
}


@dataclass(frozen=True, slots=True)
class Ability:
    """Something that is done, and whether each role may, in the order of `Role`."""

    words: Promise
    allowed: list[bool]


_ABILITIES: tuple[tuple[Promise, Callable[[Actor], bool]], ...] = (
    (_("See films, jobs, the wallet and usage"), lambda actor: True),
    (_("Make films"), lambda actor: actor.may_order),
    (_("Make and revoke API keys"), lambda actor: actor.may_hold_keys),
    (_("Buy credits, set caps, decide requests for more"), lambda actor: actor.may_buy),
    (_("Webhooks and the request log"), lambda actor: Scope.ADMIN in actor.scopes),
    (_("Members, invitations and the audit"), lambda actor: actor.may_manage),
    (_("Make and remove owners"), lambda actor: Role.OWNER in members.givable(actor)),
)


def choices(allowed: list[Role]) -> list[tuple[str, Promise, Promise]]:
    """Value, name and purpose of each role that may be chosen."""
    return [(role.value, NAMES[role], PURPOSES[role]) for role in allowed]


def abilities() -> list[Ability]:
    """The table of the page."""
    people = [
        Actor(organisation_id=0, livemode=True, user_id=1, role=role, scopes=scopes_of(role))
        for role in Role
    ]
    return [Ability(words, [may(one) for one in people]) for words, may in _ABILITIES]


@require_safe
@signed_in
def roles(request: ActingRequest, actor: Actor) -> HttpResponse:
    """Who may do what."""
    context = {"roles": choices(list(Role)), "abilities": abilities(), "mine": actor.role}
    return render(request, "team/roles.html", context)
