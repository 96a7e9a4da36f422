"""What opens the API, and how far."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from kling_saas_client.decoding import Told


@dataclass(frozen=True, kw_only=True)
class Cap(Told):
    """At most so many credits in a period, and what is left of them."""

    period: str
    credits: int
    spent: int
    left: int
    resets_on: str | None


@dataclass(frozen=True, kw_only=True)
class Key(Told):
    """A key with its terms. `secret` is there only when it was just made or rotated."""

    id: str
    livemode: bool
    name: str
    hint: str
    ledger_name: str
    scopes: list[str]
    models: list[str]
    networks: list[str]
    requests_per_minute: int | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    previous_works_until: datetime | None
    caps: list[Cap] = field(default_factory=list)
    raw_video: bool = False
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Token(Told):
    """For one end user's browser; `token` is the secret itself."""

    id: str
    livemode: bool
    token: str = field(repr=False)
    end_user: str
    scopes: list[str]
    models: list[str]
    caps: list[Cap]
    expires_at: datetime
