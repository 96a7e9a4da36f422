"""Asking upstreams about many films at once: in few queries, and no film lost by a short list."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import cast

import pytest

from generations import providers
from generations.catalogue.validation import check
from generations.models import Protocol, ProviderAccount
from generations.providers import Found, NotSent
from generations.providers.codecs import Question
from generations.wire.task import Accepted, Outcome, Reason, Rejected, Task, Unknown
from kling_saas.lib import http
from kling_saas.lib.http import Answer, api_client
from kling_saas.lib.questions import Questioner
from tests.generations.endless import endless
from tests.serving import Quiet, serving
from tests.stack import Stack

_FILMS = 12
_MODEL = {
    Protocol.KLING: "kling-v1",
    Protocol.KLING_2026: "kling-v2-5-turbo",
    Protocol.SEGMIND: "kling-v1",
}


def account(base_url: str, protocol: Protocol) -> ProviderAccount:
    """An account of its own at the sandbox; no row, so nobody else uses it."""
    found = ProviderAccount(name=f"poll-{secrets.token_hex(4)}", protocol=protocol)
    found.base_url = base_url
    found.set_credential(f"key-{secrets.token_hex(8)}")
    return found


def at_sandbox(stack: Stack, protocol: Protocol) -> ProviderAccount:
    place = "segmind" if protocol == Protocol.SEGMIND else "kling"
    return account(f"{stack.sandbox}/{place}", protocol)


def created(upstream: ProviderAccount) -> list[str]:
    """The ids of twelve new tasks there."""
    adapter = providers.adapter(upstream)
    order = check({"model": _MODEL[Protocol(upstream.protocol)], "prompt": "A kite"}).params
    ids = []
    for _ in range(_FILMS):
        ours = f"poll-{secrets.token_hex(8)}"
        outcome = adapter.create(order, external_id=ours, callback_url="").outcome
        assert isinstance(outcome, Accepted)
        ids.append(outcome.task.id)
    return ids


def poll(upstream: ProviderAccount, ids: list[str]) -> tuple[dict[str, Found], list[str]]:
    """The answers, and the path of every query that was sent for them."""
    sent: list[str] = []
    adapter = providers.adapter(upstream)

    async def ask() -> dict[str, Found]:
        async with Questioner() as line:

            async def send(question: http.Question) -> Answer:
                sent.append(question.address.rpartition("/")[2])
                return await line.ask(question)

            tasks = [Question(each, "text2video") for each in ids]
            found: dict[str, Found] = {}
            await adapter.poll(send, tasks, found.__setitem__)
            return found

    return asyncio.run(ask()), sent


@pytest.mark.parametrize(
    ("protocol", "queries"),
    [(Protocol.KLING, 1), (Protocol.KLING_2026, 1), (Protocol.SEGMIND, _FILMS)],
)
def test_twelve_films_are_asked_about_in_as_few_queries_as_the_protocol_has(
    stack: Stack, protocol: Protocol, queries: int
) -> None:
    upstream = at_sandbox(stack, protocol)
    ids = created(upstream)
    found, sent = poll(upstream, ids)
    assert len(sent) == queries, sent
    assert {each: isinstance(found[each], Task) for each in ids} == dict.fromkeys(ids, True)


@pytest.mark.parametrize("protocol", [Protocol.KLING, Protocol.KLING_2026])
def test_what_a_list_leaves_out_is_asked_for_by_itself(stack: Stack, protocol: Protocol) -> None:
    upstream = at_sandbox(stack, protocol)
    ids = [*created(upstream), "800000000000000000"]
    found, sent = poll(upstream, ids)
    assert len(sent) == 2, sent
    lost = found["800000000000000000"]
    assert isinstance(lost, Rejected)
    assert lost.reason is Reason.NOT_FOUND


def test_an_old_film_that_newer_ones_push_off_the_page_is_asked_for_by_itself(stack: Stack) -> None:
    upstream = at_sandbox(stack, Protocol.KLING)
    old = created(upstream)
    for _ in range(3):
        created(upstream)
    found, sent = poll(upstream, old)
    assert sent[0] == "text2video?pageNum=1&pageSize=24"
    assert len(sent) == 1 + len(old)
    assert all(isinstance(task, Task) for task in found.values())


@contextmanager
def answering(single: tuple[int, bytes], listed: tuple[int, bytes] | None = None) -> Iterator[str]:
    """The address of an upstream that answers every question with this, and lists with that."""

    class Server(Quiet):
        def get(self) -> None:
            status, body = (listed or single) if "page" in self.path else single
            asked = self.path.rpartition("/")[2].encode()
            self.answer(status, body.replace(b"{id}", asked))

    with serving(Server) as address:
        yield address


_IDS = [str(number) for number in range(_FILMS)]
_LATER = (503, b'{"code":5001,"message":"Service temporarily unavailable","request_id":"r"}')
_AT_WORK = (200, b'{"code":0,"data":{"task_id":"{id}","task_status":"processing"}}')
_MISSING = b'{"code":1203,"message":"The requested resource does not exist","request_id":"r"}'
_PAGE = b"<html><h1>404 Not Found</h1><hr>nginx</html>"
_ROUTE = b'{"message":"no Route matched with those values"}'


def test_an_upstream_that_refuses_a_list_is_not_asked_twelve_times_more() -> None:
    with answering(_LATER) as address:
        found, sent = poll(account(address, Protocol.KLING), _IDS)
    assert len(sent) == 1
    assert all(isinstance(each, Rejected) for each in found.values())


@pytest.mark.parametrize(
    "listed",
    [
        (404, _MISSING),
        (404, _PAGE),
        (404, b'{"code":1202,"message":"The requested method is invalid"}'),
        (400, b'{"code":1201,"message":"pageSize out of range"}'),
        (200, b"<html>Welcome</html>"),
    ],
)
def test_a_list_that_is_not_there_says_nothing_of_its_films(listed: tuple[int, bytes]) -> None:
    with answering(_AT_WORK, listed) as address:
        found, sent = poll(account(address, Protocol.KLING), _IDS)
    assert len(sent) == 1 + _FILMS
    assert all(isinstance(each, Task) for each in found.values())


@pytest.mark.parametrize("body", [_PAGE, _ROUTE, b"", b"Not Found"])
@pytest.mark.parametrize("protocol", [*Protocol])
def test_a_404_of_something_in_between_makes_no_film_lost(protocol: Protocol, body: bytes) -> None:
    with answering((404, body)) as address:
        upstream = account(address, protocol)
        answers = list(poll(upstream, _IDS)[0].values())
        answers.append(providers.adapter(upstream).get("text2video", "1"))
        by_our_id = providers.adapter(upstream).find("text2video", "1")
    for each in [*answers, *([by_our_id] if by_our_id else [])]:
        assert isinstance(each, Rejected)
        assert each.reason is Reason.UNAVAILABLE


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:1", "https://a..b", "http://[::1", "ftp://127.0.0.1", "http://\x00"],
)
def test_what_cannot_have_arrived_is_not_sent(address: str) -> None:
    order = check({"model": "kling-v1", "prompt": "A kite"}).params
    adapter = providers.adapter(account(address, Protocol.KLING))
    assert isinstance(adapter.create(order, external_id="x", callback_url="").outcome, NotSent)
    silence = adapter.get("text2video", "x")
    assert isinstance(silence, Rejected)
    assert silence.reason is Reason.UNAVAILABLE


def test_an_answer_that_leads_to_no_host_may_have_been_a_yes() -> None:
    asked: list[str] = []

    class Elsewhere(Quiet):
        def post(self) -> None:
            asked.append(self.path)
            self.body()
            self.answer(307, Location="https://xn--a/")

    order = check({"model": "kling-v1", "prompt": "A kite"}).params
    with serving(Elsewhere) as address:
        adapter = providers.adapter(account(address, Protocol.KLING))
        outcome = adapter.create(order, external_id="x", callback_url="").outcome
    assert len(asked) == 1
    assert isinstance(outcome, Unknown)


def test_a_question_whose_credential_cannot_be_opened_has_no_answer(stack: Stack) -> None:
    upstream = at_sandbox(stack, Protocol.KLING)
    upstream.sealed_credential = "v1:gone:AAAA"
    adapter = providers.adapter(upstream)
    found, _ = poll(upstream, ["1", "2"])
    for answer in (adapter.get("text2video", "1"), adapter.find("text2video", "1"), found["2"]):
        assert isinstance(answer, Rejected)
        assert (answer.reason, answer.code) == (Reason.UNAVAILABLE, "SealBroken")


def test_an_answer_is_hushed_by_the_credential_that_was_sent() -> None:
    upstream = account("http://127.0.0.1:1", Protocol.SEGMIND)
    secret = upstream.credential()
    adapter = providers.adapter(upstream)
    with api_client() as client:
        adapter.request(client, adapter.codec.get(Question("1", "text2video")))
    upstream.sealed_credential = "v1:gone:AAAA"
    answer = Answer(200, {}, f"who is {secret}?".encode())
    assert adapter.hushed(answer).content == b"who is ***?"


def test_an_answer_without_end_is_no_answer_and_does_not_fill_us() -> None:
    with endless() as address:
        found, _ = poll(account(address, Protocol.KLING), ["1"])
        adapter = providers.adapter(account(address, Protocol.KLING))
        answers = [found["1"], adapter.get("text2video", "1"), adapter.find("text2video", "1")]
        answers.append(cast("Rejected", adapter.meter(0, 1)))
        order = check({"model": "kling-v1", "prompt": "A kite"}).params
        outcome = adapter.create(order, external_id="x", callback_url="").outcome
    for silence in answers:
        assert isinstance(silence, Rejected)
        assert (silence.reason, silence.code) == (Reason.UNAVAILABLE, "AnswerTooLarge")
    assert outcome == Unknown("AnswerTooLarge", "no answer came")


@pytest.mark.parametrize("trouble", [ValueError, KeyError, OSError, RecursionError])
def test_an_answer_that_cannot_be_read_was_an_answer(
    stack: Stack, trouble: type[Exception]
) -> None:
    def broken(*_: object) -> Outcome:
        raise trouble("nonsense")

    adapter = providers.adapter(at_sandbox(stack, Protocol.KLING))
    adapter.codec = replace(adapter.codec, decode_created=broken)
    order = check({"model": "kling-v1", "prompt": "A kite"}).params
    exchange = adapter.create(order, external_id=secrets.token_hex(8), callback_url="")
    assert exchange.outcome == Unknown(trouble.__name__, "the answer was not understood")
    assert exchange.response["body"]["data"]["task_id"]  # for the operator


def test_what_fails_on_our_side_before_a_create_is_not_sent(stack: Stack) -> None:
    order = check({"model": "kling-v1", "prompt": "A kite"}).params
    sealed = at_sandbox(stack, Protocol.KLING)
    sealed.sealed_credential = "v1:gone:AAAA"
    outcome = providers.adapter(sealed).create(order, external_id="x", callback_url="").outcome
    assert isinstance(outcome, NotSent)
    assert (outcome.ours, outcome.unreadable) == (True, True)

    elsewhere = providers.adapter(at_sandbox(stack, Protocol.SEGMIND))
    unknown = replace(order, model="kling-v9")
    outcome = elsewhere.create(unknown, external_id="x", callback_url="").outcome
    assert isinstance(outcome, NotSent)
    assert (outcome.ours, outcome.unreadable) == (True, False)
