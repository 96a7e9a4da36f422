"""What is owed to endpoints: looked up with every attempt, owed again on request, and forgotten."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from accounts import outbox, tenancy, webhooks
from accounts.actors import Actor
from accounts.event_types import TEST, words_of
from accounts.models import OutboxMessage, WebhookDelivery, WebhookEndpoint
from kling_saas.lib import pages
from kling_saas.lib.forgetting import forget
from kling_saas.lib.refusals import Conflict, NotFound

STATUSES = ("pending", "succeeded", "failed")
AT_ONCE = 10_000  # events that one call owes again
LOOKED_BACK = 5_000  # events
RECENT = 100  # deliveries that tell how an endpoint fares
_OVER = Q(next_attempt_at=None)
_FAILED_ONCE = Q(attempts__gt=0) & (Q(last_status__isnull=False) | ~Q(last_error=""))
_OF_STATUS: dict[str, dict[str, Any]] = {
    "pending": {"next_attempt_at__isnull": False},
    "succeeded": {"next_attempt_at": None, "delivered_at__isnull": False},
    "failed": {"next_attempt_at": None, "delivered_at": None},
}


class EndpointDisabled(Conflict):
    """The webhook endpoint is disabled, and nothing is sent there: enable it first."""

    code, title = "endpoint_disabled", "Endpoint disabled"


class EndpointHasNoAddress(Conflict):
    """It signs what is posted to the addresses that orders name, and has none of its own."""

    code, title = "endpoint_has_no_address", "Endpoint has no address"


@dataclass(frozen=True, slots=True)
class Again:
    """So many are owed again; `until` is the moment to go on from when there are more."""

    count: int
    until: datetime | None


def _at(endpoint: WebhookEndpoint) -> QuerySet[WebhookDelivery]:
    rows: QuerySet[WebhookDelivery] = WebhookDelivery.objects.filter(endpoint=endpoint)
    return rows.select_related("event", "endpoint")


def _found(rows: QuerySet[WebhookDelivery], public_id: str) -> WebhookDelivery:
    found = rows.filter(public_id=public_id).first()
    if found is None:
        raise NotFound(f"There is no delivery {public_id[:60]!r} at this endpoint.")
    return found


def page(
    actor: Actor, endpoint_id: str, *, after: str, limit: int, status: str = "", event: str = ""
) -> tuple[list[WebhookDelivery], str | None]:
    """Newest first, and the cursor of the next page; `event` is the id of one. Raises NotFound."""
    endpoint = webhooks.either(actor, endpoint_id)
    with tenancy.scope(actor.organisation_id):
        rows = _at(endpoint)
        if after:
            rows = rows.filter(pk__lt=_found(rows, after).pk)
        if status:
            rows = rows.filter(**_OF_STATUS[status])
        if event:
            rows = rows.filter(event__public_id=event)
        return pages.first(rows.order_by("-pk"), limit)


def find(actor: Actor, endpoint_id: str, public_id: str) -> WebhookDelivery:
    """One, with its `log` of attempts read. Raises NotFound."""
    endpoint = webhooks.either(actor, endpoint_id)
    with tenancy.scope(actor.organisation_id):
        return _found(_at(endpoint).prefetch_related("log"), public_id)


@dataclass(frozen=True, slots=True)
class Health:
    """What became of an endpoint's newest deliveries."""

    succeeded: int
    failed: int
    pending: int

    @property
    def settled(self) -> int:
        """How many are over."""
        return self.succeeded + self.failed


def health(endpoint: WebhookEndpoint) -> Health:
    """Of its newest RECENT deliveries."""
    with tenancy.scope(endpoint.organisation_id):
        newest = WebhookDelivery.objects.filter(endpoint=endpoint).order_by("-pk")[:RECENT]
        counts = Counter(delivery.status for delivery in newest)
    return Health(**{status: counts[status] for status in STATUSES})


def any_taken(actor: Actor) -> bool:
    """Whether a server of theirs has taken an event."""
    with tenancy.scope(actor.organisation_id):
        mine = WebhookDelivery.objects.filter(endpoint__in=webhooks.mine(actor))
        return bool(mine.filter(delivered_at__isnull=False).exists())


def about(actor: Actor, subject: str) -> list[WebhookDelivery]:
    """What was owed to any endpoint of the newest LOOKED_BACK events, where they are about this
    generation, purchase and so on; oldest first.
    """
    with tenancy.scope(actor.organisation_id):
        events = OutboxMessage.objects.filter(
            organisation_id=actor.organisation_id, livemode=actor.livemode, sequence__isnull=False
        )
        newest = events.order_by("-sequence").values("pk")[:LOOKED_BACK]
        mine = OutboxMessage.objects.filter(subject=subject, pk__in=newest).values("pk")
        rows = WebhookDelivery.objects.filter(event__in=mine).select_related("event", "endpoint")
        return list(rows.order_by("pk")[:AT_ONCE])


