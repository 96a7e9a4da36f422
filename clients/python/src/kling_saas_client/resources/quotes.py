"""Prices that bind."""

from __future__ import annotations

from typing import Unpack

from kling_saas_client.api import segment
from kling_saas_client.binding import K, operation
from kling_saas_client.decoding import decode
from kling_saas_client.objects.prices import Quote
from kling_saas_client.orders import Film, body
from kling_saas_client.resources.resource import Resource
from kling_saas_client.steps import Flow


class Quotes(Resource[K]):
    """/quotes"""

    @operation
    def create(self, **film: Unpack[Film]) -> Flow[Quote]:
        """The price of a film, which holds until its `expires_at`: order with its id."""
        fields = yield from body(self.bound_to, film)
        found = yield from self.bound_to.call("POST", "/quotes", body=fields, repeatable=True)
        return decode(Quote, found)

    @operation
    def get(self, quote_id: str) -> Flow[Quote]:
        """One of them."""
        return decode(Quote, (yield from self.bound_to.call("GET", f"/quotes/{segment(quote_id)}")))
