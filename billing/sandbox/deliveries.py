"""Telling events: signed posts to the endpoints, again and again until they are taken."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import sqlite3
import time
from collections import defaultdict

import httpx

from billing.sandbox.desk import Desk
from billing.sandbox.store import Doc
from billing.sandbox.views import render

_LOOK_SECONDS = 0.05
_TIMEOUT_SECONDS = 10.0
_MOST_TRIES = 16
_LONGEST_PAUSE = 3600.0
_log = logging.getLogger(__name__)


def signature(secret: str, body: bytes, at: int) -> str:
    """The `Stripe-Signature` header: HMAC-SHA256 of the time and the raw body."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"


class Deliveries:
    """Posts what is owed. In calm weather an endpoint is told one event after the other, in order;
    a failed one is tried later and the others go on. Signed by the machine's clock, not by the
    sandbox's: a client compares it with its own.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._client = httpx.AsyncClient(timeout=_TIMEOUT_SECONDS, trust_env=False)

    async def watch(self) -> None:
        """Tell until cancelled."""
        try:
            while True:
                if not await self._round():
                    await asyncio.sleep(_LOOK_SECONDS)
        finally:
            await self._client.aclose()

    async def _round(self) -> bool:
        """Send what is due now; whether that was anything."""
        owed: dict[str, list[sqlite3.Row]] = defaultdict(list)
        for row in self._desk.store.owed(time.time()):
            owed[row["endpoint"]].append(row)
        await asyncio.gather(*(self._tell(name, rows) for name, rows in owed.items()))
        return bool(owed)

    async def _tell(self, name: str, rows: list[sqlite3.Row]) -> None:
        for row in rows:
            endpoint = self._endpoint(name)
            if endpoint is None:
                self._desk.store.delivered(row["seq"], "given_up", "no such endpoint", 0)
                continue
            answer = await self._post(endpoint, self._desk.store.get(row["event"]) or {})
            self._record(row, answer)

    def _endpoint(self, name: str) -> Doc | None:
        return next((end for end in self._desk.endpoints() if end["id"] == name), None)

    async def _post(self, endpoint: Doc, event: Doc) -> str:
        """The HTTP status as text, or the kind of the failure."""
        body = json.dumps(render(self._desk, event), indent=2).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature(endpoint["_secret"], body, int(time.time())),
            "X-Sandbox": "true",
        }
        try:
            answer = await self._client.post(endpoint["url"], content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as trouble:
            _log.info("event %s was not taken: %s", event["id"], type(trouble).__name__)
            return type(trouble).__name__
        return str(answer.status_code)

    def _record(self, row: sqlite3.Row, answer: str) -> None:
        tries = row["tries"] + 1
        pause = min(self._desk.settings.retry_seconds * 2 ** (tries - 1), _LONGEST_PAUSE)
        failed = "given_up" if tries >= _MOST_TRIES else "waiting"
        state = "done" if len(answer) == 3 and answer.startswith("2") else failed
        self._desk.store.delivered(row["seq"], state, answer, time.time() + pause)
