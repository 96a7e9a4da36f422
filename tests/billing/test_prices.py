"""One list of prices, in numbered versions, and quotes that bind."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from django.db import transaction
from django.utils import timezone

from accounts import tenancy
from billing import prices, quotes
from billing.errors import QuoteChanged, UnknownPrice, UnknownQuote
from billing.items import BillableItem, ListPrice
from billing.models import Plan, PlanPrice, PriceBook, Quote
from generations.catalogue import billable
from tests.billing import purse
from tests.billing.purse import LIVE

CLIP = BillableItem(
    sku="bread",
    dimensions=(("mode", "std"), ("seconds", "5")),
    quantity=1,
    unit="clip",
    description="Bread, std, 5 s",
)
SECONDS = BillableItem(
    sku="milk",
    dimensions=(("audio", "none"), ("mode", "std")),
    quantity=3,
    unit="second",
    description="Milk, std, silent",
)


def row(item: BillableItem, credits_each: int) -> ListPrice:
    return ListPrice(
        sku=item.sku,
        key=item.key,
        unit=item.unit,
        credits=credits_each,
        description=item.description,
    )


def publish(rows: list[ListPrice], name: str) -> PriceBook:
    """Beside the films' prices, which the rest of the product goes on selling at."""
    return prices.publish([*billable.list_prices(), *rows], name)


@pytest.fixture(scope="module", autouse=True)
def films_only() -> Iterator[None]:
    yield
    prices.publish(billable.list_prices(), "films")


@pytest.fixture(autouse=True)
def book() -> PriceBook:
    """Bread at 10 credits, milk at 6 a second; no name twice."""
    return publish([row(CLIP, 10), row(SECONDS, 6)], secrets.token_hex(4))


def test_a_price_is_its_row_times_the_quantity(book: PriceBook) -> None:
    priced = prices.price([CLIP, SECONDS])
    assert (priced.credits, priced.book_id) == (28, book.pk)
    assert [(line.key, line.unit_credits, line.credits) for line in priced.lines] == [
        ("mode=std,seconds=5", 10, 10),
        ("audio=none,mode=std", 6, 18),
    ]


@pytest.mark.parametrize(
    "item",
    [
        replace(CLIP, sku="kling-v9"),
        replace(CLIP, unit="second"),
        replace(CLIP, dimensions=(("mode", "pro"), ("seconds", "5"))),
        replace(CLIP, quantity=0),
    ],
)
def test_what_is_not_on_the_list_is_not_sold(item: BillableItem) -> None:
    for order in ([CLIP, item], []):
        with pytest.raises(UnknownPrice):
            prices.price(order)


def test_without_a_published_list_nothing_is_sold_and_it_says_how_to_publish_one() -> None:
    with transaction.atomic():
        PriceBook.objects.filter(status="active").update(status="retired")
        prices._forget()
        with pytest.raises(UnknownPrice, match=r"manage\.py publish_prices"):
            prices.price([CLIP])
        transaction.set_rollback(True)
    prices._forget()
    assert prices.price([CLIP]).credits == 10


def test_publishing_the_same_list_again_changes_nothing(book: PriceBook) -> None:
    assert publish([row(SECONDS, 6), row(CLIP, 10)], "again") == book
    book.refresh_from_db()
    assert book.status == "active"


def test_a_new_list_is_a_new_version_and_the_old_one_stays_readable(book: PriceBook) -> None:
    newer = publish([row(CLIP, 11)], "dearer")
    book.refresh_from_db()
    assert (newer.version, newer.status, book.status) == (book.version + 1, "active", "retired")
    assert prices.price([CLIP]).credits == 11
    assert book.prices.filter(sku__in=["bread", "milk"]).count() == 2
    assert prices.active_book().by_sku()[CLIP.sku] == [row(CLIP, 11)]
    with pytest.raises(UnknownPrice):
        prices.price([SECONDS])


