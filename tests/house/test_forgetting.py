"""What is forgotten after a while, and what is not."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
from django.conf import settings as product
from django.db import connection, transaction
from django.utils import timezone

from accounts import outbox, tenancy, webhook_deliveries, webhooks
from accounts.models import (
    ApiCall,
    IdempotencyRecord,
    OutboxMessage,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)
from billing import ledger, quotes
from billing.models import EventState, Lot, LotSource, PaymentEvent, Quote
from billing.payments import inbox
from generations import submission, sweeps
from generations.catalogue import billable
from generations.submission import Submission
from tests.billing import purse
from tests.billing.purse import LIVE
from tests.generations.orders import actor
from tests.generations.programs import FILM, funded
from tests.waiting import until

_LONG_AGO = timedelta(days=8)
_BATCH = 5000


def answer(whom: int, key: str, *, days: int = 8) -> IdempotencyRecord:
    """One that was given so many days ago, not stored yet."""
    return IdempotencyRecord(
        organisation_id=whom, livemode=False, key=key, status=202,
        created_at=timezone.now() - timedelta(days=days),
    )  # fmt: skip


def test_news_told_a_week_ago_is_forgotten_and_what_is_owed_is_not() -> None:
    whom = funded().organisation.pk
    mine = {"organisation_id": whom, "livemode": False}
    old, soon = timezone.now() - _LONG_AGO, timezone.now() + timedelta(days=1)
    ages = timezone.now() - timedelta(days=31)
    events: dict[str, dict[str, object]] = {
        "told": {"created_at": old, "next_attempt_at": None},
        "owed": {"created_at": old, "next_attempt_at": soon},
        "new": {"next_attempt_at": None},
        "event": {"created_at": old, "next_attempt_at": None, "public_id": f"evt_a{whom}"},
        "old event": {"created_at": ages, "next_attempt_at": None, "public_id": f"evt_b{whom}"},
        "logged": {"created_at": ages, "next_attempt_at": None, "public_id": f"evt_c{whom}"},
    }
    with tenancy.scope(whom):
        for subject, facts in events.items():
            OutboxMessage.objects.create(subject=subject, **mine, **facts)
        logged = OutboxMessage.objects.get(subject="logged")
        delivery = WebhookDelivery.objects.create(
            event=logged, endpoint=webhooks.own(whom, False), next_attempt_at=None, **mine
        )
        WebhookAttempt.objects.create(
            delivery=delivery, ms=1, url="", request_headers={}, request_body="", **mine
        )
        left = OutboxMessage.objects.filter(subject__in=events).values_list("subject", flat=True)

    def swept() -> set[str]:
        while outbox.forget_old():
            continue
        while webhook_deliveries.forget_old():
            continue
        with tenancy.scope(whom):
            return set(left.all())

    assert swept() == {"owed", "new", "event", "logged"}
    with tenancy.scope(whom):
        WebhookDelivery.objects.filter(pk=delivery.pk).update(created_at=ages)
    assert webhook_deliveries.forget_old() >= 1
    with tenancy.scope(whom):
        assert not WebhookAttempt.objects.filter(delivery=delivery.pk).exists()
        WebhookEndpoint.objects.filter(pk=delivery.endpoint_id).update(
            deleted_at=ages - timedelta(days=1)
        )
    assert swept() == {"owed", "new", "event"}
    with tenancy.scope(whom):
        assert not WebhookEndpoint.objects.exists()


def test_an_old_quote_is_forgotten_unless_it_was_ordered_by() -> None:
    alice = funded()
    who = actor(alice)
    params = submission.prepare(who, Submission(fields=FILM, door="native")).params
    used, unused, of_a_season, fresh, of_a_week, older = (
        quotes.make(
            who.organisation_id,
            who.livemode,
            [billable.item(params)],
            submission.params_fingerprint(params),
        ).public_id
        for _ in range(6)
    )
    submission.submit(who, Submission(fields=FILM, door="native", quote_id=used), lambda g: "")
    with tenancy.scope(alice.organisation.pk):
        mine = Quote.objects.filter(organisation=alice.organisation)
        hour, now = timedelta(hours=1), timezone.now()
        for name, ago in {
            used: _LONG_AGO, unused: timedelta(days=7) + hour,
            of_a_season: timedelta(days=97) - hour,
            of_a_week: timedelta(days=7) - hour, older: timedelta(days=97) + hour,
        }.items():  # fmt: skip
            mine.filter(public_id=name).update(expires_at=now - ago)
    assert quotes.forget_expired() >= 1
    with tenancy.scope(alice.organisation.pk):
        assert set(mine.all().values_list("public_id", flat=True)) == {
            used, fresh, of_a_week, older,
        }  # fmt: skip


def test_answers_of_a_week_ago_are_forgotten_in_batches_oldest_first() -> None:
    whom = funded().organisation.pk
    with tenancy.system("seen by no other sweep, and undone"), transaction.atomic():
        IdempotencyRecord.objects.filter(created_at__lt=timezone.now() - _LONG_AGO).delete()
        old = [answer(whom, f"old {n}", days=9) for n in range(_BATCH)]
        IdempotencyRecord.objects.bulk_create(
            [*old, answer(whom, "later"), answer(whom, "young", days=6)]
        )
        left = IdempotencyRecord.objects.filter(organisation_id=whom)
        assert sweeps.forget_answers() == _BATCH
        assert set(left.values_list("key", flat=True)) == {"later", "young"}
        assert sweeps.forget_answers() >= 1
        assert set(left.values_list("key", flat=True)) == {"young"}
        transaction.set_rollback(True)


def test_one_sweep_forgets_all_that_came_since_the_last_however_much() -> None:
    whom = funded().organisation.pk
    with psycopg.connect(product.DATABASE_OWNER_URL) as writer:  # as many as 400/s write in 40 s
        writer.execute("SELECT set_config('app.tenant', '*', true)")
        writer.execute(
            "INSERT INTO accounts_apicall (organisation_id, livemode, request_id, at, method, "
            "path, query, credential, end_user, address, request_headers, request_body, "
            "response_headers, response_body) "
            "SELECT %s, false, gen_random_uuid(), now() - interval '1 year', 'GET', '/', '', '', "
            "'', '', '{}', '', '{}', '' FROM generate_series(1, %s)",
            [whom, 3 * _BATCH + 1],
        )
    sweeps.run()
    with tenancy.scope(whom):
        assert not ApiCall.objects.exists()


def test_settled_events_of_the_payment_service_are_forgotten_after_three_months() -> None:
    def event(name: str, days: int, state: EventState) -> str:
        made = PaymentEvent.objects.create(
            vendor="sandbox", stripe_id=f"evt_{secrets.token_hex(8)}", type="invoice.paid",
            subject=name, said_at=timezone.now(), payload={}, state=state,
            received_at=timezone.now() - timedelta(days=days),
        )  # fmt: skip
        return made.stripe_id

    old = event("in_1", 91, EventState.DONE)
    young, owed = event("in_2", 89, EventState.DONE), event("in_3", 99, EventState.FAILED)
    assert inbox.forget_old() >= 1
    left = PaymentEvent.objects.filter(stripe_id__in=[old, young, owed])
    assert set(left.values_list("stripe_id", flat=True)) == {young, owed}
    left.delete()


def test_no_wallet_is_held_while_old_answers_are_forgotten() -> None:
    whom = purse.organisation().pk
    soon = timezone.now() + timedelta(days=1)
    ledger.grant(whom, LIVE, 50, LotSource.PROMO, reference="promo", expires_at=soon)
    purse.let_days_pass(whom, 2)
    with tenancy.scope(whom):
        kept = answer(whom, "held")
        kept.save()

    def sweep() -> None:
        try:
            sweeps.run()
        finally:
            connection.close()

    def expired() -> bool:
        with tenancy.scope(whom):
            return not Lot.objects.filter(open=True).exists()

    with ThreadPoolExecutor(1) as threads:
        with psycopg.connect(product.DATABASE_OWNER_URL) as other:
            other.execute("SELECT set_config('app.tenant', '*', true)")
            query = "SELECT FROM accounts_idempotencyrecord WHERE id = %s FOR UPDATE"
            assert other.execute(query, [kept.pk]).rowcount == 1
            running = threads.submit(sweep)
            until(expired, what="the end of the credits")
            assert not running.done()
        running.result(timeout=60)
