"""One order on one route through one upstream, cut off at one point: does it converge?

A route is what the upstream and the customer do; a recorded run of it tells which points it
passes, and each of them is then struck. Needs a prepared place (`tests.campaigns.place`).
"""

from __future__ import annotations

import os
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from unittest import mock

from django.conf import settings
from django.db import connections

from accounts import tenancy
from accounts.actors import Actor
from billing import ledger, proof
from billing.models import LotSource
from generations import access, attempts, invariants, late, lifecycle, routing, submission
from generations.models import (
    Attempt,
    AttemptOutcome,
    Generation,
    Protocol,
    ProviderAccount,
    Status,
    Video,
)
from generations.models.generation import TERMINAL
from generations.providers.codecs import CODECS
from generations.submission import Submission
from kling_saas.lib import points
from tests.campaigns import crew
from tests.campaigns.line import Line
from tests.campaigns.routes import ROUTES, UNKNOWN, Route
from tests.campaigns.virtual import CLOCK
from tests.people import customer

_DIED = 77
_NOBODY = "http://127.0.0.1:1"
_ROUNDS = 120
_PASSES = 2  # of one point in one run that are struck
_PREFIX = {
    Protocol.KLING: "/kling",
    Protocol.KLING_2026: "/kling",
    Protocol.SEGMIND: "/segmind",
    Protocol.SEGMIND_V1: "/segmind",
    Protocol.LLMPROVIDER: "/llmprovider",
}


@dataclass(frozen=True, slots=True)
class Case:
    """`kind`: record, raise, exit, or thrice (three workers die there one after another)."""

    protocol: str
    route: str
    kind: str = "record"
    point: str = ""
    nth: int = 1

    def __str__(self) -> str:
        return f"{self.protocol}/{self.route}/{self.kind}/{self.point}/{self.nth}"

    @classmethod
    def read(cls, text: str) -> Case:
        protocol, route, kind, point, nth = text.split("/")
        return cls(protocol, route, kind, point, int(nth))


class Struck(Exception):
    """What goes wrong at a point of a worker that lives on."""


