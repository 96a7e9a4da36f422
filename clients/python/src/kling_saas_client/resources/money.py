"""What an organisation has, and every entry that made it so."""

from __future__ import annotations

from kling_saas_client.api import PAGE, given
from kling_saas_client.binding import K, iteration, operation
from kling_saas_client.decoding import decode, reader
from kling_saas_client.objects.money import LedgerEntry, Usage, Wallet
from kling_saas_client.resources.resource import Resource
from kling_saas_client.steps import Flow, Iteration


class Wallets(Resource[K]):
    """/wallet"""

    @operation
    def get(self) -> Flow[Wallet]:
        """The credits of the key's mode."""
        return decode(Wallet, (yield from self.bound_to.call("GET", "/wallet")))


class Ledger(Resource[K]):
    """/ledger"""

    @iteration
    def list(
        self,
        *,
        since: str | None = None,
        until: str | None = None,
        type: str | None = None,  # noqa: A002 - the API's own word
        generation: str | None = None,
        lot: str | None = None,
        reference: str | None = None,
        page_size: int = PAGE,
    ) -> Iteration[LedgerEntry]:
        """Entries, newest first. `since` and `until` are days (2026-11-01) or moments, UTC."""
        query = {"from": since, "to": until}
        query |= given(type=type, generation=generation, lot=lot, reference=reference)
        return self.bound_to.pages("/ledger", reader(LedgerEntry), query, page_size)


class Usages(Resource[K]):
    """/usage"""

    @operation
    def get(self, *, period: str | None = None, group_by: str = "day") -> Flow[Usage]:
        """A month's credits (`2026-11`; without it this one's) by day, model, key or member."""
        asked = {"period": period, "group_by": group_by}
        return decode(Usage, (yield from self.bound_to.call("GET", "/usage", query=asked)))
