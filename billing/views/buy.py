"""More credits: packs, plans, and codes that give some."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing import offers, vouchers
from billing.pages import signed_in
from billing.payments import subscriptions
from billing.vouchers import Redeemed
from kling_saas.lib.refusals import Refusal


@require_GET
@signed_in
def buy(request: ActingRequest, actor: Actor) -> HttpResponse:
    """What is for sale. Who may not buy sees why, and whom to ask."""
    running = subscriptions.of(actor.organisation_id)
    context = {
        **offers.cards(running.plan if running else None),
        "shop": "here" if actor.may_buy and actor.livemode else "",
        "running": running,
        "current": running.plan if running else None,
        "role": actor.role.label,
    }
    return render(request, "billing/buy.html", context)


@require_POST
@signed_in
def voucher(request: ActingRequest, actor: Actor) -> HttpResponse:
    """Use a code; what came of it is said on the page."""
    try:
        given = vouchers.redeem(actor, request.POST.get("code", ""))
    except Refusal as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, _gave(given))
    return redirect("buy")


def _gave(given: Redeemed) -> str:
    amount = {"amount": f"{given.credits:,}"}
    if given.gift is None:
        return (
            ngettext(
                "The voucher gave you %(amount)s credit.",
                "The voucher gave you %(amount)s credits.",
                given.credits,
            )
            % amount
        )
    words = ngettext(
        "The gift gave you %(amount)s credit.", "The gift gave you %(amount)s credits.",
        given.credits,
    ) % amount  # fmt: skip
    if given.gift.from_name:
        words += " " + _("It is from %(name)s.") % {"name": given.gift.from_name}
    if given.gift.message:
        words += f" “{given.gift.message}”"
    return words
