"""Finding a film again by its words and filters; words to put into a prompt."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.web.conftest import Visitor

pytestmark = pytest.mark.browser


def test_a_film_is_found_by_its_words_and_filters(visitor: Callable[..., Visitor]) -> None:
    person = visitor()
    person.come_in()
    page = person.page
    for prompt in ("A Lighthouse at dusk", "A paper boat"):
        person.order(prompt)
        expect(page.locator("video[data-film]")).to_be_visible()
    person.order("fail:failed a lighthouse")
    expect(page.locator(".refund")).to_be_visible()

    words = page.locator(".tile .words")
    person.go("/app/library")
    expect(words).to_have_text(["A paper boat", "A Lighthouse at dusk"])
    page.get_by_label("Search the library").fill("lighthouse")
    page.get_by_role("button", name="Search").click()
    expect(words).to_have_text(["A Lighthouse at dusk"])
    page.get_by_text("Filter", exact=True).click()
    page.get_by_label("Model").select_option("Kling 3.0")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("heading", name="Nothing fits this search")).to_be_visible()
    page.get_by_role("link", name="Model Kling 3.0 Remove").click()
    expect(words).to_have_text(["A Lighthouse at dusk"])
    page.get_by_role("link", name="Clear all").click()
    expect(words).to_have_count(2)


def test_a_film_is_liked_without_a_reload_thrown_away_and_taken_back(
    visitor: Callable[..., Visitor],
) -> None:
    person = visitor()
    person.come_in()
    page = person.page
    person.order("A paper boat")
    expect(page.locator("video[data-film]")).to_be_visible()
    person.go("/app/library")
    page.evaluate("window.sameDocument = true")
    heart = page.get_by_role("button", name="Favourite: A paper boat")
    heart.click()
    expect(heart).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("window.sameDocument") is True
    page.get_by_role("link", name="A paper boat").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("A paper boat")
    page.get_by_text("Python", exact=True).click()
    expect(page.locator("pre.code:visible")).to_contain_text("import httpx")
    page.get_by_role("button", name="Move to trash").click()
    expect(page.locator(".tile").filter(has_text="A paper boat")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".tile .words")).to_have_text(["A paper boat"])


def test_a_phrase_goes_into_the_prompt_and_out_again(visitor: Callable[..., Visitor]) -> None:
    person = visitor()
    person.come_in()
    page = person.page
    prompt = page.locator("[name=prompt]")
    prompt.fill("A red boat")
    page.get_by_role("button", name="golden hour").click()
    page.get_by_role("button", name="35 mm film").click()
    expect(prompt).to_have_value("A red boat, golden hour, 35 mm film")
    expect(page.get_by_role("button", name="golden hour")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="golden hour").click()
    expect(prompt).to_have_value("A red boat, 35 mm film")
