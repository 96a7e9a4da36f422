"""Pictures are cropped before they are sent, and sent only once."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.web.conftest import Visitor, png

pytestmark = pytest.mark.browser
_SIZE = "img => img.decode().then(() => [img.naturalWidth, img.naturalHeight])"


def test_a_picture_is_cropped_to_the_frame_and_begins_the_next_film_too(
    visitor: Callable[..., Visitor],
) -> None:
    person = visitor()
    person.come_in()
    page = person.page
    frame = page.locator("[data-frame=image]")
    file = {"name": "a.png", "mimeType": "image/png", "buffer": png(1200, 800)}
    frame.locator("input[type=file]").set_input_files(file)
    frame.get_by_role("button", name="Crop image").click()
    dialog = page.get_by_role("dialog", name="Crop image")
    dialog.locator("label", has_text="1:1").click()
    dialog.get_by_role("button", name="Use this part").click()
    expect(dialog).to_be_hidden()
    expect(frame.locator("img")).to_have_attribute("src", re.compile("^blob:"))
    width, height = frame.locator("img").evaluate(_SIZE)
    assert abs(width - height) <= 2
    assert 780 <= height <= 802
    page.fill("[name=prompt]", "It opens")
    page.locator("button[data-generate]").click()
    page.wait_for_url("**/app/jobs/gen_*")

    page = person.go("/app/studio")
    frame.get_by_role("link", name="From your pictures").click()
    pictures = page.get_by_role("dialog", name="Your pictures")
    pictures.get_by_role("link", name=f"Picture of {width} × {height}").click()
    expect(pictures).to_be_hidden()
    expect(frame.locator("img")).to_be_visible()
    page.locator("button[data-generate]").click()
    page.wait_for_url("**/app/jobs/gen_*")
    expect(page.locator(".sent img")).to_be_visible()
    expect(page.locator(".state")).to_have_text("Done")


def test_pictures_are_a_page_without_scripts(visitor: Callable[..., Visitor]) -> None:
    person = visitor(java_script_enabled=False)
    person.come_in()
    page = person.go("/app/pictures")
    expect(page.get_by_role("heading", name="No pictures yet")).to_be_visible()
    person.go("/app/studio")
    file = {"name": "a.png", "mimeType": "image/png", "buffer": png(640, 400)}
    page.set_input_files("[name=image_file]", file)
    page.get_by_role("button", name="Update price and options").click()
    person.go("/app/pictures")
    page.get_by_role("link", name="Picture of 640 × 400").click()
    expect(page.locator("[data-frame=image] img")).to_be_visible()
