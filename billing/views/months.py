"""The statement by month: the list, and each as PDF."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing import monthly, months
from billing.pages import signed_in
from kling_saas.api.errors import InvalidQuery
from kling_saas.lib.refusals import NotFound


@require_GET
@signed_in
def statements(request: ActingRequest, actor: Actor) -> HttpResponse:
    """Every month with its balances."""
    found = monthly.summaries(actor.organisation_id, actor.livemode)
    return render(request, "billing/statements.html", {"months": found})


@require_GET
@signed_in
def statement(request: ActingRequest, actor: Actor, month: str) -> HttpResponse:
    """A month as PDF."""
    from billing.views import paper  # the PDF library is large, and few processes draw

    try:
        wanted = months.read(month)
    except InvalidQuery as refusal:
        raise NotFound(refusal.detail) from None
    drawn = paper.drawn(monthly.statement(actor.organisation_id, actor.livemode, wanted))
    mode = "" if actor.livemode else "-test"
    return HttpResponse(
        drawn,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="statement{mode}-{wanted}.pdf"'},
    )
