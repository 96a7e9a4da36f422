"""What an organisation has, every entry that made it so, and what things cost."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, JsonResponse, StreamingHttpResponse

from accounts.api.endpoint import Endpoint, PublicEndpoint
from accounts.scopes import Scope
from billing import entries, exports, filters, months, prices, usage, wallets
from billing.api import price_list
from billing.entries import Entry
from billing.naming import Names
from kling_saas.api import pagination
from kling_saas.api.errors import InvalidQuery
from kling_saas.api.fields import Fields
from kling_saas.api.parsing import object_of

_FILTERS = ("from", "to", "type", "generation", "lot", "reference")


class WalletView(Endpoint):
    """GET /api/v1/wallet"""

    reads = Scope.BILLING

    def get(self, request: HttpRequest) -> JsonResponse:
        """The three figures in whole credits."""
        balance = wallets.balance(self.actor.organisation_id, self.actor.livemode)
        return JsonResponse({"object": "wallet", **asdict(balance)})


class RefillView(Endpoint):
    """POST /api/v1/wallet/refill"""

    writes = Scope.BILLING

    def post(self, request: HttpRequest) -> JsonResponse:
        """Test keys only: back to the starting credits. Repeatable."""
        Fields(object_of(request), ()).done()
        added = wallets.refill(self.actor)
        balance = wallets.balance(self.actor.organisation_id, self.actor.livemode)
        return JsonResponse({"object": "wallet", **asdict(balance), "added": added})


class LedgerView(Endpoint):
    """GET /api/v1/ledger"""

    reads = Scope.BILLING
    takes = pagination.paged(*_FILTERS)

    def get(self, request: HttpRequest) -> JsonResponse:
        """Entries, newest first; their amounts add up to `available`."""
        page, wanted = pagination.wanted(request), filters.read(request.GET)
        found = entries.page(
            self.actor.organisation_id,
            self.actor.livemode,
            wanted,
            after=page.after,
            limit=page.limit,
        )
        names = Names(self.actor.organisation_id).of(entry.actor for entry in found.entries)
        told = [_entry(entry, names[entry.actor]) for entry in found.entries]
        return JsonResponse(pagination.as_json(told, found.next))


class LedgerFileView(Endpoint):
    """GET /api/v1/ledger.csv"""

    reads = Scope.BILLING
    takes = {"GET": _FILTERS}

    def get(self, request: HttpRequest) -> StreamingHttpResponse:
        """All of them, oldest first."""
        wanted = filters.read(request.GET)
        rows = exports.csv_of(self.actor.organisation_id, self.actor.livemode, wanted)
        return StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8")


class UsageView(Endpoint):
    """GET /api/v1/usage"""

    reads = Scope.BILLING
    takes = {"GET": ("period", "group_by")}

    def get(self, request: HttpRequest) -> JsonResponse:
        """A month's credits, by day, model, key, member or end user."""
        period = months.read(request.GET.get("period", ""))
        group = request.GET.get("group_by", "day")
        if group not in usage.GROUPS:
            raise InvalidQuery("group_by", f"group_by must be one of {', '.join(usage.GROUPS)}.")
        rows = usage.by(self.actor.organisation_id, self.actor.livemode, period, group)
        return JsonResponse(
            {
                "object": "usage",
                "period": str(period),
                "group_by": group,
                "data": [_used(row, group) for row in rows],
                "total": _figures(usage.total(rows)),
            }
        )


class PricesView(PublicEndpoint):
    """GET /api/v1/prices"""

    def get(self, request: HttpRequest) -> JsonResponse:
        """Every row of the book in force, as the key's organisation pays it."""
        version = prices.active_book().version
        rows = price_list.rows(organisation_id=self.organisation_id)
        return JsonResponse({"object": "price_book", "version": version, "data": rows})


def _entry(entry: Entry, actor: str) -> dict[str, Any]:
    facts = asdict(entry) | {"created_at": exports.moment(entry), "actor": actor}
    return {"object": "ledger_entry", **facts}


def _used(row: usage.Row, group: str) -> dict[str, Any]:
    return {group: row.value or None, "name": row.name, **_figures(row)}


def _figures(row: usage.Row) -> dict[str, int]:
    return {"captured": row.captured, "reserved": row.reserved, "films": row.films}
