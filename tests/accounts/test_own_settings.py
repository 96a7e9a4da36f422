"""One's own settings: they are kept, and pages follow them."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.accounts.test_team_pages import inside, text
from tests.people import Customer, customer


@pytest.fixture
def alice() -> Customer:
    return customer()


@pytest.fixture
def browser(alice: Customer) -> Client:
    return inside(alice)


def test_a_profile_is_kept_and_moments_are_told_in_its_zone(
    browser: Client, alice: Customer
) -> None:
    page = "/app/settings/profile"
    wrong = browser.post(page, {"name": "Alice", "time_zone": "Moon/Tranquility"})
    assert wrong.status_code == 422
    assert b'value="Alice"' in wrong.content
    alice.user.refresh_from_db()
    assert (alice.user.name, alice.user.time_zone) == ("", "")
    browser.post(page, {"name": "Alice", "language": "en", "time_zone": "Asia/Tokyo"})
    team = browser.get("/app/team")
    assert b'data-zone="Asia/Tokyo"' in team.content
    assert " JST" in text(team)
    assert browser.cookies["django_language"].value == "en"
    assert "UTC" in text(inside(customer("bob")).get("/app/team"))


def test_looks_and_shortcuts_go_with_the_person(browser: Client, alice: Customer) -> None:
    browser.post(
        "/app/settings/appearance", {"theme": "dark", "density": "compact", "motion": "reduce"}
    )
    browser.post("/app/settings/shortcuts", {"on": ["player"]})
    page = inside(alice).get("/app/studio").content.decode()  # another browser
    for kept in ('data-density="compact"', 'data-motion="reduce"', 'off="generate prompts"'):
        assert kept in page
    assert 'data-theme="dark"' not in page
    assert b'data-theme="dark"' in browser.get("/app/studio").content
    browser.post("/app/settings/appearance", {"density": "tiny"})
    alice.user.refresh_from_db()
    assert (alice.user.density, alice.user.motion) == ("", "")
