"""Money back for a purchase: what would come back, for all or a part, and a step to confirm it."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.actors import Actor
from accounts.middleware import outside_transactions
from accounts.requests import ActingRequest
from billing.models import PurchaseKind
from billing.pages import signed_in
from billing.payments import purchases, refilling, returning
from billing.payments.errors import NOT_NOW
from billing.payments.returning import BadPart
from billing.views.purchases import whom_to_ask
from kling_saas.lib.numbers import whole
from kling_saas.lib.refusals import Conflict, Forbidden

_LONGEST = 40  # of what is typed as a number


@require_http_methods(["GET", "HEAD", "POST"])
@outside_transactions
@signed_in
def refund(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """A GET shows what would come back, for `credits` of it if so asked; a POST asks for it, if
    as many could still come back as were `seen`, and the button spoke of as many (`shown`) as the
    field holds: for another number, what would come back is shown first.
    """
    if request.method == "POST":
        if _other_than_shown(request):
            asked = urlencode({"credits": request.POST.get("credits", "")[:_LONGEST]})
            return redirect(f"{reverse('refund', args=[public_id])}?{asked}")
        return _ask(request, actor, public_id)
    return _shown(request, actor, public_id, request.GET.get("credits"))


def _other_than_shown(request: ActingRequest) -> bool:
    asked, shown = request.POST.get("credits", ""), request.POST.get("shown")
    return "look" in request.POST or (shown is not None and whole(asked) != whole(shown))


def _shown(request: ActingRequest, actor: Actor, public_id: str, asked: str | None) -> HttpResponse:
    purchase = purchases.find(actor, public_id)
    if not actor.may_buy:
        return whom_to_ask(request, actor)
    offer = returning.offer(actor, purchase)
    if offer is None:
        return redirect("purchase", public_id)
    problem: BadPart | None = None
    if asked is not None:
        try:
            offer = returning.part(purchase, offer, whole(asked))
        except BadPart as refusal:
            problem = refusal
    context = {
        "purchase": purchase, "offer": offer, "problem": problem, "asked": asked,
        "gift": (is_gift := purchase.kind == PurchaseKind.GIFT),
        "stops": not is_gift and refilling.is_on(actor.organisation_id),
    }  # fmt: skip
    status = problem.status if problem else 200
    return render(request, "billing/refund.html", context, status=status)


def _ask(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    asked, seen = request.POST.get("credits", ""), request.POST.get("seen", "")
    try:
        returning.give_back(actor, public_id, whole(asked), whole(seen) if seen else None)
    except Forbidden:
        return whom_to_ask(request, actor)
    except BadPart:
        return _shown(request, actor, public_id, asked)
    except Conflict as refusal:
        messages.error(request, refusal.detail)
    except NOT_NOW:
        messages.error(request, _("The payment service does not answer: try again in a minute."))
    return redirect("purchase", public_id)
