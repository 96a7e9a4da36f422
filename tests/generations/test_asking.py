"""Questions about films: one that is not answered keeps no other, and "too often" is heeded."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator

import pytest
from django.test import override_settings
from django.utils import timezone

from generations.asking import Asking
from generations.models import ProviderAccount
from generations.polls import Turn
from kling_saas.lib.questions import Questioner
from tests.serving import Quiet, serving

FILMS = 40
HANGS = "7"
OFTEN = "often"


class Upstream(Quiet):
    """Says "still at work"; of one film nothing, of one at first that it is asked too often."""

    protocol_version = "HTTP/1.1"
    let_go = threading.Event()
    refused: set[str] = set()
    asked: list[float] = []

    def get(self) -> None:
        task = self.path.rpartition("/")[2]
        Upstream.asked.append(time.monotonic())
        if task == HANGS:
            self.let_go.wait(20)
        refused = task == OFTEN and task not in Upstream.refused
        Upstream.refused |= {task}
        status = 429 if refused else 200
        body = json.dumps({"request_id": task, "status": "PROCESSING"}).encode()
        self.answer(status, body, Retry_After="1")


@pytest.fixture
def account() -> Iterator[ProviderAccount]:
    """At an upstream of the test's own."""
    Upstream.asked, Upstream.refused = [], set()
    Upstream.let_go.clear()
    with serving(Upstream) as address:
        found = ProviderAccount(
            pk=1, name="here", protocol="segmind", polls_per_second=1000, base_url=address
        )
        found.set_credential("SG_1234567890abcdef")
        yield found
        Upstream.let_go.set()


def films(*ids: str) -> list[Turn]:
    """Past their deadline: whatever is answered is news."""
    at = timezone.now()
    return [Turn(0, 0, 0, 1, "text2video", each, deadline_at=at, missed=0) for each in ids]


async def noted(one: Asking, count: int) -> float:
    """Seconds until so many answers were noted."""
    began, found = time.monotonic(), 0
    while found < count:
        await asyncio.wait_for(one.news.wait(), 60)
        one.news.clear()
        found += await one.note()
    return time.monotonic() - began


def test_a_question_that_hangs_keeps_no_other_answer(account: ProviderAccount) -> None:
    async def ask() -> float:
        one = Asking()
        async with Questioner() as one.line:
            one.begin(account, films(*map(str, range(FILMS))))
            took = await noted(one, FILMS - 1)
            Upstream.let_go.set()
            await noted(one, 1)
        return took

    assert asyncio.run(ask()) < 15  # it hangs for 20 s


def test_a_question_without_an_answer_ends_all_the_same(account: ProviderAccount) -> None:
    async def ask() -> float:
        one = Asking()
        async with Questioner() as one.line:
            one.begin(account, films(HANGS))
            return await noted(one, 1)

    with override_settings(LEASE_SECONDS=1):
        assert asyncio.run(ask()) < 15


def test_who_is_asked_too_often_is_left_alone_for_as_long_as_it_says(
    account: ProviderAccount,
) -> None:
    async def ask() -> None:
        one = Asking()
        async with Questioner() as one.line:
            one.begin(account, films(OFTEN))
            await noted(one, 1)
            one.begin(account, films("b", "c"))
            await noted(one, 2)

    asyncio.run(ask())
    first, *later = Upstream.asked
    assert len(later) == 2
    assert min(later) - first >= 1.0


def test_watchers_share_the_pace_of_an_account(account: ProviderAccount) -> None:
    account.polls_per_second = 20

    async def ask() -> float:
        one = Asking()
        one.sharers = 4
        async with Questioner() as one.line:
            one.begin(account, films(*"abcdef"))
            return await noted(one, 6)

    assert asyncio.run(ask()) >= 1.0  # five pauses of a fifth of a second
