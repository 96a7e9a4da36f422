"""What is for sale: the rows a place begins with, and what operators make of them."""

from __future__ import annotations

import html
import re
import secrets
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.http import HttpResponse
from django.test import Client, override_settings
from django.utils import timezone

from accounts.models import User
from billing import offers, titles, vouchers
from billing.errors import UnknownOffer
from billing.models import Pack, Plan, Voucher
from generations.catalogue import billable
from tests.billing.test_plan_prices import browser, subscribe
from tests.generations.programs import funded

OTHERS = 99  # the position of what other tests sell


@pytest.fixture(autouse=True)
def as_published() -> Iterator[None]:
    yield
    for row in offers.PACKS:
        Pack.objects.update_or_create(slug=row["slug"], defaults={**row, "active": True})


def test_a_place_offers_packs_at_list_price_and_plans_for_less() -> None:
    packs = [pack for pack in offers.packs() if pack.position < OTHERS]
    assert [pack.slug for pack in packs] == [row["slug"] for row in offers.PACKS]
    usd = Decimal(settings.USD_PER_CREDIT)
    for pack in packs:
        assert pack.price_cents == pack.credits * usd * 100
        assert pack.valid_days == 365
    rates = [plan.price_cents / plan.credits for plan in offers.plans() if plan.position < OTHERS]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] < usd * 100
    assert offers.pack("pack-350").credits == 350
    assert offers.plan("crew").credits == 4_000


def test_a_restart_makes_what_is_missing_and_leaves_what_an_operator_changed() -> None:
    Pack.objects.filter(slug="pack-350").update(price_cents=1_000)
    Pack.objects.filter(slug="pack-1000").update(active=False)
    Plan.objects.filter(slug="house").delete()
    call_command("publish_prices")
    assert offers.pack("pack-350").price_cents == 1_000
    assert offers.plan("house").price_cents == 44_000
    with pytest.raises(UnknownOffer, match="pack-1000"):
        offers.pack("pack-1000")
    with pytest.raises(UnknownOffer, match="no plan 'pack-350'"):
        offers.plan("pack-350")


LOCKED, NEW = "effects", "add-selection"  # products that no other test orders live


def words(client: Client, address: str) -> str:
    """The page as it is read."""
    page = html.unescape(re.sub(r"<[^>]*>", " ", client.get(address).content.decode()))
    return " ".join(page.split())


def test_what_ends_and_opens_with_another_plan_is_said_before_it_is_chosen() -> None:
    alice = funded()
    client = browser(alice)
    usual = {"credits": 10, "price_cents": 1_000, "position": OTHERS}
    with transaction.atomic(), override_settings(FILM_RETENTION_DAYS=30):
        old = Plan.objects.create(slug="old", name="Old club", unlocks=[LOCKED], **usual)
        rest = {**usual, "price_cents": 2_000, "unlocks": [NEW]}
        Plan.objects.create(slug="new", name="New club", **rest)
        names = titles.of_skus()
        ends, opens = names[LOCKED], names[NEW]
        subscribe(alice.organisation.pk, old, period_ends_at=timezone.now())
        page = words(client, "/billing/plan")
        assert f"{opens} is unlocked at once." in page
        assert page.count(f"What ends with Old club: {ends}.") == len(offers.plans())
        assert "Without a plan films are kept for 30 days." in words(client, "/billing/buy")
        page = words(client, "/pricing")
        assert "When films end Without a plan films are kept for 30 days." in page
        assert "Old club your plan" in page
        assert f"Every model but {opens}, on the website and over the API" in page
        assert f"Every model but {ends}, {opens}, on the website and over the API" in page
        assert 'href="/billing/buy#offer-new"' in client.get("/pricing").content.decode()
        transaction.set_rollback(True)
    assert "Without a plan" not in words(client, "/pricing")
    assert "Every model, on the website and over the API" in words(client, "/pricing")


@pytest.fixture(scope="module")
def console() -> Client:
    """An operator with every permission."""
    client = Client(headers={"host": "localhost"})
    user = User.objects.filter(is_superuser=True).first()
    assert user is not None
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def form(**fields: Any) -> dict[str, Any]:
    """What the page of an offer sends, with its rows of prices or uses."""
    rows = {
        f"{name}-{what}_FORMS": count
        for name in ("prices", "used")
        for what, count in (("TOTAL", fields.pop("rows", 1) if name == "prices" else 0),
                            ("INITIAL", 0))
    }  # fmt: skip
    return {"active": "on", "position": 9, **rows, **fields}


def errors(page: HttpResponse) -> list[str]:
    """What it says to be wrong, field by field."""
    lists = re.findall(r'<ul class="errorlist[^>]*>(.*?)</ul>', page.content.decode(), re.S)
    return [html.unescape(said) for one in lists for said in re.findall("<li>(.*?)</li>", one)]


