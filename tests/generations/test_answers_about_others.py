"""Upstreams that answer about another task than they were asked about: it is not taken for ours."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from accounts import tenancy
from generations import attempts, dispatch, lifecycle, providers
from generations.models import Generation, Protocol
from generations.providers import Found
from generations.providers.codecs import Question
from generations.wire.task import Reason, Rejected, Task
from kling_saas.lib.questions import Questioner
from tests.generations.orders import claimed, parked
from tests.generations.programs import funded
from tests.generations.scripted import Answer, account_at, scripted
from tests.processes import stopped
from tests.stack import Stack

_FILM = {"videos": [{"id": "1", "url": "https://films.example/others.mp4"}]}


def answer_of(protocol: Protocol, task_id: str, external_id: str) -> Answer:
    """As the protocol tells a finished task, whatever it was asked."""
    bodies: dict[Protocol, object] = {
        Protocol.KLING: {"code": 0, "data": {
            "task_id": task_id, "task_status": "succeed", "task_result": _FILM,
            "task_info": {"external_task_id": external_id}}},
        Protocol.KLING_2026: {"code": 0, "data": [{
            "id": task_id, "status": "succeeded", "external_id": external_id,
            "outputs": _FILM["videos"]}]},
        Protocol.LLMPROVIDER: {
            "task_id": task_id, "task_status": "succeed", "task_result": _FILM},
        Protocol.SEGMIND: {
            "request_id": task_id, "status": "COMPLETED", "video": _FILM["videos"][0]},
    }  # fmt: skip
    return 200, bodies[protocol]


def polled(adapter: providers.Adapter, task_id: str) -> object:
    async def ask() -> object:
        async with Questioner() as line:
            found: dict[str, Found] = {}
            question = Question(task_id, "text2video")
            await adapter.poll(line.ask, [question], found.__setitem__)
            return found[task_id]

    return asyncio.run(ask())


def broken(found: object) -> bool:
    return isinstance(found, Rejected) and found.reason is Reason.BROKEN


@pytest.mark.parametrize(
    "protocol", [Protocol.KLING, Protocol.KLING_2026, Protocol.LLMPROVIDER, Protocol.SEGMIND]
)
def test_a_task_of_another_id_is_no_answer(protocol: Protocol) -> None:
    told = answer_of(protocol, "another", "gen_another-1")
    with scripted(lambda *_: told) as upstream:
        adapter = providers.adapter(account_at(upstream.url, protocol))
        assert broken(adapter.get("text2video", "mine"))
        assert broken(polled(adapter, "mine"))
        upstream.answers = lambda *_: answer_of(protocol, "mine", "gen_mine-1")
        assert isinstance(adapter.get("text2video", "mine"), Task)
        assert isinstance(polled(adapter, "mine"), Task)


@pytest.mark.parametrize("protocol", [Protocol.KLING, Protocol.KLING_2026])
@pytest.mark.parametrize("other", ["gen_another-1", ""])
def test_a_film_of_another_customer_is_not_adopted(
    stack: Stack, protocol: Protocol, other: str
) -> None:
    def heedless(method: str, path: str, body: dict[str, Any]) -> Answer:
        return answer_of(protocol, "another", other)

    with stopped(stack.pid, "watcher", "cluster"), scripted(heedless) as upstream:
        order = claimed(parked(funded()))
        attempt = attempts.begin(order, account_at(upstream.url, protocol))
        lifecycle.release(order, again_in=86_400)
        dispatch._carry_on(claimed(order))
        with tenancy.system("a test looks at every tenant"):
            now = Generation.objects.get(pk=order.pk)
            attempt.refresh_from_db()
        assert (now.status, now.upstream_id, attempt.outcome) == ("submitting", "", "unknown")
        assert [method for method, _ in upstream.seen] == ["GET"]

        upstream.answers = lambda *_: answer_of(protocol, "theirs", attempt.external_id)
        dispatch._carry_on(claimed(order))
        with tenancy.system("a test looks at every tenant"):
            now = Generation.objects.get(pk=order.pk)
        assert (now.status, now.upstream_id) == ("in_flight", "theirs")
        assert lifecycle.fail(now, "test", "over")
