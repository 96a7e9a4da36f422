"""The wallet: what there is, how long it lasts, and the latest that made it so."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing import pace, statements, wallets
from billing.models import Lot, WalletFreeze
from billing.naming import Names
from billing.pages import signed_in
from billing.views.words import told

_SOON = 14  # days


@dataclass(frozen=True, slots=True)
class Part:
    """A lot with something left, and how many whole days until it ends; None: it does not."""

    lot: Lot
    days_left: int | None

    @property
    def soon(self) -> bool:
        """Whether it is worth a second look."""
        return self.days_left is not None and self.days_left <= _SOON


@require_GET
@signed_in
def wallet(request: ActingRequest, actor: Actor) -> HttpResponse:
    """The three figures, the lots they lie in, the pace, and the latest lines."""
    mine = actor.organisation_id, actor.livemode
    balance = wallets.balance(*mine)
    freezes = WalletFreeze.objects.filter(livemode=actor.livemode, lifted_at=None).order_by("pk")
    lines = statements.page(*mine, limit=6).lines
    context = {
        "balance": balance,
        "usd": balance.available * Decimal(settings.USD_PER_CREDIT),
        "freezes": freezes,
        "pace": pace.of(*mine),
        "parts": _parts(actor),
        "lines": told(lines, Names(actor.organisation_id)),
    }
    return render(request, "billing/wallet.html", context)


def _parts(actor: Actor) -> list[Part]:
    now = timezone.now()
    lots = Lot.objects.filter(livemode=actor.livemode, open=True).order_by("expires_at", "pk")
    return [
        Part(lot, max(0, (lot.expires_at - now).days) if lot.expires_at else None) for lot in lots
    ]
