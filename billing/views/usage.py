"""Usage: a month's credits by day, model, key, member and end user, drawn and in figures."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing import months
from billing import usage as used
from billing.pages import signed_in
from billing.views.charts import chart
from billing.views.words import refused
from kling_saas.api.errors import InvalidQuery
from kling_saas.lib.sheets import written

_TITLES: dict[used.GroupBy, Promise | str] = {
    "model": _("By model"),
    "key": _("By key"),
    "member": _("By member"),
    "end_user": _("By end user"),
    "day": _("By day"),
}


@require_GET
@signed_in
def usage(request: ActingRequest, actor: Actor) -> HttpResponse:
    """A chart of the month's days, and a table of each grouping."""
    context: dict[str, Any] = {"asked": request.GET.get("period", "")}
    try:
        month = months.read(context["asked"])
    except InvalidQuery as refusal:
        context |= {"sentence": refused(refusal), "month": months.current()}
        return render(request, "billing/usage.html", context, status=422)
    mine = actor.organisation_id, actor.livemode
    groups = {group: used.by(*mine, month, group) for group in used.GROUPS}
    context |= {
        "month": month,
        "later": month.next if month < months.current() else None,
        "chart": chart(groups["day"]),
        "total": used.total(groups["day"]),
        "groups": [
            {"title": title, "rows": [row for row in groups[name] if used.any_of(row)]}
            for name, title in _TITLES.items()
            if name != "end_user" or any(row.value for row in groups[name])
        ],
    }
    return render(request, "billing/usage.html", context)


@require_GET
@signed_in
def as_csv(request: ActingRequest, actor: Actor) -> HttpResponse:
    """Each counter of the month: one line per day, what was made, member and key."""
    try:
        month = months.read(request.GET.get("period", ""))
    except InvalidQuery:  # the page says what is wrong
        return redirect(f"{reverse('usage')}?period=?")
    rows = used.counters(actor.organisation_id, actor.livemode, month)
    return HttpResponse(
        written([used.COLUMNS, *rows]),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="usage-{month}.csv"'},
    )
