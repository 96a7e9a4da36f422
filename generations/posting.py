"""One post to a customer's address: signed as Standard Webhooks says, limited in time and bytes.

https://www.standardwebhooks.com: `webhook-id` is the event's id, the same whenever it is sent;
`webhook-signature` has one `v1,…` for each secret in force, separated by blanks.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from django.utils import timezone
from standardwebhooks import Webhook

from kling_saas.lib import http

POST_SECONDS = 15.0  # for one post in all
ANSWER_KEPT = 2048  # bytes of an answer's body
_BODY_SECONDS = 1.0  # from the status on: what is in the body changes nothing
RETRY_AFTER_MOST = 6 * 3600  # seconds an answer may ask us to wait
_WORDS = (  # the first that fits
    (http.BlockedAddress, "blocked_address"),
    (httpx.ConnectTimeout, "connect_timeout"),
    (httpx.TimeoutException, "timeout"),
    (httpx.ConnectError, "connect_failed"),
    (httpx.InvalidURL, "invalid_address"),
    (httpx.HTTPError, "connection_lost"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What came of it: a status and the beginning of the answer, or an error's word."""

    headers: Mapping[str, str]
    ms: int
    status: int | None = None
    error: str = ""
    answer: str = ""
    retry_after: float = 0.0

    @property
    def taken(self) -> bool:
        """Any 2xx. A redirect is none, and is not followed."""
        return self.status is not None and 200 <= self.status < 300


def encoded(body: Mapping[str, Any]) -> bytes:
    """The JSON as it is sent, and signed."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def signed(event_id: str, secrets: list[str], content: bytes, at: datetime) -> dict[str, str]:
    """The headers of a post at that moment."""
    moment = at.astimezone(UTC)
    signatures = [Webhook(secret).sign(event_id, moment, content.decode()) for secret in secrets]
    return {
        "Content-Type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def post(
    url: str, content: bytes, headers: Mapping[str, str], *, within: float = POST_SECONDS
) -> Posted:
    """Send it, and say what came of it in so many seconds; whatever that is, nothing is raised."""
    began = time.monotonic()
    sent = {**http.AGENT, "Accept-Encoding": "identity", **headers}
    try:
        http.check_address(url)
        with (
            http.guarded_client(within, within) as client,
            client.stream("POST", url, content=content, headers=sent) as answer,
        ):
            ms = _since(began)
            return Posted(
                headers=sent,
                ms=ms,
                status=answer.status_code,
                answer=_beginning(answer),
                retry_after=_retry_after(answer.headers.get("Retry-After", "")),
            )
    except (httpx.HTTPError, httpx.InvalidURL, http.BlockedAddress, UnicodeError) as error:
        return Posted(headers=sent, ms=_since(began), error=_word(error))


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _word(error: Exception) -> str:
    return next((word for kind, word in _WORDS if isinstance(error, kind)), "invalid_address")


def _beginning(answer: httpx.Response) -> str:
    """Of its body, as text without control characters; what is slow or endless is left."""
    answer.request.extensions["timeout"]["read"] = _BODY_SECONDS
    ends, found = time.monotonic() + _BODY_SECONDS, bytearray()
    try:
        for piece in answer.iter_raw():
            found += piece
            if len(found) >= ANSWER_KEPT or time.monotonic() > ends:
                break
    except httpx.HTTPError:
        pass
    text = bytes(found[:ANSWER_KEPT]).decode("utf-8", "replace")
    return "".join(c for c in text if c.isprintable() or c in "\n\t")


def _retry_after(value: str) -> float:
    """Seconds, from a number of them or a date; at most RETRY_AFTER_MOST, 0 when there is none."""
    if value.isascii() and value.isdigit():
        return float(min(int(value[:9]), RETRY_AFTER_MOST))
    try:
        until = parsedate_to_datetime(value)
        if until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
        seconds = (until - timezone.now()).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    return min(max(seconds, 0.0), float(RETRY_AFTER_MOST))
