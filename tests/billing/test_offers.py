"""What is for sale: the rows a place begins with, and what operators make of them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.conf import settings

from billing import offers
from billing.errors import UnknownOffer
from billing.models import Pack, Plan


@pytest.fixture(autouse=True)
def as_published() -> Iterator[None]:
    yield
    for row in offers.PACKS:
        Pack.objects.update_or_create(slug=row["slug"], defaults={**row, "active": True})


def test_a_place_offers_packs_at_list_price_and_plans_for_less() -> None:
    assert [pack.slug for pack in offers.packs()] == [row["slug"] for row in offers.PACKS]
    usd = Decimal(settings.USD_PER_CREDIT)
    for pack in offers.packs():
        assert pack.price_cents == pack.credits * usd * 100
        assert pack.valid_days == 365
    rates = [plan.price_cents / plan.credits for plan in offers.plans()]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] < usd * 100
    assert offers.pack("pack-350").credits == 350
    assert offers.plan("crew").credits == 4_000


def test_a_restart_makes_what_is_missing_and_leaves_what_an_operator_changed() -> None:
    Pack.objects.filter(slug="pack-350").update(price_cents=1_000)
    Pack.objects.filter(slug="pack-1000").update(active=False)
    Plan.objects.filter(slug="house").delete()
    offers.publish()
    assert offers.pack("pack-350").price_cents == 1_000
    assert offers.plan("house").price_cents == 44_000
    with pytest.raises(UnknownOffer, match="pack-1000"):
        offers.pack("pack-1000")
    with pytest.raises(UnknownOffer, match="no plan 'pack-350'"):
        offers.plan("pack-350")
