"""Ask upstreams about films, thousands at a time and at each account's pace; what is new is noted
as it comes, so that an answer that does not come keeps no other.

A process of the watcher has one `Asking`. Its database work is done on the watcher's one thread.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Collection
from functools import partial
from urllib.parse import urlsplit

from asgiref.sync import sync_to_async
from django.db import DatabaseError

from generations import outcomes, polls, providers
from generations.catalogue.params import Kind
from generations.models import ProviderAccount
from generations.polls import Turn
from generations.providers import Found, health
from generations.providers.codecs import Question
from generations.wire import loose
from generations.wire.task import Reason, Rejected
from kling_saas.lib import http
from kling_saas.lib.points import passing
from kling_saas.lib.questions import Questioner

log = logging.getLogger(__name__)
_BATCH = 500
_BUSY = 250  # questions to one account that are not answered yet
_PARALLEL = 64  # at one host
_TOGETHER = 0.03  # seconds
_TOO_MANY = 429


class Asking:
    """Questions under way, on `line`, which is set by who runs it. `news` is set when there is some
    to note, `due` when there may be films to ask about: as seen, or as an account has room again.

    `sharers`: how many processes ask, and share each account's `polls_per_second`.
    """

    line: Questioner

    def __init__(self) -> None:
        self.news, self.due = asyncio.Event(), asyncio.Event()
        self.sharers = 1
        self._gates: dict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(_PARALLEL)
        )
        self._turns: dict[int, float] = {}  # when an account may be asked the next question
        self._rests: Counter[int] = Counter()  # "too many" in a row
        self._rest_until: dict[int, float] = {}
        self._bunches: set[asyncio.Task[None]] = set()
        self._asked: Counter[int] = Counter()
        self._unnoted: list[tuple[Turn, Found]] = []

    async def begin_due(self) -> int:
        """Begin to ask about what is due; who asks on does not wait for an upstream that is slow.

        An account with many unanswered questions gets no more: its films stay due.
        """
        busy = [account for account, asked in self._asked.items() if asked >= _BUSY]
        turns, accounts = await sync_to_async(_taken)(busy)
        bunches: dict[tuple[ProviderAccount, Kind], list[Turn]] = defaultdict(list)
        for turn in turns:
            if turn.account in accounts:
                bunches[accounts[turn.account], turn.kind].append(turn)
        for (account, _), bunch in bunches.items():
            self.begin(account, bunch)
        return len(turns)

    def begin(self, account: ProviderAccount, bunch: list[Turn]) -> None:
        """Ask about films of one kind at one account."""
        self._asked[account.pk] += len(bunch)
        task = asyncio.create_task(self._ask_bunch(account, bunch))
        self._bunches.add(task)
        task.add_done_callback(self._bunches.discard)

    async def _ask_bunch(self, account: ProviderAccount, bunch: list[Turn]) -> None:
        open_films: dict[str, list[Turn]] = defaultdict(list)
        for turn in bunch:
            open_films[turn.upstream_id].append(turn)

        def told(task_id: str, found: Found) -> None:
            films = open_films.pop(task_id, [])
            self._less(account, len(films))
            if news := [(turn, found) for turn in films if outcomes.is_news(turn, found)]:
                self._unnoted += news
                self.news.set()

        tasks = [Question(task_id, films[0].kind) for task_id, films in open_films.items()]
        try:
            adapter = await sync_to_async(providers.adapter)(account)
            await adapter.poll(partial(self._ask, account), tasks, told)
        except Exception as error:
            log.exception("polls at %s failed", account.name)
            trouble = Rejected(Reason.UNAVAILABLE, type(error).__name__, "the poll failed")
            for task_id in [*open_films]:
                told(task_id, trouble)
        finally:
            self._less(account, sum(map(len, open_films.values())))

    def _less(self, account: ProviderAccount, films: int) -> None:
        """So many of its questions are answered. With room again it is not kept waiting for a look:
        these become rare when there is much to do.
        """
        before = self._asked[account.pk]
        self._asked[account.pk] = before - films
        if before >= _BUSY > before - films:
            self.due.set()

    async def _ask(self, account: ProviderAccount, question: http.Question) -> http.Answer:
        """At the account's pace, evenly; few at a time at one host; not while it wants a rest."""
        await self._turn_of(account)
        async with self._gates[urlsplit(account.base_url).netloc]:
            answer = await self.line.ask(question)
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
        """As `note`, of more at once: going to the database's thread costs more than a note."""
        await asyncio.sleep(_TOGETHER)
        return await self.note()

    async def note(self) -> int:
        """Write down what news has come; how many."""
        news, self._unnoted = self._unnoted, []
        if news:
            passing("poll.answered")
            await sync_to_async(_record)(news)
        return len(news)

    async def finish(self) -> None:
        """Until all that was asked is answered, and what is new of it noted."""
        await asyncio.gather(*self._bunches, return_exceptions=True)
        await self.note()


def _taken(busy: Collection[int]) -> tuple[list[Turn], dict[int | None, ProviderAccount]]:
    turns = polls.take(_BATCH, busy=busy)
    return turns, {a.pk: a for a in ProviderAccount.objects.all()} if turns else {}


def _record(news: list[tuple[Turn, Found]]) -> None:
    """Whatever one film's answer does to us, the others' are recorded; its turn comes again.

    It is counted, so that a film whose every answer does it is given up after its deadline.
    """
    for turn, found in news:
        if (film := polls.film(turn)) is None:
            continue
        try:
            outcomes.polled(film, found)
        except DatabaseError:
            raise
        except Exception:
            log.exception("%s: its poll's answer was not recorded", film.public_id)
            polls.missed(film)
