"""Finding a film again by its words and filters; words to put into a prompt."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
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


def test_films_are_chosen_in_a_range_compared_and_played_together(
    visitor: Callable[..., Visitor],
) -> None:
    person = visitor()
    person.come_in()
    page = person.page
    for prompt in ("A kite", "A boat", "The sea"):
        person.order(prompt)
        expect(page.locator("video[data-film]")).to_be_visible()
    person.go("/app/library")
    bar = page.get_by_role("form", name="Chosen films")
    expect(bar).to_be_hidden()
    page.get_by_label("Choose: The sea").check()
    page.get_by_label("Choose: A kite").click(modifiers=["Shift"])
    expect(bar).to_contain_text("3 chosen")
    page.get_by_label("Choose: A boat").focus()
    page.keyboard.press("Space")
    expect(bar).to_contain_text("2 chosen")
    with page.expect_download() as download:
        bar.get_by_role("button", name="Download ZIP").click()
    assert download.value.suggested_filename.startswith("films-")
    bar.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2 films side by side")
    assert Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"] == []
    page.get_by_role("slider", name="Moment in all films").fill("0.5")
    times = "() => [...document.querySelectorAll('video')].map(film => film.currentTime)"
    one, other = page.evaluate(times)
    assert one == other > 1
    page.get_by_role("button", name="Play all").click()
    page.wait_for_function(f"() => ({times})().every(time => time > {one} + 0.2)")
    one, other = page.evaluate(times)
    assert abs(one - other) < 0.3


def test_a_phrase_goes_into_the_prompt_and_out_again(visitor: Callable[..., Visitor]) -> None:
    person = visitor()
    person.come_in()
    page = person.page
    prompt = page.locator("[name=prompt]")
    prompt.fill("A red boat")
    page.locator("[data-part=light]").click()
    page.get_by_role("button", name="golden hour").click()
    page.locator("[data-part=atmosphere]").click()
    page.get_by_role("button", name="35 mm film").click()
    expect(prompt).to_have_value("A red boat, golden hour, 35 mm film")
    page.locator("[data-part=light]").click()
    expect(page.get_by_role("button", name="golden hour")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="golden hour").click()
    expect(prompt).to_have_value("A red boat, 35 mm film")
