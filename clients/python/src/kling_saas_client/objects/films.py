"""Orders and what came of them: films, sounds, files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kling_saas_client.decoding import Told


@dataclass(frozen=True, kw_only=True)
class Credits(Told):
    """`held` while it is made, `charged` once it has ended."""

    quoted: int
    held: int
    charged: int | None


@dataclass(frozen=True, kw_only=True)
class Paid(Told):
    """What was quoted for it, and what it was charged."""

    quoted: int
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
class Retention(Told):
    """For how long the order wanted it kept."""

    days: int


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
class Share(Told):
    """A link that shows a film to whoever has it; `password` says whether it asks for one."""

    id: str
    video: str
    url: str | None
    visibility: str
    password: bool
    max_views: int | None
    views: int
    open: bool
    expires_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class LibraryVideo(Told):
    """A film of the library; its links are None once it is deleted."""

    id: str
    livemode: bool
    generation: str
    url: str | None
    expires_at: datetime | None
    kept_until: datetime | None
    watermark_url: str | None
    poster_url: str | None
    preview_url: str | None
    width: int
    height: int
    duration: float
    has_sound: bool
    bytes: int
    sha256: str
    model: str
    kind: str
    door: str
    input: dict[str, Any]
    credits: Paid
    title: str | None
    tags: list[str]
    favourite: bool
    reference: str | None
    metadata: dict[str, str]
    collections: list[str]
    shares: list[Share]
    created_at: datetime
    trashed_at: datetime | None
    deleted_at: datetime | None
