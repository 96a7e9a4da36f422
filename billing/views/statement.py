"""The statement as pages and files: lines, every entry, and what they add up to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing import entries as books
from billing import exports, filters, naming, statements
from billing.filters import Wanted
from billing.models import TransferType
from billing.pages import Answer, signed_in
from billing.views import words
from billing.views.words import purchases_of, said, told
from kling_saas.api.errors import InvalidQuery

_LINES = 50
_Shown = Callable[[Actor, Wanted, str], dict[str, Any]]


@require_GET
@signed_in
def statement(request: ActingRequest, actor: Actor) -> HttpResponse:
    """One line per film, newest first; their changes add up to what is available."""
    return _page(request, actor, _lines)


@require_GET
@signed_in
def entries(request: ActingRequest, actor: Actor) -> HttpResponse:
    """The ledger itself, as the API shows it: every entry with the balances after it."""
    return _page(request, actor, _entries)


@require_GET
@signed_in
def as_csv(request: ActingRequest, actor: Actor) -> Answer:
    """The entries that the filters let through, as a file for spreadsheets."""
    return _file(request, actor, exports.csv_of, "csv", "text/csv")


@require_GET
@signed_in
def as_json(request: ActingRequest, actor: Actor) -> Answer:
    """The same for programs."""
    return _file(request, actor, exports.json_of, "json", "application/json")


def _page(request: ActingRequest, actor: Actor, shown: _Shown) -> HttpResponse:
    context: dict[str, Any] = {
        "asked": request.GET,
        "carried": filters.carried(request.GET),
        "types": [(kind, said(kind)["words"]) for kind in _CHOICES],
        "members": naming.members(actor.organisation_id),
        "keys": naming.credentials(actor.organisation_id, actor.livemode),
    }
    try:
        wanted = filters.read(request.GET)
    except InvalidQuery as refusal:
        context |= {"wrong": words.field(refusal), "sentence": words.refused(refusal)}
        return render(request, "billing/statement.html", context, status=422)
    context |= {"wanted": wanted, **shown(actor, wanted, request.GET.get("after", ""))}
    return render(request, "billing/statement.html", context)


_CHOICES = [filters.FILM, *(one for one in TransferType.values if one not in filters.OF_FILMS)]


def _lines(actor: Actor, wanted: Wanted, after: str) -> dict[str, Any]:
    mine = actor.organisation_id, actor.livemode
    page = statements.page(*mine, wanted, after=after, limit=_LINES)
    return {
        "lines": told(page.lines, naming.Names(actor.organisation_id)),
        "next": page.next,
        "totals": statements.totals(*mine, wanted),
        "part": statements.part(*mine, wanted) if wanted.narrow else None,
    }


def _entries(actor: Actor, wanted: Wanted, after: str) -> dict[str, Any]:
    mine = actor.organisation_id, actor.livemode
    page = books.page(*mine, wanted, after=after, limit=_LINES)
    totals = books.totals(*mine, wanted)
    names = naming.Names(actor.organisation_id).of(entry.actor for entry in page.entries)
    bought = purchases_of(mine[0], [entry.reference for entry in page.entries])
    return {
        "entries": [
            {
                "entry": entry,
                "actor": names[entry.actor],
                "purchase": bought.get(entry.reference, ""),
                **said(entry.type, entry.reference),
            }
            for entry in page.entries
        ],
        "next": page.next,
        "totals": totals,
        "kinds": [{"kind": kind, **said(kind.type, kind.source)} for kind in totals.kinds],
        "part": books.part(mine[0], totals, wanted) if wanted.narrow else None,
    }


def _file(
    request: ActingRequest,
    actor: Actor,
    written: Callable[[int, bool, Wanted], Iterator[str]],
    ending: str,
    kind: str,
) -> Answer:
    try:
        wanted = filters.read(request.GET)
    except InvalidQuery:  # the page says what is wrong
        return redirect(f"{reverse('entries')}?{filters.carried(request.GET)}")
    mode = "live" if actor.livemode else "test"
    rows = written(actor.organisation_id, actor.livemode, wanted)
    return StreamingHttpResponse(
        rows,
        content_type=f"{kind}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="statement-{mode}.{ending}"'},
    )
