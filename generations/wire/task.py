"""The one shape behind every dialect: a task at an upstream, or one of ours as a customer sees it.

Codecs turn it into a vendor's JSON (as server) and a vendor's JSON into it (as client).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any


class Reason(StrEnum):
    """Why an upstream refused or failed, in our words; decides who is told and what comes next."""

    INVALID = "invalid"  # the request itself: final, the customer can mend it
    MODERATION = "moderation"  # content policy: final
    DISCONTINUED = "discontinued"  # this model is gone at this account: try another account
    AUTH = "auth"  # our credentials: the operator's alarm, never the customer's
    BALANCE = "balance"  # our upstream account is empty: the operator's alarm
    RATE = "rate"  # slow down and try again
    CONCURRENCY = "concurrency"  # too many at once: wait and try again
    UNAVAILABLE = "unavailable"  # a create: definitely not accepted; a query: nothing was told
    FAILED = "failed"  # accepted, then failed while rendering: final
    NOT_FOUND = "not_found"  # a query for a task it does not know
    BROKEN = "broken"  # an answer that makes no sense

    @property
    def final(self) -> bool:
        """Whether the order itself is at fault, so that nobody else is asked."""
        return self in (Reason.INVALID, Reason.MODERATION, Reason.FAILED)


class TaskState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RemoteVideo:
    """A finished film at an address that may expire. `duration_ms` as the vendor states it."""

    url: str
    id: str = ""
    duration_ms: int | None = None
    watermark_url: str | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class RemoteAudio:
    """A finished sound at an address that may expire; `wav_url` where it is given as both."""

    url: str
    id: str = ""
    duration_ms: int | None = None
    wav_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task as one side of the wire sees it. Times are Unix milliseconds.

    `units` is Kling's bill in official units, `cost_usd` Segmind's in dollars; None when not told.
    `message` is the vendor's reason when failed, else "", and `reason` what it means: FAILED or
    MODERATION. `facts` is what it made that is neither
    film nor sound (faces, a voice), found in the list `facts_at` of the result or, when that is
    empty, in the answer itself. `parent` is the film that an extended one goes on from. `gone` is
    what a success had (`videos`, `audios`) and is not kept any more; `message` says since when.
    """

    id: str
    state: TaskState
    external_id: str | None = None
    message: str = ""
    reason: Reason = field(default=Reason.FAILED, compare=False)
    videos: tuple[RemoteVideo, ...] = ()
    audios: tuple[RemoteAudio, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict, hash=False)
    facts_at: str = ""
    parent: RemoteVideo | None = None
    gone: tuple[str, ...] = ()
    created_ms: int = 0
    updated_ms: int = 0
    units: Decimal | None = None
    cost_usd: Decimal | None = None
    remaining_usd: Decimal | None = None
    watermark: bool = False
    prompt: str = ""
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The upstream has the task (and bills it if it succeeds)."""

    task: Task


@dataclass(frozen=True, slots=True)
class Rejected:
    """Of a create: the upstream definitely did not take it. Of a query: no task was told, and only
    NOT_FOUND says that there is none. `retry_after` is seconds, when told.
    """

    reason: Reason
    code: str
    message: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Perhaps accepted (5xx on create, broken body): look it up, never send it again."""

    code: str
    message: str


Outcome = Accepted | Rejected | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRequest:
    """An HTTP request without host and credentials: the adapter adds both."""

    method: str
    path: str  # begins with "/", includes the query string
    json: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WireReply:
    """An HTTP answer of our servers: a JSON body, or raw bytes elsewhere when `json` is None."""

    status: int
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A create request as a dialect's client sent it, in native words, not yet validated.

    `fields` go to `catalogue.validation.check`; the rest is the dialect's own.
    `explicit` names what the client really sent; `fields` has the page's defaults filled in.
    `warnings` say what was left out before that.
    """

    fields: Mapping[str, Any]
    explicit: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = ()
    external_id: str | None = None
    callback_url: str | None = None


class BadRequest(Exception):
    """The body is not of this dialect: names the field and what it must be."""

    def __init__(self, field_name: str, message: str) -> None:
        super().__init__(f"{field_name}: {message}")
        self.field = field_name
        self.message = message
