"""A developer in a browser: the playground follows the form, and the log follows the programs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.web.conftest import Visitor

pytestmark = pytest.mark.browser


def test_the_playground_follows_the_form_and_shows_the_film_it_ran(
    visitor: Callable[..., Visitor],
) -> None:
    person = visitor()
    person.come_in()
    page = person.go("/dev/playground")
    page.select_option("#model", "kling-v1")
    expect(page.locator("#json")).to_have_value(
        '{\n  "model": "kling-v1",\n  "prompt": "A lighthouse in a storm at dusk"\n}'
    )
    page.fill("#f-prompt", "A red kite")
    page.select_option("#f-mode", "pro")
    expect(page.locator(".price")).to_contain_text("35 credits")
    expect(page.locator("#json")).to_have_value(
        '{\n  "model": "kling-v1",\n  "prompt": "A red kite",\n  "mode": "pro"\n}'
    )
    expect(page).to_have_url(
        f"{person.site}/dev/playground?model=kling-v1&prompt=A+red+kite&mode=pro&dialect=native"
    )
    page.get_by_role("button", name="Run it").click()
    expect(page.locator("#ran video")).to_be_visible()
    page.go_back()
    expect(page.locator("#f-prompt")).to_have_value("A red kite")


def test_a_followed_log_shows_a_call_without_a_reload(visitor: Callable[..., Visitor]) -> None:
    person = visitor()
    person.come_in()
    page = person.go("/dev/keys")
    page.get_by_role("button", name="Make a live key").click()
    key = page.locator("#new-key").inner_text()
    page = person.go("/dev/logs?live=1")
    said = {"Authorization": f"Bearer {key}"}
    page.request.get(f"{person.site}/api/v1/wallet", headers=said)
    expect(page.locator("#calls")).to_contain_text("/api/v1/wallet")
    page.get_by_role("link", name="GET /api/v1/wallet").click()
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    page = person.go("/dev/keys")
    page.get_by_text("Build or read a token").click()
    page.fill("#jwt-key", "ak_1")
    page.fill("#jwt-secret", "sk_1")
    page.get_by_role("button", name="Build a token").click()
    expect(page.locator("[data-read]")).to_contain_text("It is valid now")
