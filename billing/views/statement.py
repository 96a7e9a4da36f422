"""Every entry of the ledger, as people and as programs read it."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing import statements, wallets
from billing.pages import signed_in
from billing.views.words import said, told

_LINES = 50


@require_GET
@signed_in
def statement(request: ActingRequest, actor: Actor) -> HttpResponse:
    """One line per film, newest first; their changes add up to what is available."""
    after = request.GET.get("after", "")
    page = statements.page(actor.organisation_id, actor.livemode, after=after, limit=_LINES)
    context = {"lines": told(page.lines), "next": page.next}
    return render(request, "billing/statement.html", context)


@require_GET
@signed_in
def entries(request: ActingRequest, actor: Actor) -> HttpResponse:
    """The ledger itself, as the API shows it: every entry with the balance after it."""
    after = request.GET.get("after", "")
    page = wallets.statement(actor.organisation_id, actor.livemode, after=after, limit=_LINES)
    rows = [{"entry": entry, **said(entry.type)} for entry in page.entries]
    return render(request, "billing/statement.html", {"entries": rows, "next": page.next})