def resend(actor: Actor, endpoint_id: str, public_id: str) -> WebhookDelivery:
    """Owed again at once, whatever came of it; one that is owed is only due sooner."""
    endpoint = _working(actor, endpoint_id)
    with tenancy.scope(actor.organisation_id):
        delivery = _found(_at(endpoint), public_id)
        _owe(WebhookDelivery.objects.filter(pk=delivery.pk), endpoint)
        return _found(_at(endpoint).prefetch_related("log"), public_id)


def resend_since(
    actor: Actor, endpoint_id: str, since: datetime, *, failed_only: bool, most: int = AT_ONCE
) -> Again:
    """Owe again at once what failed since then, also what waits for its next try, or every event
    since that the endpoint asks for; the oldest `most` of them, and what was created with the last.
    What is owed anew already is not owed twice.
    """
    endpoint = _working(actor, endpoint_id)
    with tenancy.scope(actor.organisation_id):
        wanted = _failed(endpoint) if failed_only else _asked_for(endpoint)
        events, until = _oldest(wanted.filter(created_at__gte=since), most)
        mine = {"organisation_id": endpoint.organisation_id, "livemode": endpoint.livemode}
        WebhookDelivery.objects.bulk_create(
            [
                WebhookDelivery(endpoint=endpoint, event=event, next_attempt_at=None, **mine)
                for event in events
            ],
            ignore_conflicts=True,
        )
        ids = [event.pk for event in events]
        owed = WebhookDelivery.objects.filter(
            _OVER | _FAILED_ONCE, endpoint=endpoint, event__in=ids
        )
        return Again(_owe(owed, endpoint), until)


def _oldest(
    events: QuerySet[OutboxMessage], most: int
) -> tuple[list[OutboxMessage], datetime | None]:
    """The first `most` by their moments, whole moments only, and the moment of the next there is.

    Neither ids nor sequences follow those moments, which transactions that end later bear too.
    """
    found = list(events.order_by("created_at", "pk")[:most])
    if len(found) < most:
        return found, None
    last = found[-1]
    found += events.filter(created_at=last.created_at, pk__gt=last.pk)
    later = events.filter(created_at__gt=last.created_at).order_by("created_at", "pk").first()
    return found, later.created_at if later else None


def _failed(endpoint: WebhookEndpoint) -> QuerySet[OutboxMessage]:
    failed = WebhookDelivery.objects.filter(
        _OVER | _FAILED_ONCE, endpoint=endpoint, delivered_at=None
    )
    rows: QuerySet[OutboxMessage] = OutboxMessage.objects.filter(pk__in=failed.values("event"))
    return rows


def _asked_for(endpoint: WebhookEndpoint) -> QuerySet[OutboxMessage]:
    words = {word for pattern in endpoint.events for word in words_of(pattern)} - {TEST}
    rows: QuerySet[OutboxMessage] = OutboxMessage.objects.filter(
        organisation_id=endpoint.organisation_id,
        livemode=endpoint.livemode,
        sequence__isnull=False,
        topic__in=words,
    )
    return rows


def _owe(rows: QuerySet[WebhookDelivery], endpoint: WebhookEndpoint) -> int:
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(rest_until=None)
    return rows.update(
        next_attempt_at=Now(), attempts=0, delivered_at=None, last_status=None, last_error=""
    )


def test(actor: Actor, endpoint_id: str) -> WebhookDelivery:
    """A `webhook.test` event for this endpoint alone, whatever it asks for; due at once.

    Raises NotFound, EndpointDisabled and EndpointHasNoAddress.
    """
    endpoint = _working(actor, endpoint_id)
    if not endpoint.url:
        raise EndpointHasNoAddress(
            f"{endpoint_id} signs what is posted to the addresses that orders name, and has none "
            "of its own: test an endpoint that has, or order a film in test mode with that address."
        )
    with tenancy.scope(actor.organisation_id):
        event = outbox.emit(
            organisation_id=endpoint.organisation_id, livemode=endpoint.livemode, topic=TEST,
            subject=endpoint.public_id,
        )  # fmt: skip
        made: WebhookDelivery = WebhookDelivery.objects.create(
            organisation_id=endpoint.organisation_id,
            livemode=endpoint.livemode,
            event=event,
            endpoint=endpoint,
        )
        _owe(WebhookDelivery.objects.filter(pk=made.pk), endpoint)
    return made


def _working(actor: Actor, public_id: str) -> WebhookEndpoint:
    found = webhooks.either(actor, public_id)
    if found.disabled_at is not None:
        raise EndpointDisabled(f"{public_id} is disabled: enable it first.")
    return found


def forget_old() -> int:
    """Delete a batch of settled deliveries of WEBHOOK_LOG_DAYS ago, with their log, or else of
    endpoints that were deleted then; how many.
    """
    with tenancy.system("deliveries are forgotten for every tenant"):
        age = timedelta(days=settings.WEBHOOK_LOG_DAYS)
        old = WebhookDelivery.objects.filter(next_attempt_at=None, created_at__lt=Now() - age)
        if gone := forget(old, by="created_at"):
            return gone
        # All that was owed to these is older than they have been deleted, and forgotten by now.
        deleted = WebhookEndpoint.objects.filter(deleted_at__lt=Now() - age - timedelta(days=1))
        return forget(deleted, by="deleted_at")
