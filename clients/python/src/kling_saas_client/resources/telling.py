"""What is told: endpoints that get events, and the feed of all events."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from kling_saas_client.api import PAGE, given, segment
from kling_saas_client.binding import K, iteration, operation
from kling_saas_client.decoding import decode, reader
from kling_saas_client.objects.telling import (
    Delivery,
    Event,
    Resent,
    SigningSecret,
    WebhookEndpoint,
)
from kling_saas_client.resources.resource import Resource
from kling_saas_client.steps import Emit, Flow, Iteration, Sleep

_LOOK_AGAIN = 2.0  # seconds


class Webhooks(Resource[K]):
    """/webhooks"""

    @operation
    def create(
        self,
        url: str,
        *,
        events: Sequence[str] | None = None,
        description: str | None = None,
        idempotency_key: str | None = None,
    ) -> Flow[WebhookEndpoint]:
        """A new endpoint, with its `secret`, for some `events` (`generation.*`) or for all."""
        fields = given(url=url, events=events and [*events], description=description)
        return self._made("", idempotency_key, fields)

    @iteration
    def list(self, *, page_size: int = PAGE) -> Iteration[WebhookEndpoint]:
        """All of this mode, newest first."""
        return self.bound_to.pages("/webhooks", reader(WebhookEndpoint), {}, page_size)

    @operation
    def get(self, endpoint_id: str) -> Flow[WebhookEndpoint]:
        """One of them."""
        found = yield from self.bound_to.call("GET", f"/webhooks/{segment(endpoint_id)}")
        return decode(WebhookEndpoint, found)

    @operation
    def change(
        self,
        endpoint_id: str,
        *,
        url: str | None = None,
        events: Sequence[str] | None = None,
        description: str | None = None,
        enabled: bool | None = None,
    ) -> Flow[WebhookEndpoint]:
        """Set what is given; `enabled` true puts a disabled one back to work."""
        fields = given(
            url=url, events=events and [*events], description=description, enabled=enabled
        )
        path = f"/webhooks/{segment(endpoint_id)}"
        return decode(WebhookEndpoint, (yield from self.bound_to.call("PATCH", path, body=fields)))

    @operation
    def delete(self, endpoint_id: str) -> Flow[None]:
        """Nothing is sent there any more."""
        yield from self.bound_to.call("DELETE", f"/webhooks/{segment(endpoint_id)}")

    @operation
    def rotate_secret(
        self, endpoint_id: str, *, overlap: int | None = None, idempotency_key: str | None = None
    ) -> Flow[WebhookEndpoint]:
        """A new `secret`; the one before signs too for `overlap` seconds, or a day."""
        path = f"/{segment(endpoint_id)}/rotate-secret"
        return self._made(path, idempotency_key, given(overlap=overlap))

    @operation
    def signing_secret(self) -> Flow[SigningSecret]:
        """What signs the posts to addresses that orders name (`webhook_url`)."""
        found = yield from self.bound_to.call("GET", "/webhooks/signing-secret")
        return decode(SigningSecret, found)

    @operation
    def rotate_signing_secret(
        self, *, overlap: int | None = None, idempotency_key: str | None = None
    ) -> Flow[SigningSecret]:
        """A new one; the one before signs too for `overlap` seconds, or a day."""
        fields = given(overlap=overlap)
        found = yield from self._posted("/signing-secret/rotate", idempotency_key, fields)
        return decode(SigningSecret, found)

    @operation
    def test(self, endpoint_id: str, *, idempotency_key: str | None = None) -> Flow[Delivery]:
        """Send it a `webhook.test` event now; its delivery tells what came of it."""
        found = yield from self._posted(f"/{segment(endpoint_id)}/test", idempotency_key, {})
        return decode(Delivery, found)

    @iteration
    def deliveries(
        self,
        endpoint_id: str,
        *,
        status: str | None = None,
        event: str | None = None,
        page_size: int = PAGE,
    ) -> Iteration[Delivery]:
        """What was sent there, newest first."""
        path = f"/webhooks/{segment(endpoint_id)}/deliveries"
        query = given(status=status, event=event)
        return self.bound_to.pages(path, reader(Delivery), query, page_size)

    @operation
    def delivery(self, endpoint_id: str, delivery_id: str) -> Flow[Delivery]:
        """One of them with its `log`: what was sent, and what was answered."""
        path = f"/webhooks/{segment(endpoint_id)}/deliveries/{segment(delivery_id)}"
        return decode(Delivery, (yield from self.bound_to.call("GET", path)))

    @operation
    def resend(self, endpoint_id: str, *, since: datetime, what: str = "failed") -> Flow[Resent]:
        """Send again what failed since then, or with `what="all"` every event."""
        path = f"/webhooks/{segment(endpoint_id)}/resend"
        fields = given(since=since, what=what)
        found = yield from self.bound_to.call("POST", path, body=fields, repeatable=True)
        return decode(Resent, found)

    @operation
    def resend_delivery(self, endpoint_id: str, delivery_id: str) -> Flow[Delivery]:
        """Send one again, under the id that it had."""
        path = f"/webhooks/{segment(endpoint_id)}/deliveries/{segment(delivery_id)}/resend"
        found = yield from self.bound_to.call("POST", path, body={}, repeatable=True)
        return decode(Delivery, found)

    def _made(self, path: str, key: str | None, fields: dict[str, Any]) -> Flow[WebhookEndpoint]:
        return decode(WebhookEndpoint, (yield from self._posted(path, key, fields)))

    def _posted(self, path: str, key: str | None, fields: dict[str, Any]) -> Flow[Any]:
        once = str(uuid.uuid4()) if key is None else key
        return (yield from self.bound_to.call("POST", f"/webhooks{path}", body=fields, once=once))


class Events(Resource[K]):
    """/events: everything that was told, oldest first, for a program that was away."""

    @iteration
    def list(
        self,
        *,
        after: str | None = None,
        type: str | None = None,  # noqa: A002 - the API's own word
        since: datetime | None = None,
        page_size: int = PAGE,
    ) -> Iteration[Event]:
        """Those after the event `after` to the newest: keep the id of the last you have seen."""
        query = given(after=after, type=type, since=since)
        return self.bound_to.pages("/events", reader(Event), query, page_size)

    @iteration
    def follow(
        self,
        *,
        after: str | None = None,
        type: str | None = None,  # noqa: A002 - the API's own word
        since: datetime | None = None,
    ) -> Iteration[Event]:
        """The same without an end: what is new comes as it happens, a few seconds later."""
        while True:
            query = given(after=after, type=type, since=since)
            page = yield from self.bound_to.call("GET", "/events", query={**query, "limit": PAGE})
            for found in page["data"]:
                event = decode(Event, found)
                after = event.id
                yield Emit(event)
            if not page["has_more"]:
                yield Sleep(_LOOK_AGAIN)

    @operation
    def get(self, event_id: str) -> Flow[Event]:
        """One of them."""
        return decode(Event, (yield from self.bound_to.call("GET", f"/events/{segment(event_id)}")))
