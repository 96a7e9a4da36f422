"""One account at one upstream: the HTTP around its codec, and what an answer means.

The meaning is decided here, once: not sent, rejected, accepted or unknown. "Not sent" is only said
when the request cannot have arrived; everything doubtful is unknown, because a second POST could
be a second bill.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import httpx

from generations.catalogue.params import Kind, Params
from generations.catalogue.products.registry import PRODUCTS
from generations.models.provider_account import secrets_of
from generations.providers.codecs import Bulk, Question, codec_of
from generations.providers.trail import masked, received
from generations.wire.meter import Shown
from generations.wire.task import Outcome, Reason, Rejected, Task, Unknown, WireRequest
from kling_saas.lib import http
from kling_saas.lib.sealing import SealBroken

if TYPE_CHECKING:
    from generations.catalogue.violations import Violation
    from generations.models import ProviderAccount

log = logging.getLogger(__name__)
_WORTH_A_LIST = 8  # questions; fewer are asked one by one
# Said of the list that was asked for, and of none of its films.
_OF_THE_LIST = (Reason.NOT_FOUND, Reason.INVALID, Reason.DISCONTINUED, Reason.BROKEN)
# A host name that cannot be looked up is a UnicodeError, and no httpx error: in the account's
# address, or in an answer that sends us elsewhere.
_NO_ADDRESS = (httpx.InvalidURL, UnicodeError)
_NO_QUERY = (httpx.HTTPError, *_NO_ADDRESS, SealBroken)  # nobody is billed for a question
# Of an upstream that does not read the question: somebody else's film is not to be taken for ours.
_OTHER = Rejected(Reason.BROKEN, "other", "the answer is about another task")

Found = Task | Rejected
Ask = Callable[[http.Question], Awaitable[http.Answer]]
Told = Callable[[str, Found], None]


@dataclass(frozen=True, slots=True)
class NotSent:
    """The request certainly never arrived. `ours`: through no fault of the upstream's.

    `unreadable`: the account's credential cannot be opened.
    """

    message: str
    ours: bool = False
    unreadable: bool = False


@dataclass(frozen=True, slots=True)
class Exchange:
    """One create: its outcome, and both sides masked."""

    outcome: Outcome | NotSent
    request: dict[str, Any] = field(default_factory=dict)
    response: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ordering:
    """A create that is ready to go out, once; `shown` as the operators' trail keeps it."""

    request: httpx.Request
    shown: dict[str, Any]

    def unanswered(self, error: httpx.HTTPError | UnicodeError | TimeoutError) -> Exchange:
        """Sending it ended in `error` instead of an answer."""
        name = type(error).__name__
        away = isinstance(error, httpx.HTTPError) and http.was_not_sent(error)
        outcome = NotSent(name) if away else Unknown(name, "no answer came")
        return Exchange(outcome, self.shown, {"error": name})


def not_sent(error: Exception) -> Exchange:
    """The exchange of a create that failed on our side, before it went out."""
    message = f"{type(error).__name__}: {error}"
    outcome = NotSent(message, ours=True, unreadable=isinstance(error, SealBroken))
    return Exchange(outcome, {}, {"error": masked(message)})


