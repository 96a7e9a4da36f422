"""Who is invited into an organisation: by mail, again, and no longer."""

from __future__ import annotations

from functools import partial

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts import invitations, members
from accounts.actors import Actor
from accounts.models import Role
from accounts.requests import ActingRequest
from kling_saas.lib.refusals import Refusal
from kling_saas.web.team import doing, roles

_PER_PAGE = 25


class InviteForm(forms.Form):
    """One address and what it is to be."""

    email = forms.EmailField(label=gettext_lazy("Email"), max_length=invitations.EMAIL_MAX)
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices)


@require_http_methods(["GET", "HEAD", "POST"])
@doing.managing
def invited(request: ActingRequest, actor: Actor) -> HttpResponse:
    """All that were invited, newest first; a POST invites."""
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _made(request, actor, form):
        return redirect("invitations")
    page = invitations.page(actor, after=request.GET.get("after", ""), limit=_PER_PAGE)
    context = {
        "form": form,
        "problems": [each for errors in form.errors.values() for each in errors],
        "roles": roles.choices(members.givable(actor)),
        "wanted": form.data.get("role", Role.CREATOR.value),
        "invitations": [(each, roles.NAMES[each.role]) for each in page.invitations],
        "after": page.after,
        "days": settings.INVITATION_DAYS,
    }
    status = 422 if form.errors else 200
    return render(request, "team/invitations.html", context, status=status)


def _made(request: ActingRequest, actor: Actor, form: InviteForm) -> bool:
    email, role = form.cleaned_data["email"], form.cleaned_data["role"]
    doing.prove_owner(request, role)
    try:
        invitations.make(actor, email, Role(role))
    except Refusal as refusal:
        form.add_error("email", refusal.detail)
        return False
    messages.success(request, _("%(email)s is invited: the mail is on its way.") % {"email": email})
    return True


@require_POST
@doing.managing
def resend(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """Another mail with a new link."""
    doing.prove_owner(request, invitations.find(actor, public_id).role)
    said = _("Sent again. The link of the mail before has ended.")
    act = partial(invitations.resend, actor, public_id)
    return doing.done(request, act, said, reverse("invitations"))


@require_POST
@doing.managing
def revoke(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """Its link lets nobody in any more."""
    said = _("The invitation was taken back.")
    act = partial(invitations.revoke, actor, public_id)
    return doing.done(request, act, said, reverse("invitations"))
