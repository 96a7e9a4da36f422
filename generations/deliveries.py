"""Callbacks to customers: posted until answered with 2xx, with growing pauses."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import httpx
from django.db.models import F
from django.db.models.functions import Now

from accounts import tenancy
from accounts.models import OutboxMessage
from accounts.outbox import RETRY_SECONDS
from generations import callback_bodies
from kling_saas.lib import http

log = logging.getLogger(__name__)
_LEASE = timedelta(seconds=60)
_BATCH = 20
_TIMEOUT = 10.0


def run() -> int:
    """Deliver a batch of what is due; the number tried."""
    with tenancy.system("callbacks are delivered for every tenant"):
        due = list(
            OutboxMessage.objects.filter(next_attempt_at__lte=Now())
            .exclude(url="")
            .order_by("next_attempt_at")
            .select_for_update(skip_locked=True)[:_BATCH]
        )
        OutboxMessage.objects.filter(pk__in=[m.pk for m in due]).update(
            next_attempt_at=Now() + _LEASE, attempts=F("attempts") + 1
        )
    for message in due:
        _deliver(message)
    return len(due)


def _deliver(message: OutboxMessage) -> None:
    with tenancy.scope(message.organisation_id):
        body = callback_bodies.build(message)
        error = _post(message.url, body)
        if not error:
            changes: dict[str, Any] = {"delivered_at": Now(), "next_attempt_at": None}
        elif message.attempts < len(RETRY_SECONDS):
            pause = timedelta(seconds=RETRY_SECONDS[message.attempts])
            changes = {"next_attempt_at": Now() + pause, "last_error": error}
        else:
            changes = {"next_attempt_at": None, "last_error": error}
        OutboxMessage.objects.filter(pk=message.pk).update(**changes)


def _post(url: str, body: dict[str, Any]) -> str:
    """Why it was not delivered; "" when it was. Redirects count as not delivered."""
    try:
        http.check_address(url)
        with http.guarded_client(_TIMEOUT) as client:
            answer = client.post(url, json=body)
    except (httpx.HTTPError, httpx.InvalidURL, http.BlockedAddress) as error:
        return f"{type(error).__name__}"[:300]
    return "" if answer.is_success else f"HTTP {answer.status_code}"
