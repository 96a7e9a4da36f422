"""The organisation's plan: what it gives, when it renews, changing and ending it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.actors import Actor
from accounts.middleware import outside_transactions
from accounts.requests import ActingRequest
from billing import offers
from billing.pages import signed_in
from billing.payments import changes, subscriptions
from billing.payments.errors import NotUnderstood, PaymentServiceDown
from billing.views.purchases import paid_elsewhere, whom_to_ask
from kling_saas.lib.refusals import Forbidden, NotFound

_STAYS = gettext_lazy("The plan goes on and renews on %(day)s.")
_ENDS = gettext_lazy("The plan ends on %(day)s; credits that you bought stay after that, too.")


@require_GET
@signed_in
def plan(request: ActingRequest, actor: Actor) -> HttpResponse:
    """It only reads: who comes back from paying has not thereby paid."""
    running = subscriptions.of(actor.organisation_id)
    paid = request.GET.get("paid", "")
    context = {
        **offers.cards(),
        "running": running,
        "current": running.plan if running else None,
        "waiting": bool(paid) and (running is None or running.plan.slug != paid),
        "shop": "here" if actor.may_buy and actor.livemode else "",
        "may_buy": actor.may_buy,
    }
    return render(request, "billing/plan.html", context)


@require_POST
@outside_transactions
@signed_in
def cancel(request: ActingRequest, actor: Actor) -> HttpResponse:
    """The plan ends with its month; pressed again, it goes on after all."""
    goes_on = request.POST.get("stay") == "yes"
    try:
        running = changes.stay(actor) if goes_on else changes.cancel(actor)
    except Forbidden:
        return whom_to_ask(request, actor)
    except NotFound as refusal:
        messages.error(request, refusal.detail)
    except (PaymentServiceDown, NotUnderstood):
        messages.error(request, _("The payment service does not answer: try again in a minute."))
    else:
        told = _STAYS if goes_on else _ENDS
        messages.success(request, str(told) % {"day": f"{running.period_ends_at:%Y-%m-%d}"})
    return redirect("plan")


@require_POST
@outside_transactions
@signed_in
def portal(request: ActingRequest, actor: Actor) -> HttpResponse:
    """On to the payment service's page for cards, address, tax id and invoices."""
    return paid_elsewhere(request, actor, lambda: changes.portal(actor), {})
