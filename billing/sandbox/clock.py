"""The sandbox's clock: moved on demand, and never back; on its way it does what is due."""

from __future__ import annotations

from typing import Any

from billing.sandbox.desk import DAY, Desk
from billing.sandbox.errors import invalid
from billing.sandbox.renewals import next_due


def wanted(desk: Desk, given: Any) -> int:
    """The moment that `{"days": 31}` or `{"to": 1764000000}` asks for. Raises Refused."""
    if isinstance(given, dict) and len(given) == 1:
        ((name, value),) = given.items()
        if name == "days" and isinstance(value, (int, float)) and 0 <= value <= 3660:
            return desk.now() + round(value * DAY)
        if name == "to" and isinstance(value, int) and value >= desk.now():
            return value
    raise invalid('Pass {"days": 31} or {"to": <Unix seconds, not in the past>}.')


def advance(desk: Desk, moment: int) -> int:
    """Do, each at its time, what is due until then; how many things that were."""
    done = 0
    try:
        while batch := next_due(desk, moment):
            for at, act in batch:
                now = max(at, desk.now())
                with desk.store.transaction():
                    desk.set_clock(now)
                    desk.stand_at(now)
                    act()
                desk.stand_at(None)
                done += 1
    finally:
        desk.stand_at(None)
    if moment > desk.now():
        desk.set_clock(moment)
    return done
