"""Events to customers' addresses: posted until answered with 2xx, with growing pauses.

A customer's server may be slow, endless or dead, and must not hold up the others: deliveries are
claimed one at a time by several threads, nothing is posted inside a transaction, and an endpoint
has at most PER_ENDPOINT posts in flight and rests for the run after a failure. What let us wait in
vain rests for longer each time, has one post in flight until it takes one, and all such together
at most half of the threads; what else is owed to it is put off until then, so that nobody reads
through it. The addresses that orders carry are one endpoint of an organisation.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import connections
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from accounts import outbox, tenancy, webhooks
from accounts.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from billing import notices
from generations import callback_bodies, posting
from generations.posting import POST_SECONDS, Posted

log = logging.getLogger(__name__)
RETRY_SECONDS = (5, 60, 600, 3600, 7200, 18_000, 43_200, 86_400, 111_600)  # 75 h in all
GIVEN_UP_AFTER = timedelta(days=5)  # of failures only, an endpoint is disabled
PER_ENDPOINT = 3
RUN_SECONDS = 3.0  # after which nothing new is begun, unless some are still waited for
_JITTER = (0.9, 1.1)
_LEASE = timedelta(seconds=60)
_THREADS = 8
_IN_VAIN = 1.0  # seconds: a failure that took longer kept a thread from others
_RESTS = (5, 10, 20, 40, 80, 160, 300)  # seconds, after so many of these in a row; then the last
_LOOK_AGAIN = 0.1
_PUT_OFF = timedelta(hours=1)  # or until it takes one
_GONE = 410


class _Round:
    """What the threads of one run share: who is being posted to, and who rests."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds
        self.done = 0
        self._lock = threading.Lock()
        self._flying: Counter[int] = Counter()
        self._resting: set[int] = set()
        with tenancy.system("events are delivered for every tenant"):
            failing = WebhookEndpoint.objects.filter(failed__gt=0)
            self._failing = set(failing.values_list("pk", flat=True))

    @contextmanager
    def next(self) -> Iterator[WebhookDelivery | None]:
        """The next delivery, claimed; None when nothing is due that may be begun."""
        with self._lock:
            delivery = _claim(self._not_now())
            if delivery:
                self._flying[delivery.endpoint_id] += 1
        try:
            yield delivery
        finally:
            if delivery:
                with self._lock:
                    self.done += 1
                    self._flying[delivery.endpoint_id] -= 1

    def _not_now(self) -> set[int]:
        """Those that may be slow are left to the next run once the time of this one is up."""
        full = {each for each, flying in self._flying.items() if flying >= self._most(each)}
        late = time.monotonic() > self._ends
        if late or sum(self._flying[each] for each in self._failing) >= _THREADS // 2:
            full |= self._failing
        return full | self._resting

    def _most(self, endpoint_id: int) -> int:
        return 1 if endpoint_id in self._failing else PER_ENDPOINT

    def goes_on(self, *, idle: bool) -> bool:
        """Whether one may look again: until time is up; longer, or idle, only beside others."""
        now = time.monotonic()
        with self._lock:
            others = self._flying.total() > 0
        return now < self._ends + POST_SECONDS if others else now < self._ends and not idle

    def took(self, endpoint: WebhookEndpoint) -> None:
        """Its server is well."""
        if endpoint.pk in self._failing or endpoint.failing_since:
            with self._lock:
                self._failing.discard(endpoint.pk)
            with tenancy.scope(endpoint.organisation_id):
                WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
                    failed=0, rest_until=None, failing_since=None
                )
                _untried(endpoint).filter(next_attempt_at__gt=Now()).update(next_attempt_at=Now())

    def refused(self, endpoint: WebhookEndpoint, *, after: float) -> None:
        """Begin nothing more for it in this run; after seconds in vain, not soon either."""
        with self._lock:
            self._resting.add(endpoint.pk)
        if after > _IN_VAIN:
            _let_rest(endpoint)


def _let_rest(endpoint: WebhookEndpoint) -> None:
    """Several that failed at once are one failure."""
    with tenancy.scope(endpoint.organisation_id):
        awake = WebhookEndpoint.objects.filter(pk=endpoint.pk).exclude(rest_until__gt=Now())
        for failed in awake.values_list("failed", flat=True):
            pause = timedelta(seconds=_RESTS[min(failed, len(_RESTS) - 1)])
            if awake.filter(failed=failed).update(
                failed=min(failed + 1, len(_RESTS)), rest_until=Now() + pause
            ):
                put_off(endpoint)


def put_off(endpoint: WebhookEndpoint) -> int:
    """All that is due to it but the oldest, which tries it next; how many. Needs an open scope."""
    due = _untried(endpoint).filter(next_attempt_at__lte=Now())
    first = due.order_by("next_attempt_at").values("pk")[:1]
    return due.exclude(pk__in=first).update(next_attempt_at=Now() + _PUT_OFF)


def _untried(endpoint: WebhookEndpoint) -> QuerySet[WebhookDelivery]:
    rows: QuerySet[WebhookDelivery] = WebhookDelivery.objects.filter(endpoint=endpoint, attempts=0)
    return rows


def run(seconds: float = RUN_SECONDS) -> int:
    """Deliver what is due for `seconds`, at most two POST_SECONDS longer; the number tried."""
    this = _Round(seconds)
    with ThreadPoolExecutor(_THREADS, "deliveries") as threads:
        for _ in range(_THREADS):
            threads.submit(_work, this)
    return this.done


