"""Ask upstreams about films, thousands at a time: at each account's pace, and every answer is noted
as it comes, so that one that does not come keeps no other.

A process of the watcher has one `Asking`. Its database work is done on the watcher's one thread.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, defaultdict
from functools import partial

import httpx
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError

from generations import outcomes, polls, providers
from generations.models import Generation, ProviderAccount
from generations.providers import Found, health
from generations.providers.codecs import Question
from generations.wire import loose
from generations.wire.task import Reason, Rejected
from kling_saas.lib import http
from kling_saas.lib.points import passing

log = logging.getLogger(__name__)
_BATCH = 500
_BUSY = 250  # questions to one account that are not answered yet
_PARALLEL = 64  # at one host
_TOGETHER = 0.03  # seconds
_TOO_MANY = 429


class Asking:
    """Questions under way. `client` is set by who runs it; `answered` when there is one to note.

    `sharers`: how many processes ask, and share each account's `polls_per_second`.
    """

    client: httpx.AsyncClient

    def __init__(self) -> None:
        self.answered = asyncio.Event()
        self.sharers = 1
        self._gates: dict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(_PARALLEL)
        )
        self._turns: dict[int, float] = {}  # when an account may be asked the next question
        self._rests: Counter[int] = Counter()  # "too many" in a row
        self._rest_until: dict[int, float] = {}
        self._bunches: set[asyncio.Task[None]] = set()
        self._asked: Counter[int] = Counter()
        self._answers: list[tuple[Generation, Found]] = []

    async def begin_due(self) -> int:
        """Begin to ask about what is due; who asks on does not wait for an upstream that is slow.

        An account with many unanswered questions gets no more: its films stay due.
        """
        busy = [account for account, asked in self._asked.items() if asked >= _BUSY]
        taken = await sync_to_async(polls.take)(_BATCH, busy=busy)
        bunches: dict[tuple[int | None, str], list[Generation]] = defaultdict(list)
        for generation in taken:
            bunches[generation.account_id, generation.kind].append(generation)
        for bunch in bunches.values():
            self.begin(bunch)
        return len(taken)

    def begin(self, bunch: list[Generation]) -> None:
        """Ask about films of one kind at one account."""
        if (account := bunch[0].account) is not None:
            self._asked[account.pk] += len(bunch)
            task = asyncio.create_task(self._ask_bunch(account, bunch))
            self._bunches.add(task)
            task.add_done_callback(self._bunches.discard)

    async def _ask_bunch(self, account: ProviderAccount, bunch: list[Generation]) -> None:
        open_films: dict[str, list[Generation]] = defaultdict(list)
        for generation in bunch:
            open_films[generation.upstream_id].append(generation)

        def told(task_id: str, found: Found) -> None:
            films = open_films.pop(task_id, [])
            self._asked[account.pk] -= len(films)
            self._answers += [(film, found) for film in films]
            self.answered.set()

        questions = [Question(task_id, films[0].kind) for task_id, films in open_films.items()]
        ask = partial(self._ask, account)
        try:
            adapter = await sync_to_async(providers.adapter)(account)
            await adapter.poll(self.client, ask, questions, told)
        except Exception as error:
            log.exception("polls at %s failed", account.name)
            trouble = Rejected(Reason.UNAVAILABLE, type(error).__name__, "the poll failed")
            for task_id in [*open_films]:
                told(task_id, trouble)
        finally:
            self._asked[account.pk] -= sum(map(len, open_films.values()))

    async def _ask(self, account: ProviderAccount, request: httpx.Request) -> httpx.Response:
        """At the account's pace, evenly; few at a time at one host; not while it wants a rest."""
        await self._turn_of(account)
        async with self._gates[request.url.host + str(request.url.port)]:
            try:
                async with asyncio.timeout(settings.LEASE_SECONDS / 2):
                    answer = await http.send(self.client, request)
            except TimeoutError as error:
                raise httpx.ReadTimeout("its answer took too long", request=request) from error
        if answer.status_code == _TOO_MANY:
            self._let_rest(account, loose.retry_after(answer.headers))
        elif self._rests[account.pk]:
            self._rests[account.pk] = 0
        return answer

    async def _turn_of(self, account: ProviderAccount) -> None:
        step = self.sharers / account.polls_per_second
        while True:
            now, rest = time.monotonic(), self._rest_until.get(account.pk, 0.0)
            turn = max(now, rest, self._turns.get(account.pk, now))
            self._turns[account.pk] = turn + step
            if turn > now:
                await asyncio.sleep(turn - now)
            if self._rest_until.get(account.pk, 0.0) <= time.monotonic():
                return

    def _let_rest(self, account: ProviderAccount, seconds: float | None) -> None:
        """It is asked too often: no next question for so long, by this process."""
        now, rests = time.monotonic(), self._rests[account.pk]
        if self._rest_until.get(account.pk, 0.0) > now and not seconds:
            return  # they were asked together
        self._rests[account.pk] = rests + 1
        pause = health.rest_after(rests, seconds)
        self._rest_until[account.pk] = now + pause
        log.info("%s is asked too often: nothing for %.0f s", account.name, pause)

    async def note_soon(self) -> int:
        """As `note`, of more at once: going to the database's thread costs more than an answer."""
        await asyncio.sleep(_TOGETHER)
        return await self.note()

    async def note(self) -> int:
        """Write down the answers that have come; how many."""
        answers, self._answers = self._answers, []
        if answers:
            passing("poll.answered")
            await sync_to_async(_record)(answers)
        return len(answers)

    async def finish(self) -> None:
        """Until all that was asked is answered, and noted."""
        await asyncio.gather(*self._bunches, return_exceptions=True)
        await self.note()


def _record(answers: list[tuple[Generation, Found]]) -> None:
    """Whatever one film's answer does to us, the others' are recorded; its turn comes again.

    It is counted, so that a film whose every answer does it is given up after its deadline.
    """
    for generation, found in answers:
        try:
            outcomes.polled(generation, found)
        except DatabaseError:
            raise
        except Exception:
            log.exception("%s: its poll's answer was not recorded", generation.public_id)
            polls.missed(generation)
