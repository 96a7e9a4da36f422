"""The organisation itself: what it is called, and another one beside it."""

from __future__ import annotations

from typing import cast

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts import members, organisations
from accounts.actors import Actor
from accounts.middleware import ORGANISATION, outside_transactions
from accounts.models import User
from accounts.requests import ActingRequest
from billing.pages import signed_in
from kling_saas.lib.refusals import Refusal
from kling_saas.web.team import doing


class NameForm(forms.Form):
    """What an organisation is called."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=members.NAME_MAX)


@require_http_methods(["GET", "HEAD", "POST"])
@doing.managing
def organisation(request: ActingRequest, actor: Actor) -> HttpResponse:
    """Facts about it; a POST renames it."""
    mine = members.organisation(actor)
    form = NameForm(request.POST or None, initial={"name": mine.name})
    if request.method == "POST" and form.is_valid():
        try:
            members.rename(actor, form.cleaned_data["name"])
        except Refusal as refusal:
            form.add_error("name", refusal.detail)
        else:
            messages.success(request, _("The organisation has its new name."))
            return redirect("team-organisation")
    context = {"organisation": mine, "form": form}
    return render(request, "team/organisation.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@outside_transactions
def another(request: ActingRequest, actor: Actor) -> HttpResponse:
    """A new organisation, whose owner one is and for which one acts from then on."""
    form = NameForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = organisations.create(cast("User", request.user), name=form.cleaned_data["name"])
        request.session[ORGANISATION] = made.pk
        messages.success(request, _("%(name)s is made. You act for it now.") % {"name": made.name})
        return redirect("team")
    context = {"form": form}
    return render(request, "team/another.html", context, status=422 if form.errors else 200)
