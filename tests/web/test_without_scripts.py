"""The site as a browser without scripts has it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.web.conftest import Visitor, png

pytestmark = pytest.mark.browser


def test_a_film_is_ordered_and_shown(visitor: Callable[..., Visitor]) -> None:
    person = visitor(java_script_enabled=False)
    person.sign_up()
    person.order("A paper boat in the rain")
    # The page asks for itself again until the film is there.
    expect(person.page.locator("video[data-film]")).to_be_visible()
    expect(person.page.locator(".state")).to_have_text("Done")


def test_a_refused_order_comes_back_whole_with_each_problem_at_its_field(
    visitor: Callable[..., Visitor],
) -> None:
    person = visitor(java_script_enabled=False)
    person.come_in()
    page = person.page
    page.fill("[name=prompt]", "b" * 2501)
    page.locator(".fold summary", has_text="Finer control").click()
    page.fill("[name=negative_prompt]", "blurry")
    page.set_input_files(
        "[name=image_file]", {"name": "a.png", "mimeType": "image/png", "buffer": png(640, 400)}
    )
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was charged.")
    expect(page.locator(".field.prompt .error")).to_contain_text("2500")
    expect(page.locator("[name=prompt]")).to_have_value("b" * 2501)
    expect(page.locator("[name=negative_prompt]")).to_have_value("blurry")
    assert page.locator("[name=image]").get_attribute("value", timeout=60_000).startswith("upl_")

    page.fill("[name=prompt]", "The boat turns")
    page.get_by_role("button", name="Generate").click()
    page.wait_for_url("**/app/jobs/gen_*")
    person.complaints.clear()  # the refusal's own status is told to the console


def test_a_small_image_is_refused_with_the_limit_it_breaks(
    visitor: Callable[..., Visitor],
) -> None:
    person = visitor(java_script_enabled=False)
    person.come_in()
    page = person.page
    page.set_input_files(
        "[name=image_file]", {"name": "a.png", "mimeType": "image/png", "buffer": png(100, 100)}
    )
    page.get_by_role("button", name="Generate").click()
    expect(page.locator("[data-frame=image] .error:visible")).to_contain_text("at least 300")
    person.complaints.clear()


def test_the_price_follows_when_asked(visitor: Callable[..., Visitor]) -> None:
    person = visitor(java_script_enabled=False)
    person.come_in()
    page = person.page
    page.locator("label.choice", has_text="10 s").click()
    page.get_by_role("button", name="Update price and options").click()
    expect(page.get_by_role("button", name="Generate · 30 credits")).to_be_visible()
    expect(page.locator(".purse b")).to_have_text("60")
