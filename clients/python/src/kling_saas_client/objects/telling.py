"""Events, and where they are sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kling_saas_client.decoding import Told


@dataclass(frozen=True, kw_only=True)
class Event(Told):
    """Something that happened; `data` is what it is about: a whole generation, or facts."""

    id: str
    livemode: bool
    type: str
    timestamp: datetime
    data: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class WebhookEndpoint(Told):
    """Where events are posted. `secret` is there only when it was just made or rotated."""

    id: str
    livemode: bool
    url: str
    events: list[str]
    description: str
    enabled: bool
    disabled_at: datetime | None
    disabled_reason: str | None
    failing_since: datetime | None
    previous_secret_until: datetime | None
    created_at: datetime
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class SigningSecret(Told):
    """What signs the posts to addresses that orders name."""

    id: str
    livemode: bool
    secret: str = field(repr=False)
    previous_secret_until: datetime | None
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Delivery(Told):
    """One event that is owed to an endpoint, and what has come of it; `log` has each attempt."""

    id: str
    livemode: bool
    endpoint: str
    event: str
    type: str
    url: str
    status: str
    attempts: int
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    last_status: int | None
    last_error: str | None
    created_at: datetime
    log: list[dict[str, Any]] = field(default_factory=list, repr=False)


@dataclass(frozen=True, kw_only=True)
class Resent(Told):
    """How many deliveries are owed again, and from when on there are more."""

    endpoint: str
    count: int
    has_more: bool
    next_since: datetime | None
