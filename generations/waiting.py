"""How long it will take, honestly: the place in the queue, and what equal films took lately.

A figure is a range (p50 to p90 of recent equal films), or the vendor pages' averages while there
are too few; never a percentage, because no upstream reports one. While an order waits, the time
until its turn is added: its place against the accounts' places, and when those will be free.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import tenancy
from generations import attempts, queueing, routing, standing
from generations.catalogue import registry
from generations.catalogue.params import Kind, Params
from generations.catalogue.products.registry import PRODUCTS
from generations.models import Generation, ProviderAccount, Status
from generations.models.generation import TERMINAL
from generations.providers import breakers
from generations.queueing import MOST, Flying, Glance, Lane, Queue, Whose, meet

NOBODY = (
    "No service takes such an order at the moment: it would wait for one until its deadline, and "
    "cost nothing if none comes."
)
_OWN = 5 * MOST  # of an organisation's orders are looked at for a list; what is behind is MOST
_ENOUGH = 5
_FRESH_SECONDS = 10.0
_LONGEST = (5, 10, 15, 10**6)  # seconds: films of a class are told apart no further
_OFTEN, _RARELY = 2, 15  # seconds between looks of those who watch
_OVERDUE = 0.1  # of the usual time: what a film that is over it is said to need yet


@dataclass(frozen=True, slots=True)
class Eta:
    """Seconds from acceptance to a playable film: half are faster than `p50`, 90 % than `p90`."""

    p50: float
    p90: float

    def as_json(self) -> dict[str, float]:
        """As the native API shows it."""
        return {"p50_seconds": round(self.p50, 1), "p90_seconds": round(self.p90, 1)}


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a customer is told while it lasts.

    `position`: 1 is handed over next; MOST is that or more; None once it is handed over. `eta` is
    None when it has ended, while no account that could make it is in service, and once it is over
    the time that was told.
    """

    position: int | None = None
    eta: Eta | None = None

    def as_json(self) -> dict[str, Any]:
        """As the native API shows it."""
        return {"eta": self.eta.as_json() if self.eta else None, "position": self.position}


class _Equal(NamedTuple):
    """What equal films have in common; any account when it is None."""

    model: str
    kind: str
    livemode: bool
    mode: str | None
    longer: int
    longest: int
    account: int | None


@dataclass(frozen=True, slots=True)
class _Lately:
    """Seconds from hand-over to a playable film, and of those at the account itself."""

    made: Eta
    placed: float


_cache: dict[_Equal, tuple[float, _Lately | None]] = {}


def usual(generation: Generation) -> Eta:
    """How long making such a film takes without any queue: from the last 50 equal ones.

    Of every tenant (figures only); at its own account once it is there, if that made enough.
    """
    return _lately(_equal(generation)).made


def usual_for(model: str, kind: Kind, mode: str = "std", *, livemode: bool) -> Eta:
    """The same for an order of five seconds that nobody has given."""
    params = Params(model=model, mode=mode).to_json()
    return usual(Generation(model=model, kind=kind, livemode=livemode, params=params))


def outlook(generation: Generation, *, fresh: bool = False) -> Outlook:
    """Its place and when it will be there. `fresh`: about to be accepted, not yet in the queue."""
    if not standing.with_nobody(generation):
        return _after_its_turn(generation)
    glance = queueing.look()
    if generation.status != Status.ACCEPTED:  # it had its turn, and goes to the next free place
        told = attempts.turned_away(generation)
        gone = frozenset(account for account, for_good in told.items() if for_good)
        return _before_its_turn(generation, glance, 1, _age(generation), 1, gone)
    if fresh:
        nth = glance.arrives(_whose(generation), _lane(generation))
        return _before_its_turn(generation, glance, nth, 0.0)
    return _before_its_turn(generation, glance, _nth(generation, glance), _age(generation))


def outlooks(generations: Sequence[Generation]) -> dict[int, Outlook]:
    """The same of many at once, by their keys. All are of one organisation and mode."""
    queued = [g for g in generations if g.status == Status.ACCEPTED]
    found = {g.pk: outlook(g) for g in generations if g.status != Status.ACCEPTED}
    if queued:
        glance = queueing.look()
        nths = _nths(queued)
        for each in queued:
            found[each.pk] = _before_its_turn(each, glance, nths[each.pk], _age(each))
    return found


