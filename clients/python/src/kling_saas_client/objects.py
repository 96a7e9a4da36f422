"""What the API tells, typed. Moments are aware, credits whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kling_saas_client.decoding import Told


@dataclass(frozen=True, kw_only=True)
class LineItem(Told):
    """One line of a price."""

    sku: str
    key: str
    description: str
    unit: str
    quantity: int
    unit_credits: int
    credits: int


@dataclass(frozen=True, kw_only=True)
class DryRun(Told):
    """What an order would cost and be, with everything filled in."""

    livemode: bool
    credits: int
    line_items: list[LineItem]
    input: dict[str, Any]
    warnings: list[str]


@dataclass(frozen=True, kw_only=True)
class Quote(Told):
    """A price that binds until `expires_at`: order with `quote_id` and be charged exactly that."""

    id: str
    livemode: bool
    credits: int
    usd: str
    line_items: list[LineItem]
    expires_at: datetime
    input: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Credits(Told):
    """`held` while it is made, `charged` once it has ended."""

    quoted: int
    held: int
    charged: int | None


@dataclass(frozen=True, kw_only=True)
class Eta(Told):
    """Seconds from the order to a playable film: of half of equal films, and of nine in ten."""

    p50_seconds: float
    p90_seconds: float


@dataclass(frozen=True, kw_only=True)
class Video(Told):
    """A film. Its links end at `expires_at`; fresh ones come with every answer."""

    id: str
    url: str
    expires_at: datetime | None
    kept_until: datetime | None
    watermark_url: str | None
    poster_url: str
    preview_url: str | None
    width: int
    height: int
    duration: float
    has_sound: bool
    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Audio(Told):
    """A sound."""

    id: str
    url: str
    expires_at: datetime | None
    kept_until: datetime | None
    wav_url: str | None
    content_type: str
    duration: float
    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Failure(Told):
    """Why it ended without what was ordered, and what came back."""

    code: str
    message: str
    retryable: bool
    refund: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class LibraryVideo(Told):
    """A film of the library; its links are None once it is deleted."""

    id: str
    livemode: bool
    generation: str
    url: str | None
    expires_at: datetime | None
    poster_url: str | None
    width: int
    height: int
    duration: float
    bytes: int
    sha256: str
    model: str
    kind: str
    input: dict[str, Any]
    title: str | None
    tags: list[str]
    favourite: bool
    reference: str | None
    metadata: dict[str, str]
    created_at: datetime
    trashed_at: datetime | None
    deleted_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Price(Told):
    """One row of the price list; what else it depends on is in `raw`."""

    sku: str
    unit: str
    credits: int
    usd: str
    description: str
    plans: list[str]


@dataclass(frozen=True, kw_only=True)
class PriceBook(Told):
    """Every price in force."""

    version: int
    data: list[Price]


@dataclass(frozen=True, kw_only=True)
class Model(Told):
    """A model of films: what it can, what it costs, and the JSON Schema of its orders."""

    name: str
    title: str
    description: str
    discontinued: bool
    kinds: list[str]
    modes: list[dict[str, Any]]
    durations: list[int]
    aspect_ratios: list[str]
    eta_seconds: dict[str, float]
    plans: list[str]
    prices: list[Price]
    schema: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Task(Told):
    """A product beside films from words and pictures."""

    name: str
    title: str
    description: str
    models: list[str]
    modes: list[str]
    makes: list[str]
    eta_seconds: float
    plans: list[str]
    prices: list[Price]
    schema: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Upload(Told):
    """A file that orders name by its id."""

    id: str
    livemode: bool
    content_type: str
    bytes: int
    sha256: str
    created_at: datetime
    width: int | None
    height: int | None
    duration: float | None


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
    """What one day, model, key or member used."""

    name: str
    captured: int
    reserved: int
    films: int


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


@dataclass(frozen=True, kw_only=True)
class Event(Told):
    """Something that happened; `data` is what it is about: a whole generation, or facts."""

    id: str
    livemode: bool
    type: str
    timestamp: datetime
    data: dict[str, Any]
