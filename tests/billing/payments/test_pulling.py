"""What nobody told the end of is looked at all the same; a service that is away harms nobody."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import override_settings
from django.utils import timezone

from accounts import tenancy
from billing.models import Purchase
from billing.payments import pulling
from tests.billing.payments.shop import Buyer, post, told_of
from tests.payments_sandbox.service import Service


def test_a_checkout_older_than_a_day_is_asked_about(
    silent: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = Buyer()
    lost, paid, bare, young = [alice.begin() for _ in range(4)]
    silent.pay(paid.pay_url)
    long_ago = timezone.now() - timedelta(hours=26)
    with tenancy.scope(alice.id):
        Purchase.objects.filter(pk__in=[lost.pk, paid.pk, bare.pk]).update(created_at=long_ago)
        Purchase.objects.filter(pk=lost.pk).update(session_id=f"cs_{lost.public_id}")
        Purchase.objects.filter(pk=bare.pk).update(session_id=None)  # as where we died
    monkeypatch.setattr(pulling, "_AT_ONCE", 1)
    for _ in range(2):  # what stays open comes last the next time
        pulling._end_abandoned()
    said = [alice.now(one).status for one in (lost, paid, bare, young)]
    assert said == ["open", "paid", "expired", "open"]
    assert (alice.gained, alice.proven()) == (1050, True)


def test_one_event_that_came_hides_none_that_did_not_come_before_it(
    site: str, silent: Service
) -> None:
    alice, bob = Buyer(), Buyer()
    pulling.run()
    lost = alice.begin()
    silent.pay(lost.pay_url)
    silent.advance(days=5)
    came = bob.begin()
    silent.pay(came.pay_url)
    intent = str(silent.v1.checkout.sessions.retrieve(str(came.session_id)).payment_intent)
    assert {post(site, event) for event in told_of(silent, came, intent)} == {200}
    assert pulling.run() > 0
    assert (alice.until(lost, status="paid").status, alice.gained) == ("paid", 1050)


def test_the_pull_comes_once_an_hour_and_soon_again_when_nobody_answered(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cache.delete(pulling._PULLED)
    with override_settings(PAYMENTS_API_BASE="http://127.0.0.1:1"):
        assert pulling.when_due() == 0
        assert caplog.text.count("events were not asked for") == 1
        assert pulling.when_due() == 0
        assert caplog.text.count("events were not asked for") == 1  # not at once
    assert cache.get(pulling._PULLED)
    cache.delete(pulling._PULLED)
    with override_settings(PAYMENTS_KEY=""):
        assert pulling.when_due() == 0
    assert not cache.get(pulling._PULLED)
