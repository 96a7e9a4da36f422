"""The wallet: what there is, how long it lasts, and the latest that made it so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing import alerts, freezes, months, notices, pace, statements, wallets
from billing.models import Lot
from billing.naming import Names
from billing.pages import signed_in
from billing.payments import refilling
from billing.views.words import told, why_frozen
from kling_saas.lib.numbers import whole
from kling_saas.lib.refusals import Refusal

_SOON = 14  # days


@dataclass(frozen=True, slots=True)
class Part:
    """A lot with something left, and in how many days it ends, by the calendar (UTC); None: it
    does not.
    """

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
    lines = statements.page(*mine, limit=6).lines
    context = {
        "balance": balance,
        "usd": balance.available * Decimal(settings.USD_PER_CREDIT),
        "freezes": [
            {"freeze": one, "words": why_frozen(one.cause, one.reason)}
            for one in freezes.causes(*mine)
        ],
        "pace": pace.of(*mine),
        "parts": _parts(actor),
        "lines": told(lines, Names(actor.organisation_id)),
        "notices": notices.shown(actor),
        "chosen": refilling.settings_of(actor.organisation_id),
        "usual_days": settings.LOW_BALANCE_DAYS,
        "most_days": alerts.MOST_DAYS,
        "may_set": actor.may_buy,
    }
    return render(request, "billing/wallet.html", context)


@require_POST
@signed_in
def low(request: ActingRequest, actor: Actor) -> HttpResponse:
    """When its owners hear that the live wallet runs low."""
    try:
        alerts.choose(
            actor, low_credits=_whole(request, "low_credits"), low_days=_whole(request, "low_days")
        )
    except Refusal as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, _("Saved."))
    return redirect("wallet")


def _whole(request: ActingRequest, name: str) -> int | None:
    text = request.POST.get(name, "").strip()
    number = whole(text)
    if text and number is None:
        raise alerts.BadLimit(_("Write a whole number, or nothing."), field=name)
    return number


def _parts(actor: Actor) -> list[Part]:
    today = months.today()
    lots = Lot.objects.filter(livemode=actor.livemode, open=True).order_by("expires_at", "pk")
    return [Part(lot, _days(lot.expires_at, today) if lot.expires_at else None) for lot in lots]


def _days(ends: datetime, today: date) -> int:
    return max(0, (ends.astimezone(UTC).date() - today).days)
