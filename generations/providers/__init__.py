"""The upstreams as clients: one adapter, a codec per wire format, and the health of accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generations.providers.base import Adapter, Exchange, Found, NotSent

if TYPE_CHECKING:
    from generations.models import ProviderAccount

__all__ = ["Adapter", "Exchange", "Found", "NotSent", "adapter"]


def adapter(account: ProviderAccount) -> Adapter:
    """The adapter that speaks the account's protocol."""
    return Adapter(account)