class Adapter:
    """Every upstream through its codec. To be made where the database may be read."""

    def __init__(self, account: ProviderAccount) -> None:
        self.account = account
        self.codec = codec_of(account.protocol)

    def can(self, params: Params) -> bool:
        """Whether this upstream makes the film as ordered."""
        return self.codec.can_serve(params)

    def beyond(self, params: Params) -> Violation | None:
        """What of the order it does not take, though another upstream may."""
        return self.codec.beyond(params)

    def lost(self, params: Params) -> tuple[str, ...]:
        """Fields of the order it cannot carry; routing prefers one that carries all."""
        return self.codec.lost(params)

    @property
    def blocking(self) -> bool:
        """Whether the create's answer is the film itself."""
        return self.codec.blocking

    def create(self, params: Params, *, external_id: str, callback_url: str) -> Exchange:
        """Send the create once. Never raises for what the network or the upstream does."""
        with http.api_client() as client:
            order = self.ordering(client, params, external_id, callback_url)
            if isinstance(order, Exchange):
                return order
            try:
                answer = self.hushed(http.call(client, order.request))
            except (httpx.HTTPError, UnicodeError) as error:
                return order.unanswered(error)
        return Exchange(self.outcome(answer), order.shown, received(answer))

    def ordering(
        self,
        client: httpx.Client | httpx.AsyncClient,
        params: Params,
        external_id: str,
        callback_url: str,
    ) -> Ordering | Exchange:
        """The create, ready to be sent; what fails before that is "not sent" and ours, as when the
        upstream cannot make this film, but for an address of no use, which is the account's.
        """
        try:
            wire = self.codec.create(params, external_id, callback_url)
        except ValueError as error:
            return not_sent(error)
        sent = {"method": wire.method, "path": wire.path, "json": masked(wire.json)}
        try:
            return Ordering(self.request(client, wire), sent)
        except _NO_ADDRESS as error:
            name = type(error).__name__
            return Exchange(NotSent(name), sent, {"error": name})
        except (SealBroken, ValueError) as error:
            return not_sent(error)

    def outcome(self, answer: http.Answer) -> Outcome:
        """What a `hushed` answer to a create means. It was sent: what cannot be read is unknown."""
        try:
            return self.codec.decode_created(answer.status_code, answer.headers, answer.content)
        except Exception as error:
            log.exception("%s: the answer to a create was not understood", self.account.name)
            return Unknown(type(error).__name__, "the answer was not understood")

    def request(self, client: httpx.Client | httpx.AsyncClient, wire: WireRequest) -> httpx.Request:
        """The whole request. Raises SealBroken, httpx.InvalidURL, UnicodeError."""
        request = client.build_request(
            wire.method, self._address(wire), json=wire.json, headers=self._headers(wire)
        )
        request.url.host.encode("idna")  # as the resolver will: better before anything is sent
        return request

    def _address(self, wire: WireRequest) -> str:
        return self.account.base_url.rstrip("/") + wire.path

    def _headers(self, wire: WireRequest) -> dict[str, str]:
        return {**self._signed, **wire.headers}

    @cached_property
    def _opened(self) -> str:
        """The credential in clear, opened once: an adapter lives for one bunch of requests."""
        return self.account.credential()

    @cached_property
    def _signed(self) -> dict[str, str]:
        return self.codec.credential(self._opened)

    @cached_property
    def _secrets(self) -> list[bytes]:
        return [part.encode() for part in secrets_of(self._opened)]

    def hushed(self, answer: http.Answer) -> http.Answer:
        """The answer without our own credential, of whatever form, if it repeats that."""
        content = answer.content
        for secret in self._secrets:
            content = content.replace(secret, b"***")
        return answer if content == answer.content else replace(answer, content=content)

    def get(self, kind: Kind, task_id: str) -> Found:
        """The task by the upstream's id, asked at once. Trouble is Rejected(UNAVAILABLE),
        ours included.
        """
        return _theirs(self._asked(self.codec.get(Question(task_id, kind))), task_id)

    def find(self, kind: Kind, external_id: str) -> Found | None:
        """The task by our id; None where an upstream cannot be asked by it.

        Every protocol that can be asked tells the id with the task: without it, it is another's.
        """
        product = PRODUCTS.get(kind)
        if self.codec.find is None or (product and product.at_once):
            return None
        found = self._asked(self.codec.find(Question(external_id, kind)))
        return found if isinstance(found, Rejected) or found.external_id == external_id else _OTHER

    def _asked(self, wire: WireRequest) -> Found:
        answer = self._called(wire)
        if isinstance(answer, Rejected):
            return answer
        return self.codec.decode_task(answer.status_code, answer.headers, answer.content)

    def meter(self, start_ms: int, end_ms: int) -> Shown | Rejected | None:
        """What the account used or has left, asked at once; None where nothing tells."""
        told = self.codec.meter
        if told is None:
            return None
        answer = self._called(told.query(start_ms, end_ms))
        if isinstance(answer, Rejected):
            return answer
        return told.decode(answer.status_code, answer.headers, answer.content)

    @property
    def deletes(self) -> bool:
        """Whether voices and elements can be deleted there."""
        return self.codec.deletion is not None

    def delete(self, kind: Kind, thing: str) -> Rejected | None:
        """Delete a voice or an element by the upstream's id, asked at once; None: it is gone.

        Only where it `deletes`. Silence and trouble are Rejected(UNAVAILABLE).
        """
        told = self.codec.deletion
        assert told is not None, "asked where nothing is deleted"
        answer = self._called(told.order(kind, thing))
        if isinstance(answer, Rejected):
            return answer
        return told.decode(answer.status_code, answer.headers, answer.content)

    def _called(self, wire: WireRequest) -> http.Answer | Rejected:
        """The answer to what may be asked again; silence and trouble of ours are UNAVAILABLE."""
        try:
            with http.api_client() as client:
                return self.hushed(http.call(client, self.request(client, wire)))
        except _NO_QUERY as error:
            return _silence(error)

    # ------------------------------------------------------------------ many at a time

    async def poll(self, ask: Ask, questions: Sequence[Question], told: Told) -> None:
        """What became of each task: `told` as soon as it is known. All questions are of one kind.

        In bulk where the upstream has it; what a list leaves out is asked for by itself, so that
        only an upstream's plain word makes a task lost.
        """
        found: dict[str, Found] = {}
        if self.codec.bulk and len(questions) >= _WORTH_A_LIST:
            found = await self._listed(ask, self.codec.bulk, questions)
            for task_id, what in found.items():
                told(task_id, what)
        rest = (q for q in questions if q.task_id not in found)
        await asyncio.gather(*(self._polled(ask, q, told) for q in rest))

    async def _polled(self, ask: Ask, question: Question, told: Told) -> None:
        try:
            found = await self._asked_about(ask, question)
        except Exception as error:  # must not keep the others' answers
            log.exception("%s: asking about %s failed", self.account.name, question.task_id)
            found = _silence(error)
        told(question.task_id, found)

    async def _asked_about(self, ask: Ask, question: Question) -> Found:
        try:
            answer = await self._answered(ask, self.codec.get(question))
        except _NO_QUERY as error:
            return _silence(error)
        found = self.codec.decode_task(answer.status_code, answer.headers, answer.content)
        return _theirs(found, question.task_id)

    async def _answered(self, ask: Ask, wire: WireRequest) -> http.Answer:
        question = http.Question(self._address(wire), self._headers(wire))
        return self.hushed(await ask(question))

    async def _listed(
        self, ask: Ask, bulk: Bulk, questions: Sequence[Question]
    ) -> dict[str, Found]:
        missing = {q.task_id for q in questions}
        found: dict[str, Found] = {}
        for wire, full in bulk.queries(questions):
            try:
                answer = await self._answered(ask, wire)
            except _NO_QUERY as error:
                return found | dict.fromkeys(missing, _silence(error))
            listed = bulk.decode(answer.status_code, answer.headers, answer.content)
            if isinstance(listed, Rejected):
                if answer.status_code == 404 or listed.reason in _OF_THE_LIST:
                    return found
                # Asking one by one would only add to its trouble.
                return found | dict.fromkeys(missing, listed)
            found |= {task.id: task for task in listed if task.id in missing}
            missing -= found.keys()
            if not missing or len(listed) < full:
                break
        return found


def _theirs(found: Found, task_id: str) -> Found:
    """What is believed of an answer about one task; Segmind's may leave its id out."""
    return found if isinstance(found, Rejected) or found.id in ("", task_id) else _OTHER


def _silence(error: Exception) -> Rejected:
    why = str(error) if isinstance(error, SealBroken) else "no answer came"
    return Rejected(Reason.UNAVAILABLE, type(error).__name__, why)
