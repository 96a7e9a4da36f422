"""Who belongs to an organisation: the list, and each member's own page."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import members
from accounts.actors import Actor
from accounts.models import Membership, Role
from accounts.requests import ActingRequest
from billing import months, usage
from billing.pages import signed_in
from kling_saas.web.team import doing, roles

_PER_PAGE = 50


@require_safe
@signed_in
def team(request: ActingRequest, actor: Actor) -> HttpResponse:
    """Everybody, for who manages them; others see themselves."""
    after = request.GET.get("after", "")
    if actor.may_manage:
        page = members.page(actor, after=after, limit=_PER_PAGE)
    else:
        page = members.Page([members.shown(actor, actor.name)], None)
    spent = _spent(actor)
    context = {
        "organisation": members.organisation(actor),
        "members": [_shown(actor, each, spent) for each in page.members],
        "after": page.after,
        "began": after,
    }
    return render(request, "team/members.html", context)


@require_safe
@signed_in
def member(request: ActingRequest, actor: Actor, name: str) -> HttpResponse:
    """One of them: what they are, what they spent, another role, and the way out."""
    found = members.shown(actor, name)
    givable = members.givable(actor)
    context = {
        "one": _shown(actor, found, _spent(actor)),
        "roles": roles.choices(givable) if found.role in givable else [],
        "removable": found.role in givable or members.is_self(actor, name),
    }
    return render(request, "team/member.html", context)


@require_POST
@signed_in
def change_role(request: ActingRequest, actor: Actor, name: str) -> HttpResponse:
    """Another role; whoever makes or lowers an owner signs in once more."""
    wanted = request.POST.get("role", "")
    if wanted not in Role.values:
        return redirect("member", name)
    doing.prove_owner(request, members.shown(actor, name).role, wanted)
    said = _("The role is %(role)s now.") % {"role": roles.NAMES[wanted]}
    page = reverse("member", args=[name])
    return doing.done(request, lambda: members.change_role(actor, name, Role(wanted)), said, page)


@require_POST
@signed_in
def remove(request: ActingRequest, actor: Actor, name: str) -> HttpResponse:
    """They do not belong to it any more; or one goes oneself."""
    found = members.shown(actor, name)
    doing.prove_owner(request, found.role)
    page, own = reverse("member", args=[name]), members.is_self(actor, name)
    facts = {"organisation": members.organisation(actor).name, "who": found.user.called}
    said = _("You left %(organisation)s.") if own else _("%(who)s was removed.")
    to = reverse("home") if own else reverse("team")
    return doing.done(request, lambda: members.remove(actor, name), said % facts, to, page)


def _shown(actor: Actor, found: Membership, spent: dict[str, int]) -> dict[str, Any]:
    name = members.id_of(found)
    return {
        "member": found,
        "name": name,
        "role": roles.NAMES[found.role],
        "purpose": roles.PURPOSES[found.role],
        "spent": spent.get(name, 0),
        "own": members.is_self(actor, name),
    }


def _spent(actor: Actor) -> dict[str, int]:
    """This month's credits by member, films under way counted."""
    rows = usage.by(actor.organisation_id, actor.livemode, months.current(), "member")
    return {row.value: row.captured + row.reserved for row in rows}
