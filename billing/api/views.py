"""What an organisation has, every entry that made it so, and what things cost."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, JsonResponse

from accounts.api.endpoint import Endpoint, PublicEndpoint
from billing import prices, wallets
from billing.api import price_list
from billing.wallets import Entry
from kling_saas.api import pagination


class WalletView(Endpoint):
    """GET /api/v1/wallet"""

    def get(self, request: HttpRequest) -> JsonResponse:
        """The three figures in whole credits."""
        balance = wallets.balance(self.actor.organisation_id, self.actor.livemode)
        return JsonResponse({"object": "wallet", **asdict(balance)})


class LedgerView(Endpoint):
    """GET /api/v1/ledger"""

    def get(self, request: HttpRequest) -> JsonResponse:
        """Entries, newest first; their amounts add up to `available`."""
        page = pagination.wanted(request)
        found = wallets.statement(
            self.actor.organisation_id, self.actor.livemode, after=page.after, limit=page.limit
        )
        return JsonResponse(pagination.as_json([_entry(e) for e in found.entries], found.next))


class PricesView(PublicEndpoint):
    """GET /api/v1/prices"""

    def get(self, request: HttpRequest) -> JsonResponse:
        """Every row of the book in force, as the key's organisation pays it."""
        version = prices.active_book().version
        rows = price_list.rows(organisation_id=self.organisation_id)
        return JsonResponse({"object": "price_book", "version": version, "data": rows})


def _entry(entry: Entry) -> dict[str, Any]:
    moment = entry.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"object": "ledger_entry", **asdict(entry), "created_at": moment}
