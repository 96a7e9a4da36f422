"""Where credits are for sale: the price page reckons, the wallet's page sells, codes give some."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from html import unescape

import pytest
import requests
from django.test import Client

from accounts import tenancy
from accounts.models import Membership, Role
from billing import offers, prices, vouchers
from billing.models import Voucher
from generations.catalogue import billable, validation
from tests.generations.programs import available, funded
from tests.people import Customer
from tests.web.conftest import Visitor

_ANSWER = ("label", "money", "each", "need", "left")
_RECKON = """([films, variant]) => {
  const form = document.querySelector("[data-reckon]");
  form.elements.films.value = films;
  form.elements.variant.value = variant;
  form.dispatchEvent(new Event("input"));
  return ["label", "money", "each", "need", "left"]
    .map((name) => form.querySelector(`[data-${name}]`).textContent);
}"""


def reckoned(site: str, films: object, variant: str) -> list[str]:
    """The server's answer."""
    asked = {"films": str(films), "variant": variant}
    page = requests.get(f"{site}/pricing", params=asked, timeout=60).text
    return [unescape(re.findall(rf"data-{name}>([^<]*)<", page)[0]) for name in _ANSWER]


def test_the_price_page_reckons_with_the_prices_that_orders_cost(site: str) -> None:
    fields = {"model": "kling-v2-6", "mode": "pro", "prompt": "A boat", "sound": True}
    each = prices.price([billable.item(validation.check(fields).params)]).credits
    label, money, said, need, left = reckoned(site, 100, "kling-v2-6:pro:native")
    way = offers.cheapest(100 * each, offers.everything())
    assert way is not None
    assert (said, need) == (f"{each}", f"{100 * each:,}")
    assert (way.offer.name in label, money) == (True, f"${way.cents / 100:,.2f}")
    assert left == f"{way.credits - 100 * each:,}"
    usual = reckoned(site, 100, "kling-v2-5-turbo:std:none")
    for nonsense in ("", "0", "-5", "many", "1e3", "٣" * 12):
        assert reckoned(site, nonsense, "sora:std:none") == usual


def test_the_cheapest_way_is_one_pack_several_times_or_a_plan_that_is_enough() -> None:
    small = offers.Offer("pack", "s", "Small", 100, 300)
    large = offers.Offer("pack", "l", "Large", 1_000, 2_500)
    plan = offers.Offer("plan", "p", "Plan", 500, 1_000)
    everything = [small, large, plan]
    ways = {need: offers.cheapest(need, everything) for need in (1, 301, 500, 501, 1_001)}
    found = {need: (way.offer.slug, way.times) for need, way in ways.items() if way}
    assert found == {1: ("s", 1), 301: ("p", 1), 500: ("p", 1), 501: ("s", 6), 1_001: ("s", 11)}
    assert offers.cheapest(501, [plan]) is None


def test_the_price_page_has_the_figures_and_the_version_of_the_api(site: str) -> None:
    page = requests.get(f"{site}/pricing", timeout=60).text
    listed = requests.get(f"{site}/api/v1/prices", timeout=60).json()
    assert f"Price book {listed['version']}," in page
    shown = re.findall(r'<td class="number">(\d+)</td><td class="number">\$([\d.]+)</td>', page)
    told = [(str(row["credits"]), f"{float(row['usd']):.3f}") for row in listed["data"]]
    assert sorted(shown) == sorted(told)


def browser(customer: Customer, role: Role = Role.OWNER) -> Client:
    """Signed in, with that role."""
    with tenancy.scope(customer.organisation.pk):
        Membership.objects.filter(user=customer.user).update(role=role)
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
    person = visitor()
    page = person.go("/pricing")
    variants = page.eval_on_selector_all("#variant option", "all => all.map(one => one.value)")
    chance = random.Random(20261122)
    orders = [(n, chance.choice(variants)) for n in (1, 23, 66, 67, 100, 1300, 20_000, 1_000_000)]
    for order in orders:
        assert page.evaluate(_RECKON, list(order)) == reckoned(person.site, *order)