def test_a_plans_prices_are_in_the_same_book_under_its_own_number() -> None:
    plan = Plan.objects.create(
        slug=f"plan-{secrets.token_hex(4)}", name="Bakers", credits=5, price_cents=1, active=False
    )
    PlanPrice.objects.create(plan=plan, sku=CLIP.sku, key=CLIP.key, unit=CLIP.unit, credits=7)
    purse.as_owner("SELECT nextval(pg_get_serial_sequence('billing_pricebook', 'id'))")
    newer = publish([row(CLIP, 11)], secrets.token_hex(4))
    everybodys = prices.active_book()
    theirs = everybodys.of_plans[plan.pk]
    plan.prices.all().delete()
    for book, credits_each in ((everybodys, 11), (theirs, 7)):
        assert (book.id, book.version) == (newer.pk, newer.version)
        assert book.rows[CLIP.sku, CLIP.key, CLIP.unit] == row(CLIP, credits_each)


def test_a_restart_leaves_an_operators_book_in_force_and_renews_its_own(book: PriceBook) -> None:
    newer = [row(CLIP, 12)]
    assert publish_list(newer, "the list") == book
    listed = publish(newer, "the list")
    assert publish_list([row(CLIP, 13)], "the list").version == listed.version + 1


def publish_list(own: list[ListPrice], name: str) -> PriceBook:
    """As a start does it, beside the list prices that other tests order at."""
    return prices.publish_list([*billable.list_prices(), *own], name)


def test_a_list_with_two_prices_for_one_thing_is_refused(book: PriceBook) -> None:
    with pytest.raises(ValueError, match="two prices for bread"):
        publish([row(CLIP, 10), row(CLIP, 11)], "unsure")
    assert prices.active_book().id == book.pk


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE billing_price SET credits = 1",
        "DELETE FROM billing_price",
        "UPDATE billing_pricebook SET name = 'other' WHERE status = 'active'",
        "UPDATE billing_pricebook SET status = 'draft' WHERE status = 'active'",
        "DELETE FROM billing_pricebook",
        "INSERT INTO billing_price (book_id, sku, key, unit, credits, description) "
        "SELECT id, 'x', '', 'clip', 1, '' FROM billing_pricebook WHERE status = 'active'",
    ],
)
def test_a_book_in_force_is_never_edited(change: str) -> None:
    with pytest.raises(psycopg.Error) as refused:
        purse.as_owner(change)
    assert refused.value.sqlstate == "KL001"


def test_a_quote_charges_what_it_says_even_when_prices_rise() -> None:
    alice = purse.organisation().pk
    quote = quotes.make(alice, LIVE, [CLIP, SECONDS], "f" * 64)
    publish([row(CLIP, 99), row(SECONDS, 99)], secrets.token_hex(4))
    found = quotes.look_up(alice, LIVE, quote.public_id)
    assert quotes.check(found, "f" * 64) == 28
    assert found.line_items[1] == {
        "sku": "milk",
        "key": "audio=none,mode=std",
        "description": "Milk, std, silent",
        "unit": "second",
        "quantity": 3,
        "unit_credits": 6,
        "credits": 18,
    }


def test_a_quote_binds_for_its_own_parameters_until_it_expires() -> None:
    alice = purse.organisation().pk
    quote = quotes.make(alice, LIVE, [CLIP], "f" * 64)
    with pytest.raises(QuoteChanged, match="other parameters"):
        quotes.check(quote, "0" * 64)
    with tenancy.scope(alice):
        Quote.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(QuoteChanged, match="expired"):
        quotes.check(quotes.look_up(alice, LIVE, quote.public_id), "f" * 64)


def test_a_quote_of_another_tenant_or_mode_is_unknown() -> None:
    alice, mallory = purse.organisation().pk, purse.organisation().pk
    quotes.make(alice, LIVE, [SECONDS], "e" * 64)
    quote = quotes.make(alice, LIVE, [CLIP], "f" * 64)
    assert quotes.look_up(alice, LIVE, quote.public_id) == quote
    for organisation, livemode in ((mallory, LIVE), (alice, not LIVE)):
        with pytest.raises(UnknownQuote):
            quotes.look_up(organisation, livemode, quote.public_id)
