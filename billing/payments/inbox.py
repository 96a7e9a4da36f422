"""Events of the payment service: proven, kept once, then handled until it is done.

An event is a hint that something is different. Its handler asks for the thing and makes our rows
agree with it, so that events may come twice, late, in any order, or be asked for (`pulling`).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DataError, transaction
from django.db.models import F
from django.db.models.functions import Now

from billing.models import EventState, PaymentEvent
from billing.payments import (
    customers,
    disputes,
    gateway,
    intents,
    invoices,
    refunds,
    sessions,
    subscriptions,
    warnings,
)
from billing.payments.errors import (
    Disagrees,
    NotOurs,
    NotUnderstood,
    PaymentServiceDown,
    Untrusted,
)
from kling_saas.lib.database import DATABASE_GONE
from kling_saas.lib.forgetting import forget
from kling_saas.lib.logs import kept

log = logging.getLogger(__name__)
MOST_BYTES = 256 * 1024
HANDLERS: dict[str, Callable[[str], None]] = {
    "checkout.session.completed": sessions.sync,
    "checkout.session.async_payment_succeeded": sessions.sync,
    "checkout.session.async_payment_failed": sessions.sync,
    "checkout.session.expired": sessions.sync,
    "payment_intent.payment_failed": intents.sync,
    "customer.updated": customers.sync,
    "payment_method.detached": customers.forget_card,
    "customer.subscription.created": subscriptions.sync,
    "customer.subscription.updated": subscriptions.sync,
    "customer.subscription.deleted": subscriptions.sync,
    "invoice.paid": invoices.sync,
    "invoice.payment_failed": invoices.sync,
    "invoice.payment_action_required": invoices.sync,
    "invoice.voided": invoices.sync,
    "invoice.marked_uncollectible": invoices.sync,
    "charge.refunded": refunds.sync_charge,
    "refund.created": refunds.sync,
    "refund.updated": refunds.sync,
    "refund.failed": refunds.sync,
    "charge.dispute.created": disputes.sync,
    "charge.dispute.updated": disputes.sync,
    "charge.dispute.closed": disputes.sync,
    "charge.dispute.funds_withdrawn": disputes.sync,
    "charge.dispute.funds_reinstated": disputes.sync,
    "radar.early_fraud_warning.created": warnings.sync,
    "radar.early_fraud_warning.updated": warnings.sync,
}
RETRY_SECONDS = gateway.RETRY_SECONDS
_LEASE = timedelta(seconds=100)  # longer than one question that is asked in vain
_AT_ONCE = 20
_KEEP = timedelta(days=90)
_ERROR_CHARACTERS = 300


def receive(body: bytes, signature: str) -> bool:
    """Keep an event that was posted to us. False when it was known.

    Raises Untrusted when anything is wrong with it; then nothing was written.
    """
    if len(body) > MOST_BYTES:
        raise Untrusted(f"An event has at most {MOST_BYTES // 1024} KiB.")
    gateway.verify(body, signature)
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise Untrusted("The body is not JSON.") from None
    return keep(event)


def keep(event: Any, *, pulled: bool = False) -> bool:
    """Write the event down, to be handled at once if we handle its type. False: it was known.

    Raises Untrusted for what is no event, or one of another mode.
    """
    row = _row(event)
    row.pulled = pulled
    if row.type in HANDLERS:
        row.next_attempt_at = Now()
    else:
        row.state = EventState.IGNORED
    try:
        with transaction.atomic():
            before = PaymentEvent.objects.filter(vendor=row.vendor, stripe_id=row.stripe_id)
            if before.exists():
                return False
            PaymentEvent.objects.bulk_create([row], ignore_conflicts=True)
    except DataError:  # e.g. a NUL
        raise Untrusted("The event cannot be kept.") from None
    return True


def _row(event: Any) -> PaymentEvent:
    try:
        subject = event["data"]["object"].get("id") or ""
        row = PaymentEvent(
            vendor=settings.PAYMENTS_VENDOR,
            stripe_id=event["id"],
            type=event["type"],
            subject=subject,
            said_at=datetime.fromtimestamp(event["created"], UTC),
            payload=event,
        )
        texts = (row.stripe_id, row.type, row.subject)
        well_formed = event["object"] == "event" and all(isinstance(one, str) for one in texts)
        livemode = event["livemode"]
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError, OSError):
        well_formed, livemode = False, None
    if not well_formed:
        raise Untrusted("The body is no event.")
    if livemode is not settings.PAYMENTS_LIVE:
        raise Untrusted("The event is of another mode.")
    return row


def run() -> int:
    """Handle a batch of what is due; how many events were settled, or put off."""
    claimed = _claim()
    abouts: dict[tuple[Callable[[str], None], str], list[PaymentEvent]] = {}
    for event in claimed:
        if event.vendor != settings.PAYMENTS_VENDOR or event.type not in HANDLERS:
            _fail([event], "the settings or the release of today do not know it")
        elif event.attempts > len(RETRY_SECONDS):
            _fail([event], "workers died of it")
        else:
            abouts.setdefault((HANDLERS[event.type], event.subject), []).append(event)
    away = False
    for (handler, subject), events in abouts.items():
        if away:  # who does not answer is not asked about the others either
            _put_off(events, PaymentServiceDown().detail)
        else:
            away = _handle(handler, subject, events)
    return len(claimed)


def _claim() -> list[PaymentEvent]:
    """The longest overdue events, due again later if we die; counted before the work."""
    with transaction.atomic():
        due = PaymentEvent.objects.filter(next_attempt_at__lte=Now()).order_by("next_attempt_at")
        claimed = list(due.select_for_update(skip_locked=True)[:_AT_ONCE])
        PaymentEvent.objects.filter(pk__in=[event.pk for event in claimed]).update(
            next_attempt_at=Now() + _LEASE, attempts=F("attempts") + 1
        )
    return claimed


def _handle(handler: Callable[[str], None], subject: str, events: list[PaymentEvent]) -> bool:
    """Several events about one thing need one look at it. True when nobody answers."""
    try:
        handler(subject)
    except PaymentServiceDown as refusal:
        _put_off(events, refusal.detail)
        return True
    except NotUnderstood as refusal:
        log.warning("payments: %s is not handled yet: %s", subject, refusal.detail)
        _put_off(events, refusal.detail)
    except NotOurs as reason:
        _settle(events, EventState.IGNORED, str(reason))
    except Disagrees as reason:
        _fail(events, str(reason))
    except DATABASE_GONE:
        raise
    except Exception as trouble:  # one thing's trouble must not keep the others
        log.exception("payments: %s is not handled yet", subject)
        _put_off(events, f"{type(trouble).__name__}: {trouble}")
    else:
        _settle(events, EventState.DONE, "")
    return False


def _put_off(events: list[PaymentEvent], why: str) -> None:
    for event in events:
        if event.attempts >= len(RETRY_SECONDS):
            _fail([event], why)
            continue
        PaymentEvent.objects.filter(pk=event.pk).update(
            next_attempt_at=Now() + timedelta(seconds=RETRY_SECONDS[event.attempts]),
            last_error=kept(why, _ERROR_CHARACTERS),
        )


def _fail(events: list[PaymentEvent], why: str) -> None:
    """An operator has to look: credits may be owed to somebody who paid."""
    for event in events:
        log.error("ALARM payments: %s (%s) is not handled: %s", event, event.stripe_id, why)
    _settle(events, EventState.FAILED, why)


def again() -> int:
    """Make what was given up due once more; how many events."""
    failed = PaymentEvent.objects.filter(vendor=settings.PAYMENTS_VENDOR, state=EventState.FAILED)
    return failed.update(state=EventState.WAITING, attempts=0, next_attempt_at=Now())


def forget_old() -> int:
    """Delete a batch of events that were settled three months ago; how many.

    The payment service tells of the last 30 days only: none of them can come again.
    """
    settled = [EventState.DONE, EventState.IGNORED]
    old = PaymentEvent.objects.filter(state__in=settled, received_at__lt=Now() - _KEEP)
    return forget(old, by="received_at")


def _settle(events: list[PaymentEvent], state: EventState, why: str) -> None:
    PaymentEvent.objects.filter(pk__in=[event.pk for event in events]).update(
        state=state,
        handled_at=Now(),
        next_attempt_at=None,
        last_error=kept(why, _ERROR_CHARACTERS),
    )
