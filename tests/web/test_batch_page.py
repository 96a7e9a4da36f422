"""Many films from one text: priced row by row, ordered together at that price or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.web.conftest import Visitor

pytestmark = pytest.mark.browser


def test_a_csv_is_priced_mended_and_ordered_without_scripts(
    visitor: Callable[..., Visitor],
) -> None:
    person = visitor(java_script_enabled=False)
    person.come_in()
    page = person.go("/app/studio/batch")
    look = page.get_by_role("button", name="Look at the price")
    page.fill("[name=text]", "prompt, size\nA fox, large")
    look.click()
    expect(page.get_by_role("alert")).to_contain_text("Unknown columns: size. Known are prompt")
    rows = 'prompt,model,duration\n"A fox, red",kling-v1,5\nA boat,,7\n'
    page.fill("[name=text]", rows)
    look.click()
    expect(page.locator("tbody tr").nth(0)).to_contain_text("A fox, red")
    expect(page.locator("tbody tr").nth(0)).to_contain_text("10")
    expect(page.locator("tbody tr").nth(1).locator(".error")).to_contain_text("5 or 10")
    expect(page.get_by_role("button", name=re.compile("^Order"))).to_have_count(0)
    page.fill("[name=text]", rows.replace("7", "10"))
    look.click()
    expect(page.locator("tfoot")).to_contain_text("40")
    page.get_by_role("button", name="Order 2 films · 40 credits").click()
    expect(page.get_by_text("2 films are ordered.")).to_be_visible()
    expect(page.locator(".joblist li")).to_have_count(2)
    expect(page.locator(".purse b")).to_have_text("20")
    person.complaints.clear()  # the refusals' own statuses are told to the console


def test_more_than_the_wallet_has_is_said_and_not_offered(visitor: Callable[..., Visitor]) -> None:
    person = visitor()
    person.come_in()
    page = person.go("/app/studio/batch")
    page.fill("[name=text]", "\n".join(f"Boat {n}" for n in range(5)))
    page.get_by_role("button", name="Look at the price").click()
    expect(page.get_by_role("alert")).to_contain_text("15 credits are missing: all of it costs 75")
    expect(page.get_by_role("button", name=re.compile("^Order"))).to_have_count(0)
    expect(page.locator(".purse b")).to_have_text("60")
