"""Paying for a pack, and the page that tells what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts import tenancy
from accounts.actors import BUYERS, Actor
from accounts.middleware import outside_transactions
from accounts.models import Membership
from accounts.requests import ActingRequest
from billing import freezes, gifts, offers
from billing.models import Purchase, PurchaseStatus
from billing.pages import signed_in, unkept
from billing.payments import changes, purchases, returning, subscriptions
from billing.payments.errors import NOT_NOW
from kling_saas.lib.refusals import Conflict, Forbidden
from kling_saas.templatetags.screen import when

_FOLLOWS = gettext_lazy("{plan} follows on {day}. Until then your plan stays as it is.")
_STAYS = gettext_lazy("You stay with {plan}: it renews on {day}.")


@require_POST
@outside_transactions
@signed_in
def checkout(request: ActingRequest, actor: Actor) -> HttpResponse:
    """Begin to buy a pack or a plan; on to the payment service's page."""
    if slug := request.POST.get("plan", ""):
        return paid_elsewhere(request, actor, lambda: _choose(request, actor, slug), {"plan": slug})
    pack = offers.pack(request.POST.get("pack", ""))
    return paid_elsewhere(
        request, actor, lambda: purchases.start_pack(actor, pack).pay_url, {"pack": pack.slug}
    )


def _choose(request: ActingRequest, actor: Actor, slug: str) -> str:
    address = changes.choose(actor, offers.plan(slug))
    if address:
        return address
    running = subscriptions.of(actor.organisation_id)
    if running is not None and running.period_ends_at is not None:
        then = running.next_plan or running.plan
        words = _FOLLOWS if running.next_plan else _STAYS
        day = when(running.period_ends_at, "day")
        messages.success(request, format_html(str(words), plan=then.name, day=day))
    return changes.HERE


def paid_elsewhere(
    request: ActingRequest, actor: Actor, act: Callable[[], str], asked: dict[str, str]
) -> HttpResponse:
    """On to the address that `act` gives, or a page that says why not and asks the same again."""
    try:
        address = act()
    except Forbidden:
        return whom_to_ask(request, actor)
    except NOT_NOW:
        context = {"asked": asked, "address": request.path}
        return render(request, "billing/pay_later.html", context, status=503)
    except Conflict as refusal:
        messages.error(request, refusal.detail)
        address = changes.HERE
    return HttpResponse(status=303, headers={"Location": address})


def whom_to_ask(request: ActingRequest, actor: Actor) -> HttpResponse:
    """403 for members who may not spend money, with the addresses of those who may."""
    with tenancy.scope(actor.organisation_id):
        payers = Membership.objects.filter(organisation_id=actor.organisation_id, role__in=BUYERS)
        people = list(payers.order_by("pk").values_list("user__email", flat=True)[:5])
    return render(request, "billing/whom_to_ask.html", {"people": people}, status=403)


@require_GET
@signed_in
def purchase(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """What became of it. It only reads: who comes here has not thereby paid."""
    found = purchases.find(actor, public_id)
    return _page(request, actor, found, "billing/purchase.html")


def _page(request: ActingRequest, actor: Actor, found: Purchase, template: str) -> HttpResponse:
    shown = _shown(request, actor, found)
    response = render(request, template, shown)
    return unkept(response) if shown["gift"] and actor.may_buy else response


def _shown(request: ActingRequest, actor: Actor, found: Purchase) -> dict[str, Any]:
    # They come from a payment that went through: what failed before it is no news any more.
    returned = "paid" in request.GET
    dispute = returning.disputed(actor, found)
    return {
        "purchase": found,
        "gift": gifts.of(actor, found),
        "returned": returned,
        "refunds": returning.of(actor, found),
        "lapsed": bool(found.pay_url) and not purchases.payable(found) and not returned,
        "dispute": dispute,
        "freeze": freezes.by_dispute(actor.organisation_id, dispute) if dispute else None,
        "offer": returning.offer(actor, found),
    }


@require_GET
@signed_in
def invoices(request: ActingRequest, actor: Actor) -> HttpResponse:
    """Every purchase with its invoice, newest first, and where those can be paid that are not."""
    bought = [(one, purchases.payable(one)) for one in purchases.latest(actor)]
    context = {"purchases": bought, "may_buy": actor.may_buy}
    return render(request, "billing/invoices.html", context)


@require_GET
@signed_in
def purchase_state(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """The part of the purchase's page that changes; the whole page anew once it is settled."""
    found = purchases.find(actor, public_id)
    response = _page(request, actor, found, "billing/parts/purchase.html")
    if found.status != PurchaseStatus.OPEN:
        response["HX-Refresh"] = "true"  # the wallet in its bar is another one, too
    return response
