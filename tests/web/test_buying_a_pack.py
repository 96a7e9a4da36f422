"""A pack is bought in a browser, on the payment service's page and back."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connection
from playwright.sync_api import Page, expect

from tests.web.conftest import Visitor

pytestmark = pytest.mark.browser
PAYS, DECLINED, ASKS = "4242 4242 4242 4242", "4000 0000 0000 0002", "4000 0027 6000 3184"


def _elsewhere(look: Callable[[], object]) -> None:
    """Django's rows are not looked at in the thread of Playwright's loop."""

    def closed() -> None:
        look()
        connection.close()

    with ThreadPoolExecutor(1) as other:
        other.submit(closed).result()


def to_the_payment_page(person: Visitor) -> Page:
    """As who presses the button of the first pack."""
    page = person.go("/billing/buy")
    page.locator("form[action$='/billing/checkout'] button").first.click()
    page.wait_for_url("**/pay/cs_test_*")
    return page


def fill(page: Page, number: str) -> None:
    page.fill("[name=number]", number)
    page.fill("[name=expiry]", "12 / 34")
    page.fill("[name=cvc]", "123")
    page.fill("[name=name]", "Ada Byron")
    page.locator("form.card button").first.click()


def faults(page: Page) -> list[str]:
    """What axe finds, and whether it scrolls sideways."""
    rules = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found += Axe().run(page, options={"runOnly": rules}).response["violations"]
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return [v["id"] for v in found] + ["scrolls sideways"] * wide


def test_refused_then_confirmed_by_the_bank_and_in_the_wallet(
    visitor: Callable[..., Visitor],
) -> None:
    person = visitor()
    email = person.sign_up()
    before = int(person.page.locator(".purse [data-available]").inner_text().replace(",", ""))
    page = to_the_payment_page(person)
    paying = page.url
    fill(page, DECLINED)
    expect(page.get_by_role("alert")).to_contain_text("declined")
    fill(page, ASKS)
    page.wait_for_url("**/3ds/*")
    page.get_by_role("button", name="Complete").click()
    page.wait_for_url("**/billing/purchases/pur_*")
    expect(page.locator("#purchase[data-status=paid]")).to_be_visible()
    expect(page.get_by_text("Payments are simulated: no card is charged.")).to_be_visible()
    assert faults(page) == []
    after = int(page.locator(".purse [data-available]").inner_text().replace(",", ""))
    bought = page.locator("dt", has_text="Credits").locator("+ dd").inner_text()
    assert after - before == sum(int(n.replace(",", "")) for n in bought.split(" + "))
    page.get_by_role("link", name="-0001").click()
    expect(page.locator("h1")).to_contain_text("nvoice")
    _elsewhere(lambda: _check_books(email))
    person.go("/billing/")
    page.goto(paying)
    expect(page.locator("h1")).to_contain_text("done")
    person.complaints.clear()  # 402 of the payment service's page


def _check_books(email: str) -> None:
    from accounts import organisations
    from accounts.models import User
    from billing import proof

    (mine,) = organisations.memberships_of(User.objects.get(email=email).pk)
    assert proof.prove(mine[0]).holds


def test_without_scripts_the_page_of_a_purchase_follows_too(
    visitor: Callable[..., Visitor],
) -> None:
    person = visitor(java_script_enabled=False, viewport={"width": 390, "height": 800})
    person.come_in()
    page = to_the_payment_page(person)
    page.get_by_role("link", name="Back without paying").click()
    page.wait_for_url("**/billing/buy")
    page = to_the_payment_page(person)
    fill(page, PAYS)
    page.wait_for_url("**/billing/purchases/pur_*")
    expect(page.locator("#purchase[data-status=paid]")).to_be_visible()
