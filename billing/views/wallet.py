"""The wallet: what there is, and the latest that made it so."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing import statements, wallets
from billing.models import Lot
from billing.pages import signed_in
from billing.views.words import told


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
        "lines": told(statements.page(actor.organisation_id, actor.livemode, limit=6).lines),
    }
    return render(request, "billing/wallet.html", context)
