"""Margin: what films earned less what upstreams took, and what was paid for nothing beside it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from django.test import override_settings
from django.utils import timezone

from accounts import tenancy
from billing import ledger, months, revenue
from billing.models import LotSource
from billing.revenue import Kind
from generations import margin
from generations.models import Attempt
from tests.generations.programs import FILM, funded, native, settled


def test_each_film_has_its_revenue_and_cost_and_failures_cost_apart(site: str) -> None:
    alice = funded()
    mine = alice.organisation.pk
    program = native(site, alice.live_key)
    ledger.grant(
        mine, True, 1000, LotSource.PURCHASE, reference="purchase:p", cents=2500,
        expires_at=timezone.now() + timedelta(hours=1),
    )  # fmt: skip
    prompts = "A kite", "A boat", "A kite fail:corrupt", "A kite fail:failed"
    sent = [program.post("/generations", {**FILM, "prompt": words}).json() for words in prompts]
    orders = [order["id"] for order in sent]
    ends = [settled(program, order)["status"] for order in orders]
    assert ends == ["succeeded", "succeeded", "failed", "failed"]
    today = months.today()
    days = today - timedelta(days=1), today  # midnight may pass

    told = margin.report(*days, mine)
    (line,) = told.made
    assert (line.model, line.films, line.share.credits) == ("kling-v1", 2, 20)
    assert (line.share.cents, line.cost, line.estimated) == (50, 28, 0)
    with override_settings(CURRENCY="eur", CURRENCY_PER_DOLLAR="0.5"):
        assert margin.report(*days, mine).made[0].cost == 14
    assert (line.margin, line.percent) == (22, 44)
    (lost,) = told.failed  # its film could not be used, the other was not billed
    assert (lost.films, lost.cost, lost.estimated, lost.percent) == (1, 14, 0, None)
    assert (told.total.margin, told.total.share) == (
        8, revenue.report(*days, mine).total(Kind.SPENT),
    )  # fmt: skip

    with tenancy.scope(mine):
        tries = Attempt.objects.filter(generation__public_id__in=[orders[0], orders[2]])
        tries.update(upstream_cost=None)
        book = tries[0].account.usd_per_unit("kling-v1")
        ledger.capture(ledger.reserve(mine, True, 8, reference="by hand").hold_id, 5)
    told = margin.report(*days, mine)
    guess = Fraction(book) * 100
    (line, other), (lost,) = told.made, told.failed
    assert (line.cost, line.estimated) == (14 + guess, guess)
    assert (lost.cost, lost.estimated) == (guess, guess)
    assert (other.model, other.account, other.films) == ("", "", 1)
    assert (other.share.credits, other.share.cents, other.cost) == (5, Fraction(25, 2), 0)
    assert margin.report(*days).total.share.cents >= told.total.share.cents
    assert margin.report(today + timedelta(days=9), today + timedelta(days=9), mine).made == ()
    assert book == Decimal("0.14")
