"""Callbacks to customers: posted until answered with 2xx, with growing pauses.

A customer's server may be slow, endless or dead, and must not hold up the others: messages are
claimed one at a time by several threads, nothing is posted inside a transaction, and an
organisation has at most PER_ORGANISATION posts in flight and rests for the run after a failure.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
from django.db import connections
from django.db.models import F
from django.db.models.functions import Now

from accounts import tenancy
from accounts.models import OutboxMessage
from accounts.outbox import RETRY_SECONDS
from generations import callback_bodies
from kling_saas.lib import http

log = logging.getLogger(__name__)
_LEASE = timedelta(seconds=60)
_THREADS = 8
PER_ORGANISATION = 3
RUN_SECONDS = 3.0  # after which nothing new is begun
POST_SECONDS = 10.0  # for one post in all


class _Round:
    """What the threads of one run share: who is being posted to, and who rests until the next."""

    def __init__(self, seconds: float) -> None:
        self.ends = time.monotonic() + seconds
        self.done = 0
        self._lock = threading.Lock()
        self._flying: Counter[int] = Counter()
        self._resting: set[int] = set()

    @contextmanager
    def next(self) -> Iterator[OutboxMessage | None]:
        """The next message, claimed; None when nothing is due or time is up."""
        message = None
        if time.monotonic() < self.ends:
            with self._lock:
                full = {o for o, flying in self._flying.items() if flying >= PER_ORGANISATION}
                if message := _claim(full | self._resting):
                    self._flying[message.organisation_id] += 1
        try:
            yield message
        finally:
            if message:
                with self._lock:
                    self.done += 1
                    self._flying[message.organisation_id] -= 1

    def rest(self, organisation_id: int) -> None:
        """Begin nothing more for this organisation in this run."""
        with self._lock:
            self._resting.add(organisation_id)


def run(seconds: float = RUN_SECONDS) -> int:
    """Deliver what is due for `seconds`, at most POST_SECONDS longer; the number tried."""
    this = _Round(seconds)
    with ThreadPoolExecutor(_THREADS, "callbacks") as threads:
        for _ in range(_THREADS):
            threads.submit(_work, this)
    return this.done


def _work(this: _Round) -> None:
    try:
        more = True
        while more:
            with this.next() as message:
                more = message is not None
                if message and not _deliver(message):
                    this.rest(message.organisation_id)
    except Exception:
        log.exception("callbacks: a thread ended early")
    finally:
        connections.close_all()


def _claim(but_not: set[int]) -> OutboxMessage | None:
    """The longest overdue message, due again later if we die; counted before the work."""
    with tenancy.system("callbacks are delivered for every tenant"):
        message: OutboxMessage | None = (
            OutboxMessage.objects.filter(next_attempt_at__lte=Now())
            .exclude(url="")
            .exclude(organisation_id__in=but_not)
            .order_by("next_attempt_at")
            .select_for_update(skip_locked=True)
            .first()
        )
        if message:
            OutboxMessage.objects.filter(pk=message.pk).update(
                next_attempt_at=Now() + _LEASE, attempts=F("attempts") + 1
            )
    return message


def _deliver(message: OutboxMessage) -> bool:
    """Post it and write down what came of it; whether it was taken."""
    try:
        with tenancy.scope(message.organisation_id):
            body = callback_bodies.build(message)
        error = _post(message.url, body)
    except Exception as problem:  # one message's trouble is its own
        log.exception("callback %s was not delivered", message.pk)
        error = type(problem).__name__
    changes: dict[str, Any]
    if not error:
        changes = {"delivered_at": Now(), "next_attempt_at": None}
    elif message.attempts < len(RETRY_SECONDS):
        pause = timedelta(seconds=RETRY_SECONDS[message.attempts])
        changes = {"next_attempt_at": Now() + pause, "last_error": error}
    else:
        changes = {"next_attempt_at": None, "last_error": error}
    with tenancy.scope(message.organisation_id):
        OutboxMessage.objects.filter(pk=message.pk).update(**changes)
    return not error


def _post(url: str, body: dict[str, Any]) -> str:
    """Why it was not delivered; "" when it was. Redirects count as not delivered.

    The answer's status is enough: its body is never read, it could be without end.
    """
    try:
        http.check_address(url)
        with (
            http.guarded_client(POST_SECONDS, POST_SECONDS) as client,
            client.stream("POST", url, json=body) as answer,
        ):
            return "" if answer.is_success else f"HTTP {answer.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL, http.BlockedAddress) as error:
        return type(error).__name__
