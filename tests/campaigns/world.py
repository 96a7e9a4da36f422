"""One seed's world: customers, operators, workers, upstreams and a storage, and its verdict.

Needs a prepared place. Each seed has an organisation and accounts of its own and begins days
after the one before, so that seeds run one after another in one database.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from itertools import count
from types import SimpleNamespace
from typing import Any
from unittest import mock

import httpx
from django.db import connection

from accounts import outbox, tenancy
from accounts.actors import Actor
from billing import ledger, proof, quotes
from billing.models import LotSource
from generations import (
    access,
    asking,
    attempts,
    blocking,
    dispatch,
    downloads,
    invariants,
    late,
    lifecycle,
    polls,
    routing,
    storage,
    submission,
    sweeps,
)  # fmt: skip
from generations.catalogue import billable, validation
from generations.models import Alarm, Audio, Generation, Protocol, ProviderAccount, Status, Video
from generations.reconciliation import run as reconciliation
from generations.reconciliation.finding import Look
from generations.submission import Submission
from kling_saas.lib import http, points, questions
from kling_saas.lib.refusals import Refusal
from tests.campaigns import crew
from tests.campaigns.baton import Killed, Stage, Trouble, outside_loops
from tests.campaigns.memory import Storage
from tests.campaigns.upstreams import SOUND, Upstreams
from tests.campaigns.virtual import CLOCK
from tests.people import customer

_MODEL = "kling-v2-5-turbo"
_PRICE = 100_000
_LOOKS = (0, 1, 4, 10, 8)  # hours between looks at late films, within their day
_AFTER = 8  # hours more, and the slowest upstream is done
_LONGEST_NAP = 5  # doublings of a second
_SWEPT = ("unknown submits", "holds", "late films")


@dataclass
class Ordered:
    """An order as its customer knows it."""

    label: str
    key: str
    fields: dict[str, Any]
    quote: str | None
    given: Submission | None = None
    public_id: str = ""


@dataclass
class World:
    """`run` plays one seed and leaves what was wrong in `stage.wrong`."""

    seed: int
    film: bytes
    dangers: bool = True
    orders: list[Ordered] = field(default_factory=list)

    def run(self) -> Stage:
        CLOCK.passes(timedelta(days=3).total_seconds())
        _forget_what_is_kept()
        random.seed(self.seed)
        stage = self.stage = Stage(self.seed, self.dangers)
        self.upstreams = Upstreams(stage, self.film, repeats=self.seed % 2 == 0)
        self.storage = Storage(stage)
        self.organisation = customer().organisation.pk
        ledger.grant(
            self.organisation, False, _PRICE, LotSource.TEST, reference=f"sim:{self.organisation}"
        )
        self._accounts()
        self.busy = 0
        for number in range(2):
            self.busy += 1
            stage.enters(f"customer-{number}", self._customer)
        stage.enters("operator", self._operator)
        for number in range(stage.rng.choice((2, 3))):
            stage.enters(f"worker-{number}", self._worker, mortal=True)
        with ExitStack() as patches:
            for patch in self._patches():
                patches.enter_context(patch)
            points.watched_by(stage.at)
            try:
                stage.play(self._ended, _threads().submit)
            finally:
                points.watched_by(None)
            self._days_go_by()
            stage.wrong += [f"{what}" for what in self._wrong()]
        return stage

    def _patches(self) -> Iterator[Any]:
        transport = httpx.MockTransport(self.upstreams.handle)
        client = lambda *_, **__: httpx.Client(transport=transport)  # noqa: E731
        patient = lambda *_, **__: httpx.AsyncClient(transport=transport)  # noqa: E731
        yield mock.patch.multiple(
            http, api_client=client, blocking_client=patient, fetch=self.upstreams.fetch
        )
        yield mock.patch.object(questions.Questioner, "ask", self._answered)
        names = ("put", "size", "remove", "open_file")
        yield mock.patch.multiple(storage, **{n: getattr(self.storage, n) for n in names})
        yield mock.patch.object(routing, "time", SimpleNamespace(monotonic=_seconds))
        # Of a real pause between two questions it would depend which is asked first.
        yield mock.patch.object(asking, "time", SimpleNamespace(monotonic=count().__next__))
        yield mock.patch.object(dispatch, "_threads", _one_by_one)
        yield mock.patch.object(polls, "take", _in_order(polls.take))
        yield mock.patch.object(asking, "sync_to_async", self._here)
        yield mock.patch.object(blocking, "sync_to_async", self._here)
        yield mock.patch.object(blocking, "_STORAGE_PAUSES", (0.0,))
        yield mock.patch.object(downloads, "examine", crew.examined)

    async def _answered(self, question: http.Question) -> http.Answer:
        """Instead of a question over a socket."""
        asked = httpx.Request("GET", question.address, headers=question.headers)
        answer = self.upstreams.handle(asked)
        return http.Answer(answer.status_code, answer.headers, answer.content)

    def _here(self, function: Callable[..., Any], **_: Any) -> Callable[..., Any]:
        """Instead of another thread: in this one, as if no loop ran."""

        async def called(*arguments: Any, **more: Any) -> Any:
            self.stage.check_alive()
            with outside_loops():
                return function(*arguments, **more)

        return called

    def _accounts(self) -> None:
        ProviderAccount.objects.filter(enabled=True).update(enabled=False)
        rng = self.stage.rng
        chosen = rng.sample(list(Protocol), rng.choice((1, 2, 3)))
        for number, protocol in enumerate(chosen):
            account = ProviderAccount(
                name=f"sim-{self.organisation}-{number}", protocol=protocol, serves_live=False,
                serves_test=True, base_url=f"http://{protocol.replace('_', '-')}.sim",
                priority=rng.choice((10, 20)), concurrency=rng.choice((1, 2, 5)),
                polls_per_second=1000,
            )  # fmt: skip
            account.set_credential(f"SG_{self.organisation:08d}{number:08d}")
            account.save()
        self.names = f"sim-{self.organisation}-"
        models = {str(p): ("kling-v1", "kling-v2-5-turbo") for p in Protocol}
        models[Protocol.KLING_2026] = ("kling-v2-5-turbo",)
        models[Protocol.LLMPROVIDER] = ("kling-v1",)
        self.sounds = Protocol.KLING in chosen
        self.models = [m for p in chosen for m in models[p]]

    # ------------------------------------------------------------------ players

    @property
    def actor(self) -> Actor:
        return Actor(organisation_id=self.organisation, livemode=False)

    def _customer(self) -> None:
        rng = self.stage.rng
        for _ in range(rng.choice((1, 2, 3))):
            self.stage.pause(rng.uniform(0, 60))
            order = self._draw_order()
            self._place(order)
            if rng.random() < 0.3:
                self.stage.faults["replay"] += 1
                before = order.public_id
                self._place(order)
                if before and order.public_id != before:
                    self.stage.wrong.append(f"{order.label}: a replay made another generation")
            if order.public_id and rng.random() < 0.25:
                self.stage.pause(rng.uniform(0, 5))
                found = access.find(self.actor, order.public_id)
                if found.status == Status.ACCEPTED:
                    self.stage.note(f"cancels {order.label}: {lifecycle.cancel(found)}")
        self.busy -= 1

    def _draw_order(self) -> Ordered:
        rng, number = self.stage.rng, len(self.orders) + 1
        label = f"order-{number}"
        fields: dict[str, Any] = {"model": rng.choice(self.models), "prompt": f"A kite {label}"}
        if self.sounds and rng.random() < 0.3:
            fields = rng.choice(
                (
                    {"task": "text-to-audio", "prompt": f"Rain {label}", "seconds": 4},
                    {"task": "tts", "text": f"Hi {label}", "voice": "AOT", "language": "en"},
                )
            )
        quote = None
        if rng.random() < 0.3:
            params = validation.check(fields, lenient=False).params
            made = quotes.make(
                self.organisation, False, [billable.item(params)],
                submission.params_fingerprint(params),
            )  # fmt: skip
            quote = made.public_id
        order = Ordered(label, f"key-{self.organisation}-{number}", fields, quote)
        self.orders.append(order)
        return order

    def _place(self, order: Ordered) -> None:
        order.given = order.given or Submission(
            fields=order.fields, door="native", idempotency_key=order.key, quote_id=order.quote,
            deadline=self.stage.rng.choice((None, None, 60, 300)),
        )  # fmt: skip
        try:
            order.public_id = submission.submit(
                self.actor, order.given, lambda g: g.public_id
            ).generation
            self.stage.note(f"orders {order.label}")
        except Refusal as refusal:
            self.stage.note(f"is refused {order.label}: {type(refusal).__name__}")

    def _operator(self) -> None:
        rng = self.stage.rng
        while not self.stage.ended:
            self.stage.pause(rng.uniform(1, 40))
            drawn = rng.random()
            if drawn < 0.1:
                self.stage.faults["freeze"] += 1
                ledger.freeze(self.organisation, False, cause="look", reason="a look")
                self.stage.note("freezes")
                self.stage.pause(rng.uniform(1, 20))
                ledger.thaw(self.organisation, False, cause="look", reason="well")
            elif drawn < 0.2:
                self.stage.faults["expire"] += 1
                with tenancy.system("a simulated sweep"):
                    ledger.expire_lots(CLOCK.now())
            elif drawn < 0.3:
                mine = ProviderAccount.objects.filter(name__startswith=self.names)
                mine.update(paused_until=CLOCK.now() + timedelta(seconds=rng.uniform(1, 60)))
                self.stage.note("pauses the accounts")
            else:
                self.upstreams.call_back()

    def _worker(self) -> None:
        stage, idle = self.stage, 0
        while not stage.ended:
            handled = 0
            try:
                waiting = crew.due()
                works = [work for work, states in crew.WORK if waiting & states]
                if works:
                    handled = stage.rng.choice(works)()
                if not handled and stage.rng.random() < 0.4:
                    stage.rng.choice((late.run, sweeps.give_up_stuck, outbox.announce))()
            except Killed:
                self._die()
                continue
            except Trouble:
                connection.close()
            if getattr(stage._mine.player, "dead", False):
                self._die()
                continue
            idle = 0 if handled else idle + 1
            if not handled:
                stage.pause(self._nap(idle))

    def _nap(self, idle: int) -> float:
        """Until something is due, about, or for a minute at most; `idle` rounds found nothing."""
        due = crew.next_due()
        left = (due - CLOCK.now()).total_seconds() if due else 60.0
        # What is due and taken by nobody waits for an account, perhaps for an hour.
        left = left if left > 0 else 2.0 ** min(idle, _LONGEST_NAP)
        return min(60.0, left) + self.stage.rng.uniform(0, 2)

    def _die(self) -> None:
        connection.close()
        self.stage.reborn()
        self.stage.pause(self.stage.rng.uniform(0, 5))

    def _ended(self) -> bool:
        return not self.busy and not crew.unfinished(self.organisation)

    # ------------------------------------------------------------------ afterwards

    def _days_go_by(self) -> None:
        """What was given up is asked for, a day long and in the daily reconciliations."""
        self.stage.calm = True
        for hours in _LOOKS:
            CLOCK.passes(timedelta(hours=hours).total_seconds())
            self.upstreams.arrive()
            while late.run():
                continue
        self.stage.wrong += [what for order in self.orders for what in self._not_asked(order)]
        CLOCK.passes(timedelta(hours=_AFTER).total_seconds())
        for stage in (each for each in reconciliation.STAGES if each.name in _SWEPT):
            look, more = Look(mend=True), True
            while more:
                look = replace(look, after=stage.page(look).after)
                more = bool(look.after)

    def _not_asked(self, order: Ordered) -> Iterator[str]:
        """A film that was there in the day after it was given up has been given."""
        if not order.public_id:
            return
        found = access.find(self.actor, order.public_id)
        given_up = found.error_code in ("deadline", "upstream_lost") and found.upstream_id
        if given_up and self.upstreams.has(order.label) and not self._film(found):
            yield f"{order.label} {found.error_code}: its film was there, and nobody asked for it"

    def _film(self, found: Generation) -> Video | Audio | None:
        with tenancy.system("a simulation looks"):
            film = Video.objects.filter(generation=found).first()
            return film or Audio.objects.filter(generation=found).first()

    # ------------------------------------------------------------------ the verdict

    def _wrong(self) -> Iterator[str]:
        yield from (str(b) for b in invariants.breaches(self.organisation))
        yield from (str(d) for d in proof.prove(self.organisation).drifts)
        for label, times in self.upstreams.creates.items():
            if times > 1:
                yield f"{label} was made {times} times upstream"
        for order in self.orders:
            if order.public_id:
                yield from self._wrong_order(order)

    def _wrong_order(self, order: Ordered) -> Iterator[str]:
        found = access.find(self.actor, order.public_id)
        video = self._film(found)
        with tenancy.system("a simulation looks"):
            booked = attempts.in_suspense().filter(generation=found).exists()
        told = f"{order.label} {found.status} {found.error_code}"
        self.stage.note(f"ends {told} {found.charged} {video is not None} {booked}")
        if found.status == Status.SUCCEEDED and video is None:
            yield f"{told}: it has no film"
        whole = SOUND if isinstance(video, Audio) else self.film
        if video and self.storage.objects.get(video.key) != whole:
            yield f"{told}: its film is not in the storage"
        known = booked or Alarm.objects.filter(subject__startswith=found.public_id).exists()
        if self.upstreams.bills(order.label) and video is None and not known:
            yield f"{told}: it is billed upstream, and nobody knows"
        if found.status == Status.CANCELLED and self.upstreams.creates[order.label]:
            yield f"{told}: it was cancelled and made all the same"


def _forget_what_is_kept() -> None:
    """Films that a held call left when its world had ended: they do not grow old."""
    with tenancy.system("a simulation begins"):
        kept = Generation.objects.filter(media_url__startswith=downloads.STORED)
        kept.exclude(finished_at=None).update(media_url="")


def _in_order(take: Callable[..., list[polls.Turn]]) -> Callable[..., list[polls.Turn]]:
    """The same films in the order of their making, not as the database happens to return them."""

    def taken(*arguments: Any, **more: Any) -> list[polls.Turn]:
        return sorted(take(*arguments, **more), key=lambda turn: turn.pk)

    return taken


@cache
def _threads() -> ThreadPoolExecutor:
    """The players of one world after another."""
    return ThreadPoolExecutor(8)


def _one_by_one() -> SimpleNamespace:
    """Instead of threads."""
    return SimpleNamespace(map=map)


def _seconds() -> float:
    return CLOCK.now().timestamp()
