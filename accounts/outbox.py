"""Tell what happened: written in the caller's transaction, told at least once after it.

One row is all of it: a wake-up for who waits, an event that customers read, and what is owed to
their addresses. `announce` makes the deliveries (accounts.webhooks) off the way of orders.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from accounts import tenancy, webhooks
from accounts.event_types import EVENTS, TEST
from accounts.models import OutboxMessage, WebhookDelivery
from kling_saas.lib.forgetting import forget
from kling_saas.lib.ids import public_id
from kling_saas.lib.points import passing

CHANNEL = "kling_news"  # LISTEN here; the payload is the subject's public id
_KEEP = timedelta(days=7)  # what only woke, to look back at
_AT_ONCE = 500
# One writer at a time, from the numbers until they can be seen: whoever has read up to a number
# has seen all below it, however late the transaction that told of it has ended.
_ONE_WRITER = "SELECT pg_advisory_xact_lock(hashtextextended('accounts.outbox.announce', 0))"
_DUE = """
SELECT id, organisation_id, livemode, url <> '' FROM accounts_outboxmessage
 WHERE next_attempt_at <= now() ORDER BY next_attempt_at LIMIT %s FOR UPDATE SKIP LOCKED
"""
_TELL = """
WITH numbered AS (
    SELECT id, nextval('accounts_event_sequence') AS sequence
      FROM (SELECT id FROM accounts_outboxmessage
             WHERE id = ANY (%(ids)s) AND public_id IS NOT NULL ORDER BY id) events
), told AS (
    UPDATE accounts_outboxmessage o
       SET delivered_at = now(), next_attempt_at = NULL,
           sequence = (SELECT n.sequence FROM numbered n WHERE n.id = o.id)
     WHERE o.id = ANY (%(ids)s)
    RETURNING o.*
), owed AS (
    INSERT INTO accounts_webhookdelivery
        (organisation_id, livemode, public_id, event_id, endpoint_id, url, created_at, attempts,
         next_attempt_at, last_error)
    SELECT o.organisation_id, o.livemode,
           'whd_' || replace(gen_random_uuid()::text, '-', ''), o.id, e.id,
           CASE WHEN e.url = '' THEN o.url ELSE '' END, now(), 0, now(), ''
      FROM told o JOIN accounts_webhookendpoint e
        ON (e.organisation_id, e.livemode) = (o.organisation_id, o.livemode)
     WHERE o.public_id IS NOT NULL AND e.disabled_at IS NULL AND e.deleted_at IS NULL
       AND CASE WHEN e.url = '' THEN o.url <> ''
                ELSE o.topic <> %(test)s AND jsonb_exists_any(e.events, ARRAY[
                     '*', o.topic, split_part(o.topic, '.', 1) || '.*']) END
     ORDER BY o.sequence
)
SELECT (SELECT count(pg_notify(%(channel)s, subject)) FROM told
         WHERE topic <> 'generation.queued'),
       count(pg_notify(%(channel)s, 'feed ' || organisation_id
             || CASE WHEN livemode THEN ' live' ELSE ' test' END))
  FROM (SELECT DISTINCT organisation_id, livemode FROM told) of_each
"""


def feed(organisation_id: int, livemode: bool) -> str:
    """What its members' pages wait for: any news of the organisation in this mode."""
    return f"feed {organisation_id} {'live' if livemode else 'test'}"


def emit(
    *,
    organisation_id: int,
    livemode: bool,
    topic: str,
    subject: str,
    payload: dict[str, Any] | None = None,
    url: str = "",
    wakes_only: bool = False,
) -> OutboxMessage:
    """Owe the news of `topic` about `subject`, also to `url`; the row. Needs an open scope.

    It is an event that customers see when accounts.event_types has the topic, unless `wakes_only`.
    """
    event = topic in EVENTS and not wakes_only
    made: OutboxMessage = OutboxMessage.objects.create(
        organisation_id=organisation_id,
        livemode=livemode,
        public_id=public_id("evt") if event else None,
        topic=topic,
        subject=subject,
        payload=payload or {},
        url=url,
    )
    return made


def announce() -> int:
    """Wake who waits, number the events, and owe them to the endpoints; the messages told.

    The only place that NOTIFYs, so that accepting a generation never queues on its lock. Nobody
    waits to hear that what was just ordered is queued.
    """
    with tenancy.system("news of every tenant is told"), connection.cursor() as cursor:
        cursor.execute(_ONE_WRITER)
        cursor.execute(_DUE, [_AT_ONCE])
        due = cursor.fetchall()
        if not due:
            return 0
        for organisation_id, livemode in {row[1:3] for row in due if row[3]}:
            webhooks.own(organisation_id, livemode)
        cursor.execute(_TELL, {"ids": [row[0] for row in due], "channel": CHANNEL, "test": TEST})
        passing("news.marked")
    return len(due)


def forget_old() -> int:
    """Delete a batch of what woke a week ago, or else of events of EVENTS_DAYS; how many.

    An event stays as long as the log of its deliveries does.
    """
    with tenancy.system("what was told is forgotten for every tenant"):
        told = OutboxMessage.objects.filter(next_attempt_at=None)
        woke = told.filter(public_id=None, created_at__lt=Now() - _KEEP)
        if gone := forget(woke, by="created_at"):
            return gone
        age = timedelta(days=settings.EVENTS_DAYS)
        logged = WebhookDelivery.objects.filter(event=OuterRef("pk"))
        events = told.filter(public_id__isnull=False, created_at__lt=Now() - age)
        return forget(events.exclude(Exists(logged)), by="created_at")
