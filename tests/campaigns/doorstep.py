"""The customers' own server, to which ends are told: it fails, hangs and redirects at random.

It writes down what it was told, in order; `wrong` holds that against what is owed.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

from tests.serving import Quiet, serving

FAULTS = ("customer fails", "customer redirects", "customer hangs")
_CHANCES = (0.15, 0.10, 0.03)
_HANGS = 4.0  # seconds, then it goes without an answer
_RANKS = {"generation.processing": 1}  # an end is 2
_QUERY = """
SELECT g.callback_url, g.public_id, g.organisation_id, m.topic, coalesce(d.attempts, 0),
       d.delivered_at IS NOT NULL, coalesce(d.next_attempt_at, m.next_attempt_at) IS NOT NULL
  FROM generations_generation g LEFT JOIN accounts_outboxmessage m
    ON m.subject = g.public_id AND m.url <> ''
   AND m.topic IN ('generation.succeeded', 'generation.failed', 'generation.cancelled')
  LEFT JOIN accounts_webhookdelivery d ON d.event_id = m.id AND d.url <> ''
 WHERE g.callback_url <> '' AND g.finished_at IS NOT NULL
"""
TRIES = 10  # the first, and one after each pause of generations.deliveries.RETRY_SECONDS


@dataclass(frozen=True, slots=True)
class Told:
    """One post: its news, the order it tells of, when that was so, and whether it was taken."""

    topic: str
    order: str
    at: str
    taken: bool


class Doorstep:
    """Listens from its making until `close`."""

    queries = {"owed": _QUERY}

    def __init__(self, rng: random.Random) -> None:
        self.struck: Counter[str] = Counter(dict.fromkeys(FAULTS, 0))
        self.told: dict[str, list[Told]] = defaultdict(list)
        self._rng, self._lock = rng, threading.Lock()
        self._first = iter(FAULTS)  # none is left to chance alone
        doorstep = self

        class Handler(Quiet):
            def post(self) -> None:
                body = json.loads(self.body())
                fault = doorstep._takes(self.path, body)
                if fault == "customer hangs":
                    time.sleep(_HANGS)
                    return
                with suppress(OSError):
                    status = {"customer fails": 500, "customer redirects": 302}.get(fault, 204)
                    away = {"Location": doorstep.address(0, 0)} if status == 302 else {}
                    self.answer(status, **away)

        self._open = ExitStack()
        self._root = self._open.enter_context(serving(Handler))

    def address(self, customer: int, number: int) -> str:
        """Where the customer wants to be told of this order."""
        return f"{self._root}/{customer}/{number}"

    def close(self) -> None:
        """Listen no more."""
        self._open.close()

    def _takes(self, path: str, body: dict[str, Any]) -> str:
        """What is done to this post: a fault, or "" when it is taken."""
        with self._lock:
            chosen = self._rng.choices(("", *FAULTS), (1 - sum(_CHANCES), *_CHANCES))[0]
            fault = next(self._first, chosen)
            if fault:
                self.struck[fault] += 1
            self.told[path].append(Told(*_news(body), taken=not fault))
        return fault

    def wrong(self, owed: list[list[Any]]) -> list[str]:
        """What was not told, told to another, or told in an order that nobody could see."""
        orders = {str(row[0]).partition("//")[2].partition("/")[2]: row for row in owed}
        found = [what for path, row in orders.items() for what in self._wrong_end(path, row)]
        for path, heard in self.told.items():
            found += _wrong_telling(path.lstrip("/"), heard, orders)
        tenants = {(path.partition("/")[0], row[2]) for path, row in orders.items()}
        names, owners = {name for name, _ in tenants}, {pk for _, pk in tenants}
        if not len(names) == len(owners) == len(tenants):
            found.append(f"customers and organisations are mixed: {sorted(tenants)}")
        return found

    def _wrong_end(self, path: str, row: list[Any]) -> Iterator[str]:
        _, order, _, topic, attempts, delivered, owed = row
        ends = [each for each in self.told[f"/{path}"] if each.topic == topic]
        taken = any(each.taken for each in ends)
        if topic is None:
            yield f"{order}: no news of its end was ever written"
        elif delivered and not taken:
            yield f"{order}: its {topic} is said to be delivered, and was not"
        elif not (delivered or owed or attempts >= TRIES):
            yield f"{order}: its {topic} is owed no more after {attempts} tries"


def _news(body: dict[str, Any]) -> tuple[str, str, str]:
    """(topic, order, moment) in the native words, or in Kling's."""
    if "type" in body:
        return body["type"], body["data"]["id"], body["timestamp"]
    state = {"succeed": "succeeded"}.get(body["task_status"], body["task_status"])
    return f"generation.{state}", body["task_id"], f"{body['updated_at']:020}"


def _wrong_telling(path: str, heard: list[Told], orders: dict[str, list[Any]]) -> Iterator[str]:
    """Of one order: each told what is its own, each piece of news with its one moment."""
    row = orders.get(path)
    if path == "0/0":
        yield "a redirect was followed"
    moments: dict[str, str] = {}
    last = (0, "")
    for news in heard:
        if row and news.order != row[1]:
            yield f"{path} was told of {news.order}, which is not its {row[1]}"
        if moments.setdefault(news.topic, news.at) != news.at:
            yield f"{news.order}: {news.topic} came with two moments"
        rank = _RANKS.get(news.topic, 2)
        if rank < last[0] and news.at >= last[1]:
            yield f"{news.order}: {news.topic} came after its end and does not say that it is older"
        last = max(last, (rank, news.at))
