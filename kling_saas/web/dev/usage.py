"""Usage: a month's credits by day, stacked by model, key or member, and what the month comes to."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing import months
from billing import usage as used
from billing.months import Month
from billing.usage import GroupBy
from billing.views.words import refused
from kling_saas.api.errors import InvalidQuery
from kling_saas.web.dev.drawn import MOST_PARTS, Column, drawing
from kling_saas.web.dev.frame import developer

_GROUPS: dict[GroupBy, Promise] = {
    "model": gettext_lazy("By model"),
    "key": gettext_lazy("By key"),
    "member": gettext_lazy("By member"),
    "end_user": gettext_lazy("By end user"),
}


@require_GET
@developer
def page(request: ActingRequest, actor: Actor) -> HttpResponse:
    """The month's bars, and a table of what they are made of."""
    group: GroupBy = next((g for g in _GROUPS if g == request.GET.get("by")), "model")
    context: dict[str, Any] = {"group": group, "groups": _GROUPS.items()}
    try:
        month = months.read(request.GET.get("period", ""))
    except InvalidQuery as refusal:
        return render(
            request, "dev/usage.html", context | {"sentence": refused(refusal)}, status=422
        )
    mine = actor.organisation_id, actor.livemode
    rows = [row for row in used.by(*mine, month, group) if used.any_of(row)]
    total = used.total(rows)
    spent = total.captured + total.reserved
    context |= {
        "month": month,
        "later": month.next if month < months.current() else None,
        "rows": rows,
        "total": total,
        "spent": spent,
        "expected": used.expected(spent, month),
        **_drawn(actor, month, group, rows),
    }
    return render(request, "dev/usage.html", context)


def _drawn(actor: Actor, month: Month, group: GroupBy, rows: list[used.Row]) -> dict[str, Any]:
    """The largest have a colour each, all others share the last."""
    days, shares = used.by_day(actor.organisation_id, actor.livemode, month, group)
    own = rows if len(rows) <= MOST_PARTS else rows[: MOST_PARTS - 1]
    names = [row.name for row in own]
    parts = [shares.get(row.value, [0] * len(days)) for row in own]
    if len(own) < len(rows):
        others = [shares.get(row.value, [0] * len(days)) for row in rows[len(own) :]]
        names.append(_("others"))
        parts.append([sum(each) for each in zip(*others, strict=True)])
    columns = [
        Column(str(day), str(day.day), [part[number] for part in parts])
        for number, day in enumerate(days)
    ]
    return {"drawing": drawing(columns, names), "names": names}
