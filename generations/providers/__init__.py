"""The upstreams as clients: one adapter per wire format, all with the same promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generations.models import Protocol
from generations.providers.base import Adapter, Exchange
from generations.providers.kling import Kling, Kling2026
from generations.providers.llmprovider import Llmprovider
from generations.providers.segmind import Segmind, SegmindBlocking

if TYPE_CHECKING:
    from generations.models import ProviderAccount

__all__ = ["ADAPTERS", "Adapter", "Exchange", "adapter"]

ADAPTERS: dict[str, type[Adapter]] = {
    Protocol.KLING: Kling,
    Protocol.KLING_2026: Kling2026,
    Protocol.SEGMIND: Segmind,
    Protocol.SEGMIND_V1: SegmindBlocking,
    Protocol.LLMPROVIDER: Llmprovider,
}


def adapter(account: ProviderAccount) -> Adapter:
    """The adapter that speaks the account's protocol."""
    return ADAPTERS[account.protocol](account)