@dataclass
class Trial:
    """All cases of one process, and what came of them."""

    line: Line
    hits: Counter[str] = field(default_factory=Counter)
    accounts: dict[str, tuple[Case, str]] = field(default_factory=dict)
    _before: frozenset[str] = frozenset()
    _calm: dict[str, frozenset[str]] = field(default_factory=dict)
    _organisations: dict[tuple[str, str], int] = field(default_factory=dict)
    _number: int = 0

    def enumerate(self, protocol: str, route: str) -> tuple[list[Case], list[str]]:
        """The cases of a route, by a run that records its points; and what was wrong with it.

        Where the create fares as in calm weather, points before the trouble would tell nothing.
        """
        seen: Counter[str] = Counter()
        self._before = frozenset()
        wrong = self.run(Case(protocol, route), seen)
        if route == "calm":
            self._calm[protocol] = frozenset(seen)
            return [*self._calm_cases(protocol, seen)], wrong
        new = seen.keys() - self._calm.get(protocol, frozenset())
        troubled = seen.keys() if route in UNKNOWN else new | (seen.keys() - self._before)
        return [
            *(Case(protocol, route, "exit", p) for p in seen if p in troubled),
            *(Case(protocol, route, "raise", p) for p in sorted(new)),
        ], wrong

    def _calm_cases(self, protocol: str, seen: Counter[str]) -> Iterator[Case]:
        for point, times in seen.items():
            for nth in range(1, min(times, _PASSES) + 1):
                yield Case(protocol, "calm", "raise", point, nth)
                yield Case(protocol, "calm", "exit", point, nth)
            if point != "news.marked":  # no order's own step
                yield Case(protocol, "calm", "thrice", point)

    def run(self, case: Case, seen: Counter[str] | None = None) -> list[str]:
        """What broke. `seen` takes the points that were passed."""
        route = ROUTES[case.route]
        CLOCK.passes(timedelta(days=2).total_seconds())
        self._number += 1
        self._only_account(case)
        self.line.calm()
        for sort, fault, times in route.plan:
            self.line.will(sort, fault, times)
        organisation = self._organisation(case)
        model = "kling-v2-5-turbo" if case.protocol == Protocol.KLING_2026 else "kling-v1"
        order = _Order(organisation, f"case-{self._number}", route, model, self.line)
        patience = 0.15 if case.route == "late-reply" else 30
        with (
            mock.patch.object(settings, "UPSTREAM_TIMEOUT", patience),
            mock.patch.object(settings, "SEGMIND_WAIT_MAX", patience),
            mock.patch("generations.blocking._STORAGE_PAUSES", ()),
            mock.patch("generations.downloads.examine", crew.examined),
        ):
            work = self._up_to(case, order)
            self._struck(case, work, seen)
            try:
                work()
            finally:
                points.watched_by(None)
        self.accounts[self._credential(case)] = (case, order.public_id)
        return [f"{case}: {what}" for what in _wrong(case, order)]

    def _up_to(self, case: Case, order: _Order) -> Callable[[], None]:
        """What is still to be done when the danger begins."""
        if not case.point.startswith("late."):
            return order.work
        order.make()
        self.line.calm()
        return order.look_late

    def _struck(self, case: Case, work: Callable[[], None], seen: Counter[str] | None) -> None:
        """Set the watcher, or let children die."""
        if case.kind in ("exit", "thrice"):
            deaths = 3 if case.kind == "thrice" else 1
            struck = [self._dies(case, work) for _ in range(deaths)]
            self.hits.update([f"{case.point} {case.kind}"] * any(struck))
            return
        counted: Counter[str] = Counter() if seen is None else seen

        calm = self.line.troubles()

        def watcher(point: str) -> None:
            counted[point] += 1
            if self.line.troubles() == calm:
                self._before |= {point}
            if case.kind == "raise" and point == case.point and counted[point] == case.nth:
                self.hits[f"{case.point} raise"] += 1
                raise Struck(point)

        points.watched_by(watcher)

    def _dies(self, case: Case, work: Callable[[], None]) -> bool:
        """A worker in a child that is gone, without a word, at the point. Its lease runs out."""
        connections.close_all()
        crew.before_fork()
        child = os.fork()
        if child == 0:
            _live_and_die(case, work)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        if code not in (0, _DIED):
            raise AssertionError(f"{case}: the child ended with {code}")
        CLOCK.passes(settings.LEASE_SECONDS + 1)
        return code == _DIED

    def _organisation(self, case: Case) -> int:
        key = (case.protocol, case.route)
        if key not in self._organisations:
            made = customer().organisation.pk
            self._organisations[key] = made
            ledger.grant(made, False, 100_000, LotSource.TEST, reference=f"crash:{made}")
        return self._organisations[key]

    def _credential(self, case: Case) -> str:
        return f"SG_{self._number:016x}"

    def _only_account(self, case: Case) -> None:
        """An account of its own, so that no case learns from another, and no other in service."""
        ProviderAccount.objects.filter(enabled=True).update(enabled=False)
        account = ProviderAccount(
            name=f"case-{self._number}", protocol=case.protocol, serves_live=False,
            serves_test=True, polls_per_second=1000, cost_book={"*": "0.28"},
            base_url=_address(self.line, case.protocol, ROUTES[case.route]),
        )  # fmt: skip
        account.set_credential(self._credential(case))
        account.save()
        routing.forget()


def _address(line: Line, protocol: str, route: Route) -> str:
    return (_NOBODY if route.nobody else line.address) + _PREFIX[Protocol(protocol)]


def _live_and_die(case: Case, work: Callable[[], None]) -> None:
    passed = 0

    def watcher(point: str) -> None:
        nonlocal passed
        passed += point == case.point
        if passed == case.nth:
            os._exit(_DIED)

    try:
        crew.forked()
        points.watched_by(watcher)
        work()
        os._exit(0)
    except BaseException:  # noqa: BLE001 - the parent reads the exit code
        traceback.print_exc()
    finally:
        os._exit(1)


