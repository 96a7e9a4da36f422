"""What each member may spend a month, what they did spend, and who asks for more."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing import caps, months, usage
from billing.models import CapPeriod, CapScope
from billing.pages import signed_in
from kling_saas.lib.numbers import whole
from kling_saas.lib.refusals import Forbidden

_OF_MEMBER = {"scope": CapScope.MEMBER.value, "period": CapPeriod.MONTH.value}


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def budgets(request: ActingRequest, actor: Actor) -> HttpResponse:
    """Everybody's, for who pays; others see their own. A POST sets one, or ends it when empty."""
    problem = None
    if request.method == "POST":
        try:
            _put(request, actor)
        except caps.BadCap as refusal:
            problem = refusal
        except Forbidden as refusal:
            raise PermissionDenied(refusal.detail) from None
        else:
            messages.success(request, _("The budget holds from the next order on."))
            return redirect("budgets")
    context: dict[str, Any] = {
        "requests": caps.open_requests(actor),
        "may_set": actor.may_buy,
        "me": str(actor.user_id),
        "given": request.POST,
        "problem": problem,
        "month": months.current(),
    }
    if actor.may_buy:
        context["rows"] = _rows(actor)
    else:
        context["standings"] = caps.standings(actor)
    return render(request, "team/budgets.html", context, status=problem.status if problem else 200)


def _put(request: ActingRequest, actor: Actor) -> None:
    subject, typed = request.POST.get("member", ""), request.POST.get("credits", "").strip()
    if not typed:
        caps.end(actor, subject=subject, **_OF_MEMBER)
        return
    amount = whole(typed)
    if amount is None:
        raise caps.BadCap(_("Write the budget as a whole number of credits."), field="credits")
    caps.put(actor, subject=subject, amount=amount, **_OF_MEMBER)


def _rows(actor: Actor) -> list[dict[str, Any]]:
    """Each member with this month's figures and their monthly cap, if there is one."""
    spent = {
        row.value.removeprefix("user:"): row
        for row in usage.by(actor.organisation_id, actor.livemode, months.current(), "member")
    }
    monthly = {
        one.cap.subject: one
        for one in caps.standings(actor)
        if (one.cap.scope, one.cap.period) == (CapScope.MEMBER, CapPeriod.MONTH)
    }
    return [
        {"id": user, "name": name, "spent": spent.get(user), "standing": monthly.get(user)}
        for user, name in caps.members(actor)
    ]
