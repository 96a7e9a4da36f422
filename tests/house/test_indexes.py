"""What the product looks for all the time is found by an index, however long its history is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts import end_users, events, outbox, tenancy, webhook_deliveries, webhooks
from accounts.actors import Actor
from accounts.event_types import TEST
from accounts.models import IdempotencyRecord, WebhookDelivery
from accounts.row_security import Protect
from billing import quotes
from generations import deliveries, due, expiring, late, owned, polls, sweeps
from generations.catalogue import billable
from generations.gallery import finding, listing
from generations.gallery.listing import Wanted
from generations.models import Status
from kling_saas.lib.refusals import NotFound
from tests.generations.orders import parked
from tests.generations.programs import funded
from tests.generations.test_retention import stored

MANY = 3_000
_ENDED = {
    "generations_generation": {
        "status": Status.FAILED, "charged": 0, "next_run_at": None, "lease_until": None,
        "finished_at": "2026-01-01", "media_url": "http://127.0.0.1/a.mp4",
        "retention_days": None,
    },
    "accounts_outboxmessage": {"next_attempt_at": None, "delivered_at": "2026-01-01"},
    "accounts_webhookdelivery": {"next_attempt_at": None, "delivered_at": "2026-01-01"},
    "billing_quote": {"expires_at": "2100-01-01"},
    "accounts_idempotencyrecord": {},
    "generations_video": {"kept_until": None, "removed_at": None, "trashed_at": None},
    "generations_videoterm": {},
}  # fmt: skip
# A table of this session alone that stands before the real one: with its indexes, without its keys.
_COPY = """
CREATE TEMP TABLE {table} (LIKE public.{table} INCLUDING ALL EXCLUDING GENERATED);
INSERT INTO {table}
SELECT (jsonb_populate_record(NULL::public.{table}, one.row || %s::jsonb || jsonb_build_object(
       'id', n, 'public_id', 'x_' || n, 'known_as', 'x_' || n,
       'callback_token', 'x_' || n, 'key', 'x_' || n, 'hold_id', n,
       'quote_id', NULL, 'external_id', NULL, 'generation_id', n, 'video_id', n,
       'term', 'w:x' || n, 'event_id', n, 'sequence', n,
       'created_at', now() - make_interval(secs => 100 * n)))).*
  FROM (SELECT to_jsonb(t) AS row FROM public.{table} t LIMIT 1) one, generate_series(1, {many}) n;
ANALYZE {table};
"""


@pytest.fixture
def history() -> Iterator[None]:
    """Many rows of five days that nothing is owed for any more; undone at the end."""
    alice = funded()
    order, who = parked(alice), alice.organisation.pk
    stored(alice, order)
    quotes.make(who, False, [billable.item(order.order())], "any")
    with tenancy.scope(who):
        event = outbox.emit(organisation_id=who, livemode=False, topic=TEST, subject="any")
        WebhookDelivery.objects.create(
            organisation_id=who, livemode=False, event=event, endpoint=webhooks.own(who, False)
        )
        IdempotencyRecord.objects.create(organisation_id=who, livemode=False, key="any", status=202)
    with tenancy.system("a test looks at every tenant"), transaction.atomic():
        with connection.cursor() as cursor:
            for table, ended in _ENDED.items():
                cursor.execute(_COPY.format(table=table, many=MANY), [json.dumps(ended)])
                cursor.execute(Protect(table).sql)  # it forbids many a use of an index
        yield
        transaction.set_rollback(True)


def read_through(plan: dict[str, Any]) -> Iterator[str]:
    """The tables whose every row this plan would read."""
    table = plan.get("Relation Name")
    whole = plan["Node Type"] == "Seq Scan" or plan.get("Index Name", "").endswith("_pkey")
    if table in _ENDED and whole and "Index Cond" not in plan:
        yield str(table)
    for part in plan.get("Plans", ()):
        yield from read_through(part)


def looked_for(*names: str) -> None:
    with suppress(NotFound):
        finding.many(Actor(organisation_id=1, livemode=False), names)


LOOKS: tuple[Callable[[], object], ...] = (
    sweeps.give_up_stuck,
    late.run,
    sweeps.forget_answers,
    outbox.forget_old,
    webhook_deliveries.forget_old,
    end_users.forget_old,
    lambda: events.page(Actor(organisation_id=1, livemode=False), after="", limit=20),
    outbox.announce,
    quotes.forget_expired,
    expiring.remove_inputs,
    due.look,
    due.reconciliation,
    lambda: deliveries._claim(set()),
    lambda: polls.take(500, busy=[]),
    lambda: listing.page(Actor(organisation_id=1, livemode=False), Wanted(words="x5 x77")),
    lambda: listing.page(Actor(organisation_id=1, livemode=False), Wanted(cost=(20, 90))),
    lambda: listing.page(Actor(organisation_id=1, livemode=False), Wanted(tags=["spring"])),
    lambda: listing.page(Actor(organisation_id=1, livemode=False), Wanted(trashed=True)),
    lambda: looked_for("vid_nobodys", "gen_nobodys"),
    lambda: owned.behind(Actor(organisation_id=1, livemode=False), "nobody's"),
)


def test_a_long_history_is_not_read_through(history: None) -> None:
    with CaptureQueriesContext(connection) as asked:
        for look in LOOKS:
            look()
    with connection.cursor() as cursor:
        for query in asked.captured_queries:
            if query["sql"].split()[0] in ("SELECT", "WITH", "UPDATE", "DELETE"):
                cursor.execute("EXPLAIN (FORMAT JSON) " + query["sql"])
                (plan,) = cursor.fetchone()
                assert list(read_through(plan[0]["Plan"])) == [], query["sql"]
