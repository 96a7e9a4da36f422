"""What the wallet's pages tell: what is owed, why it is frozen, what ends when, who did what."""

from __future__ import annotations

import re
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from accounts import tenancy
from accounts.models import ApiKey
from billing import ledger
from billing.ledger import Spender
from billing.models import Lot, LotSource
from tests.billing.purse import LIVE
from tests.billing.test_exports import signed_in
from tests.people import Customer, customer


def read(client: Client, address: str, status: int = 200) -> str:
    """The page's words."""
    page = client.get(address)
    assert page.status_code == status
    return " ".join(re.sub(r"<[^>]*>", " ", page.content.decode()).split())


def bought_and_spent() -> Customer:
    """700 credits bought and a bonus that ends; 70 spent by a key, the payment taken back."""
    person = customer()
    alice = person.organisation.pk
    with tenancy.scope(alice):
        key = ApiKey.objects.get(organisation_id=alice, livemode=True)
    ledger.grant(alice, LIVE, 700, LotSource.PURCHASE, reference="purchase:pur_7", cents=1960)
    held = ledger.reserve(
        alice, LIVE, 70, reference="gen_7", spender=Spender(0, f"key:{key.pk}", "kling-v1")
    )
    with tenancy.scope(alice):
        ledger.capture(held.hold_id, 70)
    ledger.claw_back(
        alice, LIVE, 700, purchase="purchase:pur_7", reference="dispute:dp_1", reason="Disputed"
    )
    ledger.freeze(alice, LIVE, cause="dispute:dp_1", reason="Your bank disputes a payment.")
    ends = timezone.now() + timedelta(days=9)
    reference = "purchase:pur_7:bonus"
    ledger.grant(alice, LIVE, 110, LotSource.BONUS, reference=reference, expires_at=ends)
    return person


def test_the_wallet_tells_what_is_owed_why_it_is_frozen_what_ends_and_the_pace() -> None:
    words = read(signed_in(bought_and_spent()), "/billing/")
    assert "You owe 70 credits." in words
    assert "Your bank was told that a payment for credits was not right" in words
    assert "in 9 days" in words
    assert "10 credits a day over the last 7 days" in words
    assert re.search(r"Available 1\d0 ", words)


def test_each_line_leads_to_its_job_its_lot_and_its_purchase_and_says_who() -> None:
    person = bought_and_spent()
    client = signed_in(person)
    with tenancy.scope(person.organisation.pk):
        lot = Lot.objects.get(reference="purchase:pur_7", organisation=person.organisation)
    page = client.get("/billing/statement").content.decode()
    for address in (
        "/app/jobs/gen_7",
        "/billing/purchases/pur_7",
        f"/billing/statement/entries?lot={lot.public_id}",
    ):
        assert f'href="{address}"' in page
    words = read(client, "/billing/statement/entries?generation=gen_7")
    assert f"live (…{person.live_key[-4:]})" in words
    assert "2 entries fit the filters, together −70 credits." in words
    assert "Wallet before 0 + All changes" in words
    films = read(client, "/billing/statement?type=film")
    assert "1 line fits the filters: −70 credits. The sum below is of the whole wallet" in films
    assert "fit the filters" not in read(client, "/billing/statement?from=2026-01-01")
    assert "Film delivered, reservation spent" in words
    none = read(client, "/billing/statement?to=2020-01-01")
    assert "No line fits these filters." in none
    for asked, said in (
        ("from=yesterday", "The first day is a day of the calendar, written like 2026-11-23."),
        ("to=2026-02-30", "The last day is a day of the calendar, written like 2026-11-30."),
        ("from=2026-11-02&to=2026-11-01", "The last day comes before the first"),
        ("lot=x", "A lot is written like lot_"),
    ):
        assert said in read(client, f"/billing/statement?{asked}", status=422)


def test_a_wallet_that_nothing_was_spent_from_says_so() -> None:
    words = read(signed_in(customer()), "/billing/")
    assert "Nothing was spent in the last 7 days." in words
    assert "frozen" not in words
    assert "You owe" not in words