def _work(this: _Round) -> None:
    idle = False
    try:
        while this.goes_on(idle=idle):
            with this.next() as delivery:
                idle = delivery is None
                if delivery:
                    _tried(this, delivery)
            if idle:
                time.sleep(_LOOK_AGAIN)
    except Exception:
        log.exception("deliveries: a thread ended early")
    finally:
        connections.close_all()


def _tried(this: _Round, delivery: WebhookDelivery) -> None:
    began = time.monotonic()
    well = _deliver(delivery)
    if well:
        this.took(delivery.endpoint)
    elif well is False:
        this.refused(delivery.endpoint, after=time.monotonic() - began)


def _claim(but_not: set[int]) -> WebhookDelivery | None:
    """The longest overdue delivery, due again later if we die; counted before the work.

    Its `attempts` are those before, its `next_attempt_at` tells this claim from any other.
    """
    with tenancy.system("events are delivered for every tenant"):
        awake = Q(endpoint__rest_until=None) | Q(endpoint__rest_until__lte=Now())
        delivery: WebhookDelivery | None = (
            WebhookDelivery.objects.filter(awake, next_attempt_at__lte=Now())
            .exclude(endpoint_id__in=but_not)
            .select_related("endpoint", "event")
            .order_by("next_attempt_at")
            .select_for_update(skip_locked=True, of=("self",))
            .first()
        )
        if delivery:
            WebhookDelivery.objects.filter(pk=delivery.pk).update(
                next_attempt_at=Now() + _LEASE, attempts=F("attempts") + 1
            )
            delivery.refresh_from_db(fields=["next_attempt_at"])
    return delivery


def _deliver(delivery: WebhookDelivery) -> bool | None:
    """Post it and write down what came of it; whether its endpoint is well.

    None: the trouble was ours, which tells nothing of the endpoint.
    """
    endpoint = delivery.endpoint
    if endpoint.disabled_at or endpoint.deleted_at:
        with tenancy.scope(endpoint.organisation_id):
            webhooks.stopped(delivery)
        return False
    url, content, ours = delivery.url or endpoint.url, b"", False
    try:
        at = timezone.now()
        with tenancy.scope(endpoint.organisation_id):
            content = posting.encoded(callback_bodies.build(delivery))
        secrets = webhooks.secrets(endpoint, at)
        event_id = str(delivery.event.public_id)
        posted = posting.post(url, content, posting.signed(event_id, secrets, content, at))
    except Exception as problem:  # one delivery's trouble is its own
        log.exception("%s was not delivered", delivery.public_id)
        posted = Posted(headers={}, ms=0, error=f"internal: {type(problem).__name__}"[:60])
        ours = True
    with tenancy.scope(endpoint.organisation_id):
        _write_down(delivery, url, content.decode(), posted)
    if ours:
        return None
    if not posted.taken:
        _failed(endpoint, posted)
    return posted.taken


def _write_down(delivery: WebhookDelivery, url: str, body: str, posted: Posted) -> None:
    """What came of a try, unless it was owed again, or stopped, since that was claimed."""
    still = Q(next_attempt_at=delivery.next_attempt_at)
    changes: dict[str, Any] = {"last_status": posted.status, "last_error": posted.error}
    if posted.taken:
        changes |= {"delivered_at": Now(), "next_attempt_at": None}
        still |= Q(next_attempt_at=None)
    elif posted.status == _GONE or delivery.attempts >= len(RETRY_SECONDS):
        changes |= {"next_attempt_at": None}
    else:
        usual = RETRY_SECONDS[delivery.attempts] * random.uniform(*_JITTER)  # noqa: S311
        pause = timedelta(seconds=max(usual, posted.retry_after))
        changes |= {"next_attempt_at": Now() + pause}
    WebhookDelivery.objects.filter(still, pk=delivery.pk).update(**changes)
    WebhookAttempt.objects.create(
        organisation_id=delivery.organisation_id,
        livemode=delivery.livemode,
        delivery=delivery,
        ms=posted.ms,
        url=url,
        request_headers=dict(posted.headers),
        request_body=body,
        status=posted.status,
        error=posted.error,
        answer=posted.answer,
    )


def _failed(endpoint: WebhookEndpoint, posted: Posted) -> None:
    """Remember since when it takes nothing; disable one that is gone, or fails for days.

    Addresses of orders are no endpoint to disable: what is owed to them then is given up.
    """
    with tenancy.scope(endpoint.organisation_id):
        mine = WebhookEndpoint.objects.filter(pk=endpoint.pk)
        mine.update(failing_since=Coalesce("failing_since", Now()))
        long = mine.filter(failing_since__lte=Now() - GIVEN_UP_AFTER).exists()
        if not endpoint.url and long:
            webhooks.stop(endpoint, "given_up")
            mine.update(failing_since=Now())
        if not endpoint.url or not (long or posted.status == _GONE):
            return
        reason = webhooks.GONE if posted.status == _GONE else webhooks.FAILING
        if webhooks.disable(endpoint, reason):
            _tell_disabled(endpoint)


def _tell_disabled(endpoint: WebhookEndpoint) -> None:
    """Its owners by mail, and other endpoints."""
    facts = {"url": endpoint.url, "reason": endpoint.disabled_reason}
    outbox.emit(
        organisation_id=endpoint.organisation_id, livemode=endpoint.livemode,
        topic="webhook.disabled", subject=endpoint.public_id, payload=facts,
    )  # fmt: skip
    notices.add(
        endpoint.organisation_id, endpoint.livemode, "webhook_disabled",
        f"webhook:{endpoint.public_id}:{endpoint.disabled_at:%Y-%m-%dT%H:%M:%S.%f}",
        endpoint=endpoint.public_id, days=GIVEN_UP_AFTER.days, **facts,
    )  # fmt: skip
