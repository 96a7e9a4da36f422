"""Automatic top-ups: when, how much, from which card, and why they stopped."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing.pages import signed_in
from billing.payments import customers, refilling
from billing.payments.refilling import BadTopUp
from billing.views.purchases import whom_to_ask
from kling_saas.lib.numbers import cents, whole
from kling_saas.lib.refusals import Forbidden

_USUAL = {"threshold": 500, "target": 2000}


@require_http_methods(["GET", "POST"])
@signed_in
def top_up(request: ActingRequest, actor: Actor) -> HttpResponse:
    """How it is set; a POST sets it."""
    problem: BadTopUp | None = None
    if request.method == "POST":
        try:
            on = request.POST.get("on") == "yes"
            refilling.configure(
                actor,
                on=on,
                threshold=_whole(request, "threshold"),
                target=_whole(request, "target"),
                monthly_cents=_cents(request),
            )
        except Forbidden:
            return whom_to_ask(request, actor)
        except BadTopUp as refusal:
            problem = refusal
        else:
            messages.success(request, _("Automatic top-up is on.") if on else _("It is off."))
            return redirect("top-up")
    row = refilling.settings_of(actor.organisation_id)
    threshold = row.threshold if row and row.threshold else _USUAL["threshold"]
    target = row.target if row and row.target else _USUAL["target"]
    each = refilling.cents_of(target - threshold)
    context = {
        "row": row,
        "given": request.POST if problem else None,
        "problem": problem,
        "threshold": threshold,
        "target": target,
        "least": target - threshold,
        "monthly": f"{(row.monthly_cents if row and row.monthly_cents else 4 * each) / 100:.2f}",
        "card": customers.find(actor.organisation_id),
        "resumes_at": refilling.resumes_at(row),
        "spent": refilling.spent_this_month(actor.organisation_id),
        "each": each,
        "currency": settings.CURRENCY,
        "may_set": actor.may_buy,
        "latest": refilling.latest(actor.organisation_id),
    }
    status = problem.status if problem else 200
    return render(request, "billing/top_up.html", context, status=status)


def _whole(request: ActingRequest, name: str) -> int:
    number = whole(request.POST.get(name, ""))
    if number is None:
        raise BadTopUp(_("Write a whole number of credits."), field=name)
    return number


def _cents(request: ActingRequest) -> int:
    amount = cents(request.POST.get("monthly", ""))
    if amount is None:
        words = _("Write the maximum as an amount of money, such as 1,250.50.")
        raise BadTopUp(words, field="monthly")
    return amount
