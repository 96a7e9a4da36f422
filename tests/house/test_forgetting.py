"""What is forgotten after a while, and what is not."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from accounts import outbox, tenancy
from accounts.models import OutboxMessage
from billing import quotes
from billing.models import Quote
from generations import submission
from generations.catalogue import billable
from generations.submission import Submission
from tests.generations.orders import actor
from tests.generations.programs import FILM, funded

_LONG_AGO = timedelta(days=8)


def test_news_told_a_week_ago_is_forgotten_and_what_is_owed_is_not() -> None:
    whom = funded().organisation.pk
    old = {"created_at": timezone.now() - _LONG_AGO, "organisation_id": whom, "livemode": False}
    with tenancy.scope(whom):
        OutboxMessage.objects.bulk_create(
            [
                OutboxMessage(subject="told", next_attempt_at=None, **old),
                OutboxMessage(
                    subject="owed", next_attempt_at=timezone.now() + timedelta(days=1), **old
                ),
                OutboxMessage(
                    subject="new", next_attempt_at=None, organisation_id=whom, livemode=False
                ),
            ]
        )
    assert outbox.forget_old() >= 1
    with tenancy.scope(whom):
        left = OutboxMessage.objects.filter(subject__in=["told", "owed", "new"])
        assert set(left.values_list("subject", flat=True)) == {"owed", "new"}


def test_an_old_quote_is_forgotten_unless_it_was_ordered_by() -> None:
    alice = funded()
    who = actor(alice)
    params = submission.prepare(who, Submission(fields=FILM, door="native")).params
    used, unused, fresh = (
        quotes.make(
            who.organisation_id,
            who.livemode,
            [billable.item(params)],
            submission.params_fingerprint(params),
        ).public_id
        for _ in range(3)
    )
    submission.submit(who, Submission(fields=FILM, door="native", quote_id=used), lambda g: "")
    with tenancy.scope(alice.organisation.pk):
        mine = Quote.objects.filter(organisation=alice.organisation)
        mine.filter(public_id__in=[used, unused]).update(expires_at=timezone.now() - _LONG_AGO)
    assert quotes.forget_expired() >= 1
    with tenancy.scope(alice.organisation.pk):
        assert set(mine.all().values_list("public_id", flat=True)) == {used, fresh}
