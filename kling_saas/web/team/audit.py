"""What was changed in an organisation: by whom, when, from where; as a page and as a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts import audit
from accounts.actors import Actor
from accounts.models import AuditEvent
from accounts.requests import ActingRequest
from billing import naming
from kling_saas.lib.moments import iso
from kling_saas.lib.sheets import written
from kling_saas.web.team import acts, doing

_PER_PAGE = 50
_PEOPLE = ("member.", "invitation.", "organisation.", "account.")
_KEYS = ("key.", "pair.", "webhook.")
_FILMS = ("film.", "video.", "generation.", "share.", "picture.", "upload.")
_KINDS: dict[str, tuple[Promise, audit.Wanted]] = {
    "people": (_("Members and invitations"), audit.Wanted(kinds=_PEOPLE)),
    "keys": (_("Keys and webhooks"), audit.Wanted(kinds=_KEYS)),
    "films": (_("Films"), audit.Wanted(kinds=_FILMS)),
    "money": (_("Credits and caps"), audit.Wanted(but=(*_PEOPLE, *_KEYS, *_FILMS))),
}
_COLUMNS = ("time", "who", "action", "subject", "details", "address")


@require_safe
@doing.managing
def lines(request: ActingRequest, actor: Actor) -> HttpResponse:
    """Newest first, a page."""
    wanted = _wanted(request.GET)
    page = audit.page(actor, wanted, after=request.GET.get("after", ""), limit=_PER_PAGE)
    chosen = {name: request.GET.get(name, "") for name in ("who", "kind")}
    context = {
        "lines": _in_words(actor, page.events, naming.Names(actor.organisation_id)),
        "after": page.after,
        "chosen": chosen,
        "filtered": any(chosen.values()),
        "query": urlencode({name: value for name, value in chosen.items() if value}),
        "members": naming.members(actor.organisation_id),
        "kinds": [(name, words) for name, (words, _kind) in _KINDS.items()],
    }
    return render(request, "team/audit.html", context)


@require_safe
@doing.managing
def as_csv(request: ActingRequest, actor: Actor) -> StreamingHttpResponse:
    """All that the filters let through, for spreadsheets."""
    return StreamingHttpResponse(
        _csv(actor, _wanted(request.GET)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="audit.csv"'},
    )


def _csv(actor: Actor, wanted: audit.Wanted) -> Iterator[str]:
    names = naming.Names(actor.organisation_id)
    yield written([_COLUMNS])
    for batch in audit.every(actor, wanted):
        yield written(
            (iso(line["at"]), line["who"], line["action"], line["subject"], line["details"],
             line["address"] or "")
            for line in _in_words(actor, batch, names)
        )  # fmt: skip


def _wanted(asked: QueryDict) -> audit.Wanted:
    _words, kind = _KINDS.get(asked.get("kind", ""), ("", audit.Wanted()))
    return audit.Wanted(who=asked.get("who", ""), kinds=kind.kinds, but=kind.but)


def _in_words(
    actor: Actor, events: Iterable[AuditEvent], names: naming.Names
) -> list[dict[str, Any]]:
    read = [(event, acts.doer(event)) for event in events]
    known = names.of({name for event, who in read for name in (who, acts.named(event.subject))})
    return [
        {
            "at": event.at,
            "who": event.actor.called if event.actor else known[who],
            "action": event.action,
            "words": acts.words(event.action),
            "subject": known[event.subject] if acts.named(event.subject) else event.subject,
            "details": acts.details(event.detail),
            "address": event.address,
        }
        for event, who in read
    ]
