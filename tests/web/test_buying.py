"""Where credits are for sale: the price page reckons, the wallet's page sells, codes give some."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
import requests
from django.test import Client
from playwright.sync_api import expect

from accounts.models import Role
from billing import offers, prices, vouchers, ways
from billing.models import Voucher
from generations.catalogue import billable, validation
from tests.generations.programs import available, funded
from tests.people import Customer, lowered
from tests.web.conftest import Visitor


def reckoned(site: str, films: object, variant: str) -> str:
    """What the price page answers, in words."""
    asked = {"films": str(films), "variant": variant}
    page = requests.get(f"{site}/pricing", params=asked, timeout=60).text
    answer = page.partition("data-way>")[2].partition("</output>")[0]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", answer)).split())


def test_the_price_page_reckons_with_the_prices_that_orders_cost(site: str) -> None:
    fields = {"model": "kling-v2-6", "mode": "pro", "prompt": "A boat", "sound": True}
    each = prices.price([billable.item(validation.check(fields).params)]).credits
    way = ways.cheapest(100 * each, offers.everything())
    assert way is not None
    answer = reckoned(site, 100, "kling-v2-6:pro:native")
    assert answer.startswith("Cheapest packs and plan for that")
    assert all(part.offer.name in answer for part in way.parts)
    page = requests.get(f"{site}/pricing", timeout=60).text
    (*steps,) = re.findall(r'href="#(offer-[^"]*)"', page.partition("data-way>")[2])
    assert steps
    assert all(f'id="{step}"' in page for step in steps)
    left = way.credits - 100 * each
    packs = any(part.offer.kind == "pack" for part in way.parts)
    month, over = ("the first month", "left over for the next") if packs and left else (
        "a month", "left over",
    )  # fmt: skip
    assert f"${way.cents / 100:,.2f} {month}" in answer
    assert answer.endswith(f"{each} credits a film · {100 * each:,} a month · {left:,} {over}")
    assert reckoned(site, "1,000", "kling-v1:std:none") == reckoned(site, 1000, "kling-v1:std:none")
    for nonsense in ("0", "-5", "1.5", "many", "1e3", "99,999,999", "1000001", "٣", "9" * 5000):
        said = reckoned(site, nonsense, "kling-v1:std:none")
        assert "cannot be reckoned: write a whole number of films from 1 to 1,000,000" in said
        assert "$" not in said
    assert reckoned(site, "", "").startswith("Write how many films: a whole number")


def test_the_price_page_has_the_figures_and_the_version_of_the_api(site: str) -> None:
    page = requests.get(f"{site}/pricing", timeout=60).text
    listed = requests.get(f"{site}/api/v1/prices", timeout=60).json()
    assert f"Price book {listed['version']}," in page
    shown = re.findall(r'<td class="number">(\d+)</td><td class="number">\$([\d.]+)</td>', page)
    told = [(str(row["credits"]), f"{float(row['usd']):.3f}") for row in listed["data"]]
    assert sorted(shown) == sorted(told)


def browser(customer: Customer, role: Role = Role.OWNER) -> Client:
    """Signed in, with that role."""
    if role != Role.OWNER:
        lowered(customer, role)
    client = Client(headers={"host": "localhost"})
    client.force_login(customer.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.mark.parametrize("role", Role.values)
def test_who_may_buy_has_buttons_and_the_others_the_reason(role: Role) -> None:
    page = browser(funded(), role).get("/billing/buy").content.decode()
    may = role in {Role.OWNER, Role.ADMIN, Role.BILLING}
    assert (f'name="pack" value="{offers.PACKS[0]["slug"]}"' in page) is may
    assert (f'name="plan" value="{offers.PLANS[0]["slug"]}"' in page) is may
    assert ('action="/billing/voucher"' in page) is may
    assert ("does not buy credits: ask an owner" in page) is not may
    assert "$28.00" in page


def test_a_code_typed_on_the_page_adds_its_credits_and_a_wrong_one_says_so() -> None:
    alice = funded()
    client = browser(alice)
    made = Voucher.objects.create(code=vouchers.new_code(), credits=250)
    for code, said in (
        (made.code, "The voucher gave you 250 credits."),
        (made.code, "Your organisation has used this voucher"),
        ("nothing", "This code gives nothing"),
        ("", "This code gives nothing"),
    ):
        answer = client.post("/billing/voucher", {"code": code}, follow=True)
        assert said in answer.content.decode()
    assert available(alice, livemode=True) == 310
    client.post("/app/mode", {"mode": "test"})
    page = client.get("/billing/buy").content.decode()
    assert "Switch to live mode" in page
    assert 'name="pack"' not in page


@pytest.mark.browser  # last: while Playwright runs, Django's ORM refuses this thread
def test_the_sum_as_one_types_is_the_servers(visitor: Callable[..., Visitor]) -> None:
    person = visitor(viewport={"width": 390, "height": 800})
    page = person.go("/pricing")
    page.evaluate(
        "document.querySelectorAll('.offers > :nth-child(n + 5)').forEach(o => o.remove())"
    )
    assert page.evaluate("document.documentElement.scrollHeight") < 8 * 800
    for films in ("23", "-5", "1300", "1000000"):
        page.fill("#films", films)
        said = reckoned(person.site, films, page.input_value("#variant"))
        expect(page.locator("[data-way]")).to_have_text(said, use_inner_text=True)
        wrong = "true" if "cannot be reckoned" in said else "false"
        expect(page.locator("#films")).to_have_attribute("aria-invalid", wrong)
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
