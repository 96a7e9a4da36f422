"""How many requests a minute a key, an organisation and an address may send, counted exactly.

The count is a row of the database for each of them, so it holds across all processes. It is the
generic cell rate algorithm (ITU-T I.371): a whole minute's requests may come at once, and each
comes back in its share of a minute.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from kling_saas.lib.postgresql.base import fetch_one
from kling_saas.lib.refusals import RateLimited

WINDOW = 60  # seconds, of every limit


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `rate` requests a minute of `subject`; `name` is how answers call it."""

    name: str
    subject: str
    rate: int


@dataclass(frozen=True, slots=True)
class Left:
    """What a limit has left after this request, and seconds until it is whole again."""

    name: str
    rate: int
    left: int
    whole_in: int


def of_key(name: str, rate: int | None) -> Limit:
    """Of a key or pair, `key:5`, with a rate of its own or the settings'."""
    return Limit("key", name, rate or settings.RATE_LIMIT_KEY)


def of_organisation(organisation_id: int, livemode: bool, rate: int | None) -> Limit:
    """Of all keys of an organisation in a mode."""
    mode = "live" if livemode else "test"
    subject = f"org:{organisation_id}:{mode}"
    return Limit("organisation", subject, rate or settings.RATE_LIMIT_ORGANISATION)


def peek(limits: Sequence[Limit]) -> list[Left]:
    """What each has left now; nothing is counted. A rate of 0 is no limit, and is left out."""
    held = [limit for limit in limits if limit.rate > 0]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT subject, extract(epoch FROM tat - now())::float8 FROM accounts_rate"
            " WHERE subject = ANY(%s)",
            [[limit.subject for limit in held]],
        )
        used = dict(cursor.fetchall())
    return [_left(limit, max(0.0, used.get(limit.subject, 0.0))) for limit in held]


def take(limits: Sequence[Limit]) -> tuple[list[Left], RateLimited | None]:
    """Count one request against all of these, or against none. A rate of 0 is no limit.

    What is left, and why it is refused, with `retry_after` in seconds; None when it is not. One
    round trip.
    """
    held = [limit for limit in limits if limit.rate > 0]
    if not held:
        return [], None
    row = fetch_one(
        "SELECT admitted, used FROM accounts_take(%s, %s)",
        [[limit.subject for limit in held], [limit.rate for limit in held]],
    )
    assert row is not None, "a function with OUT parameters answers one row"
    admitted, used = row
    left = [_left(limit, seconds) for limit, seconds in zip(held, used, strict=True)]
    return left, None if admitted else _refusal(held, used)


def _left(limit: Limit, used: float) -> Left:
    """`used` is how many seconds of the window are spent."""
    free = max(0, math.floor((WINDOW - used) * limit.rate / WINDOW + 1e-6))
    return Left(limit.name, limit.rate, free, math.ceil(used))


def _refusal(held: Sequence[Limit], used: Sequence[float]) -> RateLimited:
    waits = [spent + WINDOW / limit.rate - WINDOW for limit, spent in zip(held, used, strict=True)]
    wait, limit = max(zip(waits, held, strict=True), key=lambda pair: pair[0])
    seconds = max(1, math.ceil(wait))
    return RateLimited(
        f"More than {limit.rate} requests a minute for this {limit.name}: "
        f"send the next one in {seconds} s.",
        retry_after=seconds,
        limit={"name": limit.name, "requests": limit.rate, "seconds": WINDOW},
    )


def forget_old() -> int:
    """Delete the counts that are whole again; how many."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT accounts_forget_rates()")
        return int(cursor.fetchone()[0])