def _before_its_turn(
    generation: Generation,
    glance: Glance,
    nth: int,
    age: float,
    position: int = 0,
    gone: frozenset[int] = frozenset(),
) -> Outlook:
    """Of the `nth` of its own organisation's, accepted `age` seconds ago. `position`: if known.

    `gone`: accounts that have refused it for good.
    """
    lane = _lane(generation)
    queue = glance.queue_of(_whose(generation), lane)
    if not position:
        line = glance.line(lane, livemode=generation.livemode)
        position = line.position(queue, nth) if queue else MOST
    wait = _until_turn(generation, glance, queue, nth, position, gone)
    if wait is None:
        return Outlook(position)
    return Outlook(position, expected(age + wait, wait, usual(generation)))


def _after_its_turn(generation: Generation) -> Outlook:
    if generation.status in TERMINAL:
        return Outlook()
    made = usual(generation)
    handed_over = generation.handed_over_at or generation.created_at
    before = (handed_over - generation.created_at).total_seconds()
    if _age(generation) > before + made.p90:
        return Outlook()  # slower than nine of ten: how much longer, no figure tells
    return Outlook(None, Eta(before + made.p50, before + made.p90))


def _age(generation: Generation) -> float:
    return (timezone.now() - generation.created_at).total_seconds()


def expected(before: float, wait: float, made: Eta) -> Eta:
    """`before` from acceptance to hand-over, of which `wait` is still to come, then the making.

    Films made one after the other spread like the root of their number.
    """
    spread = (made.p90 - made.p50) * math.sqrt(1 + wait / max(made.p50, 0.1))
    return Eta(before + made.p50, before + made.p50 + spread)


def left(generation: Generation, outlook: Outlook) -> float | None:
    """Seconds from now until it should be there, at its middle; None when nobody can say."""
    if outlook.eta is None:
        return None
    return max(0.0, outlook.eta.p50 - _age(generation))


def look_again(generation: Generation, outlook: Outlook) -> int:
    """Seconds after which somebody who watches it wait should be told anew.

    Short waits are looked at often; many who wait wait long, and are not.
    """
    rest = left(generation, outlook)
    return _RARELY if rest is None else round(min(_RARELY, max(_OFTEN, rest / 8)))


def _whose(generation: Generation) -> Whose:
    return generation.organisation_id, generation.livemode


def _lane(generation: Generation) -> Lane:
    return None if generation.lane is None else tuple(generation.lane)


def _nth(generation: Generation, glance: Glance) -> int:
    """Which of its own organisation's orders it is; 1 is the oldest that waits."""
    queue = glance.queue_of(_whose(generation), _lane(generation))
    if queue and queue.waiting and generation.pk <= queue.head:
        return 1
    with tenancy.scope(generation.organisation_id):
        return max(1, int(_own_until(generation, _lane(generation))[:MOST].count()))


def _nths(queued: Sequence[Generation]) -> dict[int, int]:
    """The same of many of one organisation and mode, by their keys, in one question."""
    newest = max(queued, key=lambda each: each.pk)
    with tenancy.scope(newest.organisation_id):
        own = list(_own_until(newest, None).order_by("pk").values_list("pk", "lane")[:_OWN])
    oldest = {
        lane: [pk for pk, other in own if meet(newest.livemode, lane, newest.livemode, other)]
        for lane in {_lane(each) for each in queued}
    }
    return {each.pk: max(1, bisect_right(oldest[_lane(each)], each.pk)) for each in queued}


def _own_until(generation: Generation, lane: Lane) -> QuerySet[Generation, int]:
    """The keys of its organisation's orders that wait for the lane, itself the newest.

    Needs their scope.
    """
    mine: QuerySet[Generation] = Generation.objects.filter(
        Q(lane=None) | Q(lane__overlap=list(lane)) if lane is not None else Q(),
        organisation_id=generation.organisation_id,
        livemode=generation.livemode,
        status=Status.ACCEPTED,
        finished_at=None,
        pk__lte=generation.pk,
    )
    return mine.values_list("pk", flat=True)


# ------------------------------------------------------------------ until its turn


