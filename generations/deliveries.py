"""Callbacks to customers: posted until answered with 2xx, with growing pauses.

A customer's server may be slow, endless or dead, and must not hold up the others: messages are
claimed one at a time by several threads, nothing is posted inside a transaction, and an
organisation has at most PER_ORGANISATION posts in flight and rests for the run after a failure.
Whose server let us wait in vain rests for longer each time, has one post in flight until it takes
one, and all such together at most half of the threads.
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
from accounts.models import Organisation, OutboxMessage
from accounts.outbox import RETRY_SECONDS
from generations import callback_bodies
from kling_saas.lib import http

log = logging.getLogger(__name__)
_LEASE = timedelta(seconds=60)
_THREADS = 8
PER_ORGANISATION = 3
RUN_SECONDS = 3.0  # after which nothing new is begun, unless some are still waited for
POST_SECONDS = 10.0  # for one post in all
_IN_VAIN = 1.0  # seconds: a failure that took longer kept a thread from others
_RESTS = (5, 10, 20, 40, 80, 160, 300)  # seconds, after so many of these in a row; then the last
_LOOK_AGAIN = 0.1


class _Round:
    """What the threads of one run share: who is being posted to, and who rests."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds
        self.done = 0
        self._lock = threading.Lock()
        self._flying: Counter[int] = Counter()
        with tenancy.system("callbacks are delivered for every tenant"):
            failing = Organisation.objects.filter(callbacks_failed__gt=0)
            self._failing = set(failing.values_list("pk", flat=True))
            resting = failing.filter(callbacks_rest_until__gt=Now())
            self._resting = set(resting.values_list("pk", flat=True))

    @contextmanager
    def next(self) -> Iterator[OutboxMessage | None]:
        """The next message, claimed; None when nothing is due that may be begun."""
        with self._lock:
            message = _claim(self._not_now())
            if message:
                self._flying[message.organisation_id] += 1
        try:
            yield message
        finally:
            if message:
                with self._lock:
                    self.done += 1
                    self._flying[message.organisation_id] -= 1

    def _not_now(self) -> set[int]:
        full = {o for o, flying in self._flying.items() if flying >= self._most(o)}
        if sum(self._flying[o] for o in self._failing) >= _THREADS // 2:
            full |= self._failing
        return full | self._resting

    def _most(self, organisation_id: int) -> int:
        return 1 if organisation_id in self._failing else PER_ORGANISATION

    def goes_on(self, *, idle: bool) -> bool:
        """Whether one may look again: until time is up; longer, or idle, only beside others."""
        now = time.monotonic()
        with self._lock:
            others = self._flying.total() > 0
        return now < self._ends + POST_SECONDS if others else now < self._ends and not idle

    def took(self, organisation_id: int) -> None:
        """Its server is well."""
        if organisation_id in self._failing:
            with self._lock:
                self._failing.discard(organisation_id)
            with tenancy.scope(organisation_id):
                Organisation.objects.filter(pk=organisation_id).update(
                    callbacks_failed=0, callbacks_rest_until=None
                )

    def refused(self, organisation_id: int, *, after: float) -> None:
        """Begin nothing more for it in this run; after seconds in vain, not soon either."""
        with self._lock:
            self._resting.add(organisation_id)
        if after > _IN_VAIN:
            _let_rest(organisation_id)


def _let_rest(organisation_id: int) -> None:
    """Several that failed at once are one failure."""
    with tenancy.scope(organisation_id):
        awake = Organisation.objects.filter(pk=organisation_id).exclude(
            callbacks_rest_until__gt=Now()
        )
        for failed in awake.values_list("callbacks_failed", flat=True):
            pause = timedelta(seconds=_RESTS[min(failed, len(_RESTS) - 1)])
            awake.filter(callbacks_failed=failed).update(
                callbacks_failed=min(failed + 1, len(_RESTS)), callbacks_rest_until=Now() + pause
            )


def run(seconds: float = RUN_SECONDS) -> int:
    """Deliver what is due for `seconds`, at most two POST_SECONDS longer; the number tried."""
    this = _Round(seconds)
    with ThreadPoolExecutor(_THREADS, "callbacks") as threads:
        for _ in range(_THREADS):
            threads.submit(_work, this)
    return this.done


def _work(this: _Round) -> None:
    idle = False
    try:
        while this.goes_on(idle=idle):
            with this.next() as message:
                idle = message is None
                if message:
                    _tried(this, message)
            if idle:
                time.sleep(_LOOK_AGAIN)
    except Exception:
        log.exception("callbacks: a thread ended early")
    finally:
        connections.close_all()


def _tried(this: _Round, message: OutboxMessage) -> None:
    began = time.monotonic()
    if _deliver(message):
        this.took(message.organisation_id)
    else:
        this.refused(message.organisation_id, after=time.monotonic() - began)


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