@dataclass
class _Order:
    """A customer who asks with one key until there is an answer, and the workers who serve."""

    organisation: int
    key: str
    route: Route
    model: str
    line: Line
    public_id: str = ""

    @property
    def actor(self) -> Actor:
        return Actor(organisation_id=self.organisation, livemode=False)

    def work(self) -> None:
        """All that is to be done, from wherever it stands."""
        self.make()
        self.line.calm()
        self.look_late()

    def make(self) -> None:
        """Until it has ended."""
        self.public_id = self._placed()
        if self.route.cancelled:
            self._cancelled()
        if self.route.poisoned:
            self._poisoned()
        for turn in range(_ROUNDS):
            if turn == 2:
                self._listens()
            while crew.step():
                continue
            crew.sweep()
            if not crew.leap():
                break

    def look_late(self) -> None:
        """For a film that was given up."""
        for _ in range(_late(self.now())):
            CLOCK.passes(late.REST * settings.LATE_LOOK_SECONDS + 1)
            crew.ask_late()

    def now(self) -> Generation:
        return access.find(self.actor, self.public_id)

    def _placed(self) -> str:
        order = Submission(
            fields={"model": self.model, "prompt": f"A kite over the dunes {self.route.words}"},
            door="native", idempotency_key=self.key, deadline=self.route.deadline,
        )  # fmt: skip
        while True:
            try:
                return submission.submit(self.actor, order, lambda g: g.public_id).generation
            except Struck:
                continue

    def _listens(self) -> None:
        """Now somebody does, wherever nobody did."""
        for account in ProviderAccount.objects.filter(base_url__startswith=_NOBODY):
            account.base_url = account.base_url.replace(_NOBODY, self.line.address)
            account.save(update_fields=["base_url"])
        routing.forget()

    def _poisoned(self) -> None:
        account = ProviderAccount.objects.get(enabled=True)
        for claimed in lifecycle.claim([Status.ACCEPTED], 1):
            attempts.begin(claimed, account)
            with tenancy.system("a campaign lets its workers die"):
                Generation.objects.filter(pk=claimed.pk).update(
                    crashes=settings.STEP_CRASHES - 1, lease_until=CLOCK.now()
                )

    def _cancelled(self) -> None:
        while (found := self.now()).status == Status.ACCEPTED:
            try:
                lifecycle.cancel(found)
            except Struck:
                continue


def _late(found: Generation) -> int:
    """How often a film is still asked for that was given up."""
    given_up = found.error_code in ("deadline", "upstream_unknown", "upstream_lost")
    return 3 if given_up or found.media_url else 0


def _wrong(case: Case, order: _Order) -> Iterator[str]:
    found = order.now()
    yield from (str(b) for b in invariants.breaches(order.organisation))
    proven = proof.prove(order.organisation)
    yield from (str(d) for d in proven.drifts)
    if found.status not in TERMINAL:
        yield f"it stays {found.status} ({found.step_attempts} tries, {found.crashes} crashes)"
        return
    with tenancy.system("a campaign looks at every tenant"):
        tries = list(Attempt.objects.filter(generation=found).order_by("number"))
        film = Video.objects.filter(generation=found).exists()
        booked = attempts.in_suspense().filter(generation=found).exists()
    yield from _wrong_end(case, found, tries, film=film, booked=booked)


def _wrong_end(
    case: Case, found: Generation, tries: list[Attempt], *, film: bool, booked: bool
) -> Iterator[str]:
    route, codec = ROUTES[case.route], CODECS[case.protocol]
    told = f"{found.status} {found.error_code} {[a.outcome for a in tries]}"
    late = route.deadline is not None
    made = not film and not late  # where nobody could be asked in time
    unknown = AttemptOutcome.ABANDONED in [a.outcome for a in tries]
    if found.error_code == "internal" and (case.kind == "thrice" or route.poisoned):
        return
    if found.status not in route.ends and not (unknown and codec.find is None):
        yield f"it ended as {told}"
    if unknown and not film and not booked:
        yield f"what the upstream may bill is not in suspense: {told}"
    if late and found.upstream_id and not film:
        yield f"the late film was not given: {told}"
    if found.error_code == "upstream_unknown" and codec.find is not None and made:
        yield f"an answer was lost that can be looked up: {told}"
    held = codec.blocking and case.route == "failed"  # it says 500
    if route.plan == () and not held and case.kind == "record" and unknown:
        yield f"an answer was lost in calm weather: {told}"


def creates(audit: list[dict[str, object]]) -> dict[str, int]:
    """Tasks made, by the sandbox's name of the account."""
    made: Counter[str] = Counter()
    for row in audit:
        made[str(row["account"])] += int(str(row["created"]))
    return made
