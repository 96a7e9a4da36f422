"""Money back for a purchase: what would come back, and a step to confirm it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.actors import Actor
from accounts.middleware import outside_transactions
from accounts.requests import ActingRequest
from billing.pages import signed_in
from billing.payments import purchases, returning
from billing.payments.errors import NotUnderstood, PaymentServiceDown
from billing.views.purchases import whom_to_ask
from kling_saas.lib.numbers import whole
from kling_saas.lib.refusals import Conflict, Forbidden


@require_http_methods(["GET", "HEAD", "POST"])
@outside_transactions
@signed_in
def refund(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """A GET shows what would come back; a POST asks for it, if it still is so."""
    if request.method == "POST":
        return _ask(request, actor, public_id)
    purchase = purchases.find(actor, public_id)
    if not actor.may_buy:
        return whom_to_ask(request, actor)
    offer = returning.offer(actor, purchase)
    if offer is None:
        return redirect("purchase", public_id)
    return render(request, "billing/refund.html", {"purchase": purchase, "offer": offer})


def _ask(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    bought = whole(request.POST.get("credits", "")) or 0
    try:
        returning.give_back(actor, public_id, bought)
    except Forbidden:
        return whom_to_ask(request, actor)
    except Conflict as refusal:
        messages.error(request, refusal.detail)
    except (PaymentServiceDown, NotUnderstood):
        messages.error(request, _("The payment service does not answer: try again in a minute."))
    return redirect("purchase", public_id)
