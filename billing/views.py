"""Pages of the wallet: what there is, and every entry that made it so."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing import statements, wallets
from billing.models import Lot
from billing.pages import signed_in

_LINES = 50
_WORDS: dict[str, tuple[Promise | str, str]] = {
    "grant": (_("Credits given"), "plus"),
    "purchase": (_("Credits bought"), "plus"),
    "adjust": (_("Adjusted by us"), "settings"),
    "hold": (_("Reserved for a film"), "hourglass"),
    "pending": (_("Film under way"), "hourglass"),
    "captured": (_("Film delivered"), "circle-check"),
    "released": (_("No film, credits returned"), "undo-2"),
    "capture": (_("Film delivered, reservation spent"), "circle-check"),
    "release": (_("Credits returned"), "undo-2"),
    "expire": (_("Credits expired"), "clock"),
    "announce": (_("Top-up announced"), "hourglass"),
    "withdraw": (_("Top-up withdrawn"), "circle-x"),
    "claw_back": (_("Payment taken back"), "circle-x"),
}


def _said(state: str) -> dict[str, Any]:
    words, icon = _WORDS.get(state, (state, "info"))
    return {"words": words, "icon": icon}


def _lines(lines: list[statements.Line]) -> list[dict[str, Any]]:
    return [{"line": line, **_said(line.state)} for line in lines]


@require_GET
@signed_in
def wallet(request: ActingRequest, actor: Actor) -> HttpResponse:
    """The three figures, the lots they lie in, and the latest entries."""
    balance = wallets.balance(actor.organisation_id, actor.livemode)
    lots = Lot.objects.filter(livemode=actor.livemode, open=True).order_by("expires_at", "pk")
    context = {
        "balance": balance,
        "usd": balance.available * Decimal(settings.USD_PER_CREDIT),
        "lots": lots,
        "lines": _lines(statements.page(actor.organisation_id, actor.livemode, limit=6).lines),
    }
    return render(request, "billing/wallet.html", context)


@require_GET
@signed_in
def statement(request: ActingRequest, actor: Actor) -> HttpResponse:
    """One line per film, newest first; their changes add up to what is available."""
    after = request.GET.get("after", "")
    page = statements.page(actor.organisation_id, actor.livemode, after=after, limit=_LINES)
    context = {"lines": _lines(page.lines), "next": page.next}
    return render(request, "billing/statement.html", context)


@require_GET
@signed_in
def entries(request: ActingRequest, actor: Actor) -> HttpResponse:
    """The ledger itself, as the API shows it: every entry with the balance after it."""
    after = request.GET.get("after", "")
    page = wallets.statement(actor.organisation_id, actor.livemode, after=after, limit=_LINES)
    rows = [{"entry": entry, **_said(entry.type)} for entry in page.entries]
    return render(request, "billing/statement.html", {"entries": rows, "next": page.next})
