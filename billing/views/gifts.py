"""Packs to give away: the page that begins one, and those that were bought, with their codes."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods

from accounts.actors import Actor
from accounts.middleware import outside_transactions
from accounts.requests import ActingRequest
from billing import gifts, offers
from billing.gifts import BadWords
from billing.models import MOST_LETTERS, Pack
from billing.pages import signed_in, unkept
from billing.payments import purchases
from billing.views.purchases import paid_elsewhere, whom_to_ask
from kling_saas.lib.refusals import Forbidden


@require_GET
@signed_in
def bought(request: ActingRequest, actor: Actor) -> HttpResponse:
    """What became of each. Their codes are money: only who may spend it comes here. Where none are
    sold, whoever has none finds nothing.
    """
    try:
        found = gifts.bought(actor)
    except Forbidden:
        return whom_to_ask(request, actor)
    if not found and not settings.GIFTS:
        raise Http404("no gifts are sold here")
    return unkept(render(request, "billing/gifts.html", {"gifts": found}))


@require_http_methods(["GET", "HEAD", "POST"])
@outside_transactions
@signed_in
def give(request: ActingRequest, actor: Actor) -> HttpResponse:
    """A GET asks for whom it is; a POST goes on to the payment service's page."""
    if not settings.GIFTS:
        raise Http404("no gifts are sold here")
    typed = request.POST if request.method == "POST" else request.GET
    pack = offers.pack(typed.get("pack", ""))
    if not actor.may_buy:
        return whom_to_ask(request, actor)
    if request.method != "POST":
        return _asked(request, pack, None)
    asked = {name: typed.get(name, "") for name in ("pack", "from_name", "message")}
    try:
        said = gifts.words(asked["from_name"], asked["message"])
    except BadWords as problem:
        return _asked(request, pack, problem)
    return paid_elsewhere(
        request, actor, lambda: purchases.start_pack(actor, pack, said).pay_url, asked
    )


def _asked(request: ActingRequest, pack: Pack, problem: BadWords | None) -> HttpResponse:
    context = {
        "pack": pack, "problem": problem, "given": request.POST, "most": MOST_LETTERS,
        "currency": settings.CURRENCY,
    }  # fmt: skip
    status = problem.status if problem else 200
    return render(request, "billing/give.html", context, status=status)
