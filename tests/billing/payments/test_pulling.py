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
from tests.billing.payments.shop import Buyer
from tests.payments_sandbox.service import Service


def test_a_checkout_older_than_a_day_is_asked_about(silent: Service) -> None:
    alice = Buyer()
    paid, bare, young = alice.begin(), alice.begin(), alice.begin()
    silent.pay(paid.pay_url)
    long_ago = timezone.now() - timedelta(hours=26)
    with tenancy.scope(alice.id):
        Purchase.objects.filter(pk__in=[paid.pk, bare.pk]).update(created_at=long_ago)
        Purchase.objects.filter(pk=bare.pk).update(session_id=None)  # as where we died
    pulling._end_abandoned()
    assert [alice.now(one).status for one in (paid, bare, young)] == ["paid", "expired", "open"]
    assert (alice.gained, alice.proven()) == (1050, True)


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
