"""What an organisation has and used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kling_saas_client.decoding import Told


@dataclass(frozen=True, kw_only=True)
class Wallet(Told):
    """Credits to spend, set aside for work under way, paid and not confirmed, and owed."""

    available: int
    reserved: int
    pending: int
    owed: int
    livemode: bool


@dataclass(frozen=True, kw_only=True)
class LedgerEntry(Told):
    """One change of the wallet; the amounts add up to `available`."""

    id: str
    created_at: datetime
    type: str
    amount: int
    balance_after: int
    reserved_after: int
    pending_after: int
    generation: str | None
    lot: str | None
    reference: str
    actor: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Used(Told):
    """What one day, model, key, member or end user used; `name` is it in words."""

    name: str
    captured: int
    reserved: int
    films: int
    day: str | None = None
    model: str | None = None
    key: str | None = None
    member: str | None = None
    end_user: str | None = None


@dataclass(frozen=True, kw_only=True)
class UsedInAll(Told):
    """What a month used."""

    captured: int
    reserved: int
    films: int


@dataclass(frozen=True, kw_only=True)
class Usage(Told):
    """A month's credits, grouped and in all."""

    period: str
    group_by: str
    data: list[Used]
    total: UsedInAll