def _until_turn(
    generation: Generation,
    glance: Glance,
    queue: Queue | None,
    nth: int,
    position: int,
    gone: frozenset[int],
) -> float | None:
    """Seconds until it is handed over; None while no account that could make it is in service."""
    equal = _equal(generation)
    if (equal, gone) not in glance.schedules:
        glance.schedules[equal, gone] = _schedule(generation, glance, equal, gone)
    places, period = glance.schedules[equal, gone]
    if not places:
        return None
    wait = queueing.starts_in(position, places, period)
    if queue is None or queue.most is None:
        return wait
    made = _lately(equal).made.p50
    mine = (f for f in glance.flying if (f.organisation, f.livemode) == queue.whose)
    own = queueing.free_in(queue.most, (t for f in mine for t in [_left(made, f)] * f.films))
    return max(wait, queueing.starts_in(nth, own, made))


def _schedule(
    generation: Generation, glance: Glance, equal: _Equal, gone: frozenset[int]
) -> tuple[list[float], float]:
    """When the places it could take will be free, and how long a film holds one."""
    serving = _serving(generation.order(), livemode=generation.livemode)
    serving = [account for account in serving if account.pk not in gone]
    there = {a.pk for a in serving}
    flying = [f for f in glance.flying if f.placed and f.account in there]
    holds = [(_lately(_equal_of(f)).placed, f) for f in flying]
    left = [t for hold, f in holds for t in [_left(hold, f)] * f.films]
    period = sum(h * f.films for h, f in holds) / len(left) if left else _lately(equal).placed
    return queueing.free_in(sum(a.concurrency for a in serving), left), period


def _serving(params: Params, *, livemode: bool) -> list[ProviderAccount]:
    """Accounts that would be sent such an order now, had they room."""
    now, stopped = timezone.now(), breakers.not_closed(params.called)
    return [
        a for a in routing.able(params, livemode=livemode)
        if not a.disabled_because and (a.paused_until is None or a.paused_until <= now)
        and a.pk not in stopped
    ]  # fmt: skip


def warnings(params: Params, *, livemode: bool) -> list[str]:
    """Whether such an order would only wait for now, in words."""
    return [] if _serving(params, livemode=livemode) else [NOBODY]


def _left(usually: float, film: Flying) -> float:
    return max(usually - film.age, usually * _OVERDUE)


# ------------------------------------------------------------------ what equal films took


def _equal(generation: Generation) -> _Equal:
    params = generation.params
    return _Equal(
        generation.model,
        generation.kind,
        generation.livemode,
        params.get("mode"),
        *_class(int(params.get("duration") or 0)),
        generation.account_id,
    )


def _equal_of(film: Flying) -> _Equal:
    return _Equal(film.model, film.kind, film.livemode, film.mode, *_class(film.duration), None)


def _class(duration: int) -> tuple[int, int]:
    """The class of a duration: longer than the first, at most the second."""
    longest = next(most for most in _LONGEST if duration <= most)
    shorter = [most for most in _LONGEST if most < longest]
    return (shorter[-1] if shorter else -1), longest


def _lately(equal: _Equal) -> _Lately:
    at_its_account = _measured(equal) if equal.account else None
    return at_its_account or _measured(equal._replace(account=None)) or _prior(equal)


def _measured(equal: _Equal) -> _Lately | None:
    """What equal films took, None while there are too few; read again after 10 s."""
    at, known = _cache.get(equal, (-1e9, None))
    if time.monotonic() - at < _FRESH_SECONDS:
        return known
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM generations_lately(%s, %s, %s, %s, %s, %s, %s)", [*equal])
        films, median, slow, placed = cursor.fetchone()
    found = None
    if films >= _ENOUGH:
        found = _Lately(Eta(float(median), float(slow)), float(placed or median))
    _cache[equal] = (time.monotonic(), found)
    return found


def _prior(equal: _Equal) -> _Lately:
    """The averages that the vendors' pages state (320, 175 and 135 s), scaled in the sandbox."""
    if product := PRODUCTS.get(equal.kind):
        seconds = float(product.eta)
    else:
        seconds = float(registry.get(equal.model).eta(equal.kind))
    if settings.DEMO or not equal.livemode:
        seconds = seconds / settings.SANDBOX_SPEED + 3
    return _Lately(Eta(seconds, seconds * 1.4), seconds)


def forget() -> None:
    """Read everything anew at the next question."""
    _cache.clear()
    queueing.forget()
