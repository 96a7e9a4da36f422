"""Where developers begin: calls of a day, what went wrong, what is spent, how webhooks fare."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts import call_figures, webhooks
from accounts.actors import Actor
from accounts.call_figures import Figures
from accounts.requests import ActingRequest
from billing import caps, months, usage
from billing.models import CapPeriod, CapScope
from kling_saas.web.dev import quickstart, told_calls, told_webhooks
from kling_saas.web.dev.drawn import Column, Drawing, drawing
from kling_saas.web.dev.frame import developer

_HOURS, _ERRORS, _ENDPOINTS = 24, 5, 5


@require_GET
@developer
def overview(request: ActingRequest, actor: Actor) -> HttpResponse:
    """The last 24 hours of the mode one is in."""
    figures = call_figures.of_the_last(actor, _HOURS, groups=_ERRORS)
    endpoints, _after = webhooks.page(actor, after="", limit=_ENDPOINTS)
    context = {
        "figures": figures,
        "drawing": _drawn(figures),
        "errors": [(each, told_calls.outcome(each.status)) for each in figures.errors],
        "spent": _spent(actor),
        "endpoints": [told_webhooks.told(row) for row in endpoints],
        "steps": quickstart.steps(actor),
        "days": settings.REQUEST_LOG_DAYS,
    }
    return render(request, "dev/overview.html", context)


def _drawn(figures: Figures) -> Drawing:
    names = [_("answered well"), _("answered 4xx"), _("answered 5xx")]
    columns = [
        Column(
            f"{hour.begin:%Y-%m-%d %H:%M} UTC",
            f"{hour.begin:%H}",
            (hour.calls - hour.refused - hour.broken, hour.refused, hour.broken),
        )
        for hour in figures.hours
    ]
    return drawing(columns, names)


def _spent(actor: Actor) -> dict[str, Any]:
    """Credits of today and of this month, those under way too, and the organisation's caps."""
    month = months.current()
    days = usage.by(actor.organisation_id, actor.livemode, month, "day")
    capped = {
        one.cap.period: one
        for one in caps.standings(actor)
        if one.cap.scope == CapScope.ORGANISATION
    }
    total = usage.total(days)
    return {
        "today": days[-1].captured + days[-1].reserved,
        "month": total.captured + total.reserved,
        "day_cap": capped.get(CapPeriod.DAY),
        "month_cap": capped.get(CapPeriod.MONTH),
    }
