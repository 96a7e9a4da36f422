"""Keeping and removing recipes; the studio offers and uses them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing.pages import signed_in
from generations import recipes
from generations.forms import order as orders
from generations.views.words import plain
from kling_saas.lib.refusals import Refusal


@require_POST
@signed_in
def keep(request: ActingRequest, actor: Actor) -> HttpResponse:
    """Keep what stands in the studio, but for its pictures; the page's script sends it along."""
    name = request.POST.get("recipe_name", "").strip()
    shared = request.POST.get("recipe_shared") == "on"
    try:
        recipe = recipes.keep(actor, name, orders.kept(orders.read(request.POST)), shared=shared)
    except Refusal as refusal:
        messages.error(request, plain(refusal.detail))
        return redirect("studio")
    messages.success(request, _("“%(name)s” is kept.") % {"name": recipe.name})
    return redirect(f"{reverse('studio')}?recipe={recipe.public_id}")


@require_POST
@signed_in
def remove(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """Forget a recipe."""
    try:
        recipes.remove(actor, public_id)
    except Refusal as refusal:
        messages.error(request, plain(refusal.detail))
    else:
        messages.success(request, _("The recipe is gone."))
    return redirect("studio")
