"""The organisation's plan: what it gives, when it renews, changing and ending it."""

from __future__ import annotations

import time
from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts import tenancy
from accounts.actors import Actor
from accounts.middleware import outside_transactions
from accounts.requests import ActingRequest
from billing import offers
from billing.models import Plan, Purchase, PurchaseKind, PurchaseStatus, Subscription
from billing.pages import signed_in
from billing.payments import changes, subscriptions
from billing.payments.errors import NOT_NOW
from billing.views.purchases import paid_elsewhere, whom_to_ask
from kling_saas.lib.refusals import Forbidden, NotFound
from kling_saas.templatetags.screen import when

_STAYS = gettext_lazy("The plan goes on and renews on {day}.")
_ENDS = gettext_lazy("The plan ends on {day}; credits that you bought stay after that, too.")
_AWAITED = "plan_awaited"  # in the session: which payment they came from, and when that was
_AWAITED_SECONDS = 600


@require_GET
@signed_in
def plan(request: ActingRequest, actor: Actor) -> HttpResponse:
    """It only reads: who comes back from paying has not thereby paid."""
    running = subscriptions.of(actor.organisation_id)
    paid = _paid_just_now(request)
    month = _month(running) if running is not None and running.plan == paid else None
    awaited = None if month else paid
    ends = running and (running.cancels_at or running.period_ends_at)
    context = {
        **offers.cards(running.plan if running else None),
        "running": running,
        "current": running.plan if running else None,
        "awaited": awaited,
        "month": month,
        "spent_until": ends and ends + timedelta(days=settings.PLAN_GRACE_DAYS),
        "shop": "here" if actor.may_buy and actor.livemode and not awaited else "",
        "may_buy": actor.may_buy,
    }
    return render(request, "billing/plan.html", context)


def _paid_just_now(request: ActingRequest) -> Plan | None:
    """The plan whose payment they come from, for ten minutes: the address of a payment of long
    ago awaits nothing, and tells nothing.
    """
    slug = request.GET.get("paid", "")
    paid = Plan.objects.filter(slug=slug).first() if slug else None
    if paid is None:
        return None
    which, now = f"{slug} {request.GET.get('session', '')}"[:200], int(time.time())
    known, since = request.session.get(_AWAITED, ("", 0))
    if known != which:
        since = now
        request.session[_AWAITED] = [which, now]
    return paid if now - since < _AWAITED_SECONDS else None


def _month(running: Subscription) -> Purchase | None:
    """The newest month of the running plan that is paid, and so in the wallet."""
    with tenancy.scope(running.organisation_id):
        mine = Purchase.objects.filter(
            organisation_id=running.organisation_id, kind=PurchaseKind.PLAN,
            subscription_id=running.stripe_id, status=PurchaseStatus.PAID,
        )  # fmt: skip
        found: Purchase | None = mine.order_by("-paid_at").first()
    return found


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
    except NOT_NOW:
        messages.error(request, _("The payment service does not answer: try again in a minute."))
    else:
        day = when(running.period_ends_at, "day") if running.period_ends_at else ""
        messages.success(request, format_html(str(_STAYS if goes_on else _ENDS), day=day))
    return redirect("plan")


@require_POST
@outside_transactions
@signed_in
def portal(request: ActingRequest, actor: Actor) -> HttpResponse:
    """On to the payment service's page for cards, address, tax id and invoices."""
    return paid_elsewhere(request, actor, lambda: changes.portal(actor), {})
