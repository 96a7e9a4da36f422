"""What every upstream adapter promises, and the HTTP around the codecs.

An adapter decides once what an answer means: not sent, rejected, accepted or unknown. "Not sent"
is only said when the request cannot have arrived; everything doubtful is unknown, because a second
POST could be a second bill.
"""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from generations.catalogue.params import Kind, Params
from generations.wire.task import Outcome, Reason, Rejected, Task, Unknown, WireRequest
from kling_saas.lib import http
from kling_saas.lib.logs import redact, storable

if TYPE_CHECKING:
    from generations.models import ProviderAccount

_KEPT_TEXT = 400  # characters of any one value that an operator needs to see
_KEPT_DEPTH = 12


@dataclass(frozen=True, slots=True)
class Exchange:
    """One create: its outcome, None when it was certainly not sent, and both sides masked."""

    outcome: Outcome | None
    request: dict[str, Any] = field(default_factory=dict)
    response: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """A task to be asked about, at the address of its kind."""

    task_id: str
    kind: Kind


class Adapter(ABC):
    """One account at one upstream.

    `blocking`: the create's answer is the film itself. `looks_up`: a task can be found by our
    external id after a lost answer. `bulk`: how many tasks one poll may ask about.
    """

    blocking = False
    looks_up = True
    bulk = 1

    def __init__(self, account: ProviderAccount) -> None:
        self.account = account

    @abstractmethod
    def can(self, params: Params) -> bool:
        """Whether this upstream makes the film as ordered."""

    @abstractmethod
    def lost(self, params: Params) -> tuple[str, ...]:
        """Fields of the order it cannot carry; routing prefers one that carries all."""

    @abstractmethod
    def headers(self) -> dict[str, str]:
        """Headers that prove who we are. Raises SealBroken."""

    @abstractmethod
    def encode_create(self, params: Params, external_id: str, callback_url: str) -> WireRequest:
        """The create request."""

    @abstractmethod
    def decode_created(self, status: int, headers: Mapping[str, str], body: bytes) -> Outcome:
        """What its answer means."""

    @abstractmethod
    def encode_poll(self, questions: Sequence[Question]) -> WireRequest:
        """One request about up to `bulk` tasks."""

    @abstractmethod
    def decode_poll(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> tuple[Task, ...] | Rejected:
        """The tasks that its answer tells about."""

    def encode_look_up(self, kind: Kind, external_id: str) -> WireRequest | None:
        """The request that finds a task by our id; None where the upstream has none."""
        return self.encode_poll([Question(external_id, kind)]) if self.looks_up else None

    # ------------------------------------------------------------------ HTTP

    def create(self, params: Params, *, external_id: str, callback_url: str) -> Exchange:
        """Send the create once. Never raises for what the network or the upstream does."""
        wire = self.encode_create(params, external_id, callback_url)
        sent = {"method": wire.method, "path": wire.path, "json": masked(wire.json)}
        try:
            with http.api_client() as client:
                answer = client.request(
                    wire.method,
                    self.address(wire),
                    json=wire.json,
                    headers={**self.headers(), **wire.headers},
                )
        except httpx.InvalidURL as error:
            return Exchange(None, sent, {"error": f"{type(error).__name__}: {error}"})
        except httpx.HTTPError as error:
            note = {"error": type(error).__name__}
            if http.was_not_sent(error):
                return Exchange(None, sent, note)
            return Exchange(Unknown(type(error).__name__, "no answer came"), sent, note)
        outcome = self.decode_created(answer.status_code, answer.headers, answer.content)
        return Exchange(outcome, sent, received(answer))

    def ask(self, wire: WireRequest) -> tuple[Task, ...] | Rejected:
        """One query, at once: for look-ups and fresh links. Trouble is Rejected(UNAVAILABLE)."""
        try:
            with http.api_client() as client:
                answer = client.request(
                    wire.method, self.address(wire), json=wire.json, headers=self.headers()
                )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Rejected(Reason.UNAVAILABLE, type(error).__name__, "no answer came")
        return self.decode_poll(answer.status_code, answer.headers, answer.content)

    async def poll(
        self, client: httpx.AsyncClient, questions: Sequence[Question]
    ) -> tuple[Task, ...] | Rejected:
        """The same over the watcher's client."""
        wire = self.encode_poll(questions)
        try:
            answer = await client.request(
                wire.method, self.address(wire), json=wire.json, headers=self.headers()
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Rejected(Reason.UNAVAILABLE, type(error).__name__, "no answer came")
        return self.decode_poll(answer.status_code, answer.headers, answer.content)

    def address(self, wire: WireRequest) -> str:
        """The whole address of a request."""
        return self.account.base_url.rstrip("/") + wire.path


def one(found: Task | Rejected) -> tuple[Task, ...] | Rejected:
    """A single-task decoder's result in the shape of a poll."""
    return found if isinstance(found, Rejected) else (found,)


def masked(value: Any, depth: int = _KEPT_DEPTH) -> Any:
    """What was sent or received, fit for an operator's eyes and for jsonb: long and deep values
    cut, secrets out, nothing in it that PostgreSQL refuses.
    """
    if isinstance(value, Mapping | list | tuple) and depth == 0:
        return "…"
    if isinstance(value, Mapping):
        return {_text(str(k)): masked(v, depth - 1) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [masked(item, depth - 1) for item in value[:20]]
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _text(value: str) -> str:
    text = storable(redact(value))
    return text if len(text) <= _KEPT_TEXT else f"{text[:_KEPT_TEXT]}… ({len(text)} characters)"


def received(answer: httpx.Response) -> dict[str, Any]:
    """Status and masked body of an answer."""
    try:
        body: Any = json.loads(answer.content)
    except (ValueError, RecursionError):
        body = answer.content[:_KEPT_TEXT].decode(errors="replace")
    return {"status": answer.status_code, "body": masked(body)}