def test_an_operator_adds_and_changes_offers_and_deletes_none(console: Client) -> None:
    slug, code = secrets.token_hex(6), vouchers.new_code()
    pack = form(slug=slug, name="Week", credits=70, bonus_credits=0, price_cents=190)
    assert console.post("/admin/billing/pack/add/", pack).status_code == 302
    week = offers.pack(slug)
    changed = {**pack, "slug": "another", "price_cents": 180, "active": ""}
    assert console.post(f"/admin/billing/pack/{week.pk}/change/", changed).status_code == 302
    week.refresh_from_db()
    assert (week.slug, week.price_cents, week.active) == (slug, 180, False)
    assert console.post(f"/admin/billing/pack/{week.pk}/delete/").status_code == 403

    row = next(row for row in billable.list_prices() if row.sku == "kling-v1")
    price = {"prices-0-sku": row.sku, "prices-0-unit": row.unit, "prices-0-credits": 9}
    plan = form(slug=slug, name="Club", credits=70, rollover_credits=0, price_cents=150, active="")
    unsold = console.post("/admin/billing/plan/add/", {**plan, **price, "prices-0-key": "mode=x"})
    assert "The price list has no kling-v1 mode=x per clip" in unsold.content.decode()
    sold = console.post("/admin/billing/plan/add/", {**plan, **price, "prices-0-key": row.key})
    assert sold.status_code == 302
    assert Plan.objects.get(slug=slug).prices.get().credits == 9
    Plan.objects.get(slug=slug).prices.all().delete()
    club, what = {**plan, "slug": f"{slug}-2", "rows": 0}, "kling-v1-6, kling-v1-6\r\nkling-v1\r\n"
    unsold = console.post("/admin/billing/plan/add/", form(**club, unlocks="kling-v1-6, sora"))
    assert errors(unsold)[0].startswith("The price list has no sora. It has: add-selection, ")
    rows = "A mail, when it is made\r\n\r\n  Help within a day \r\n"
    typed = form(**club, unlocks=what, card_lines=rows)
    assert console.post("/admin/billing/plan/add/", typed).status_code == 302
    made = Plan.objects.get(slug=f"{slug}-2")
    assert made.unlocks == ["kling-v1-6", "kling-v1"]
    assert made.card_lines == ["A mail, when it is made", "Help within a day"]
    page = console.get(f"/admin/billing/plan/{made.pk}/change/").content.decode()
    assert "\nA mail, when it is made\nHelp within a day</textarea>" in page

    voucher = form(code=code, credits=5, rows=0)
    assert console.post("/admin/billing/voucher/add/", voucher).status_code == 302
    given = Voucher.objects.get(code=code)
    assert given.created_by is not None
    Voucher.objects.filter(pk=given.pk).update(uses=3)
    changed = {**voucher, "credits": 6, "uses": 0, "code": "MINE"}
    assert console.post(f"/admin/billing/voucher/{given.pk}/change/", changed).status_code == 302
    given.refresh_from_db()
    assert (given.code, given.credits, given.uses) == (code, 6, 3)
    again = console.post("/admin/billing/voucher/add/", {**voucher, "code": code.lower()})
    assert "There is a voucher of this code" in errors(again)[0]
    fewer = {**voucher, "most_uses": 2}
    refused = console.post(f"/admin/billing/voucher/{given.pk}/change/", fewer)
    assert "It was used 3 times already" in errors(refused)[0]


MOST = "1,000,000,000,000"


@pytest.mark.parametrize(
    ("what", "field", "wrong", "said"),
    [
        ("voucher", "credits", 0, f"Write 1 to {MOST}."),
        ("voucher", "credits", 10**13, f"Write 1 to {MOST}."),
        ("voucher", "valid_days", 0, "Write 1 to 36,500."),
        ("voucher", "most_uses", 0, "Write 1 to 1,000,000,000."),
        ("voucher", "code", "<i>", "Only the letters A to Z, digits and hyphens."),
        ("pack", "credits", 0, f"Write 1 to {MOST}."),
        ("pack", "price_cents", 0, "Write 1 to 99,999,999."),
        ("pack", "valid_days", 0, "Write 1 to 36,500."),
        ("plan", "credits", 0, f"Write 1 to {MOST}."),
        ("plan", "price_cents", 0, "Write 1 to 99,999,999."),
        ("plan", "dispatch_weight", 101, "Write 1 to 100."),
        ("plan", "concurrency", 0, "Write 1 to 100,000."),
        ("plan", "prices-0-credits", 0, "Write 1 to 1,000,000,000."),
    ],
)
def test_what_nobody_can_sell_is_refused_where_it_was_typed(
    console: Client, what: str, field: str, wrong: object, said: str
) -> None:
    row = next(row for row in billable.list_prices() if row.sku == "kling-v1")
    right = form(
        slug=secrets.token_hex(6), name="Week", code=vouchers.new_code(), credits=70,
        bonus_credits=0, rollover_credits=0, price_cents=190, active="",
        **{"prices-0-sku": row.sku, "prices-0-key": row.key, "prices-0-unit": row.unit},
        **{"prices-0-credits": 9},
    )  # fmt: skip
    refused = console.post(f"/admin/billing/{what}/add/", {**right, field: wrong})
    assert refused.status_code == 200
    assert errors(refused) == [said]
