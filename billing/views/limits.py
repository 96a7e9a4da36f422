"""Spending caps: how far each is used, setting them, asking for more, and saying yes or no."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing import caps, notices
from billing.models import CapPeriod, CapScope
from billing.pages import signed_in
from kling_saas.lib.numbers import whole
from kling_saas.lib.refusals import NotFound, Refusal
from kling_saas.lib.way_back import way_back


@require_http_methods(["GET", "POST"])
@signed_in
def limits(request: ActingRequest, actor: Actor) -> HttpResponse:
    """Every cap with how far it is used; a POST sets one."""
    problem: Refusal | None = None
    if request.method == "POST":
        try:
            _put(request, actor)
        except NotFound:
            raise
        except Refusal as refusal:
            problem = refusal
        else:
            messages.success(request, _("The cap is set. It holds from the next order on."))
            return redirect("limits")
    end_user = request.GET.get("end_user", "").strip()
    context = {
        "standings": caps.standings(actor),
        "requests": caps.open_requests(actor),
        "end_users": caps.of_end_users(actor, end_user),
        "end_user": end_user,
        "members": caps.members(actor) if actor.may_buy else [],
        "credentials": caps.credentials(actor) if actor.may_buy else [],
        "may_set": actor.may_buy,
        "me": str(actor.user_id),
        "periods": CapPeriod.choices,
        "problem": problem,
        "given": request.POST,
    }
    status = problem.status if problem else 200
    return render(request, "billing/limits.html", context, status=status)


def _put(request: ActingRequest, actor: Actor) -> None:
    scope, _colon, subject = request.POST.get("whose", "").partition(":")
    if scope == CapScope.END_USER:
        subject = request.POST.get("end_user", "").strip()
    amount = whole(request.POST.get("credits", ""))
    if amount is None:
        raise caps.BadCap(_("Write the cap as a whole number of credits."), field="credits")
    caps.put(
        actor, scope=scope, subject=subject, period=request.POST.get("period", ""),
        amount=amount,
    )  # fmt: skip


@require_POST
@signed_in
def remove(request: ActingRequest, actor: Actor, cap_id: int) -> HttpResponse:
    """End a cap."""
    return _done(request, lambda: caps.remove(actor, cap_id), _("The cap is gone."))


@require_POST
@signed_in
def ask(request: ActingRequest, actor: Actor, cap_id: int) -> HttpResponse:
    """Ask for more than one's own cap."""
    wanted = whole(request.POST.get("credits", "")) or 0
    note = request.POST.get("note", "")
    return _done(
        request,
        lambda: caps.ask(actor, cap_id, wanted, note),
        _("Asked. You hear by mail what was decided."),
    )


@require_POST
@signed_in
def decide(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """Say yes or no to somebody who asked for more."""
    approve = request.POST.get("answer") == "approve"
    said = _("Approved: they may order now.") if approve else _("Declined.")
    return _done(request, lambda: caps.decide(actor, public_id, approve=approve), said)


def _done(request: ActingRequest, act: Callable[[], object], said: str) -> HttpResponse:
    """Back on the page, which says what was done or why it was not."""
    try:
        act()
    except NotFound:
        raise
    except Refusal as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, said)
    return redirect(way_back(request, reverse("limits")))


@require_POST
@signed_in
def dismiss(request: ActingRequest, actor: Actor, notice_id: int) -> HttpResponse:
    """A notice was read."""
    notices.dismiss(actor, notice_id)
    return redirect("wallet")
