"""What a reader chose stays chosen where it can, and what cannot be sent is said at once."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.web.conftest import Visitor, png

pytestmark = pytest.mark.browser


def studio(visitor: Callable[..., Visitor], path: str = "/app/studio") -> tuple[Visitor, Page]:
    person = visitor()
    person.come_in()
    page = person.go(path)
    page.locator(".picker summary").click()
    return person, page


def take(page: Page, title: str) -> None:
    exactly = re.compile(f"^{re.escape(title)}$")
    page.locator("label.model", has=page.locator("b", has_text=exactly)).click()


def test_a_quality_that_a_model_forced_goes_with_the_model(
    visitor: Callable[..., Visitor],
) -> None:
    _person, page = studio(visitor)
    changes = page.locator("[data-changes]")
    take(page, "Kling 2.1 Master")
    expect(page.locator("[name=mode]:checked")).to_have_value("pro")
    expect(changes).to_have_text("Changed with the model: Pro 1080p.")
    take(page, "Kling 2.1")
    expect(page.locator("[name=mode]:checked")).to_have_value("std")
    expect(changes).to_have_text("Changed with the model: Standard 720p.")


def test_a_choice_of_ones_own_comes_back_with_a_model_that_has_it(
    visitor: Callable[..., Visitor],
) -> None:
    _person, page = studio(visitor, "/app/studio?model=kling-v3")
    page.locator("label.choice", has_text="4K").click()
    page.locator("label.choice", has_text="12 s").click()
    take(page, "Kling 2.5 Turbo")
    expect(page.locator("[name=mode]:checked")).to_have_value("std")
    expect(page.locator("[name=duration]:checked")).to_have_value("5")
    take(page, "Kling 3.0")
    expect(page.locator("[name=mode]:checked")).to_have_value("4k")
    expect(page.locator("[name=duration]:checked")).to_have_value("12")


def test_a_camera_move_that_a_model_lacks_is_not_left_standing(
    visitor: Callable[..., Visitor],
) -> None:
    _person, page = studio(visitor, "/app/studio?model=kling-v1")
    page.locator(".fold summary", has_text="Camera move").click()
    page.locator("label.choice", has_text="Down and back").click()
    take(page, "Kling 2.6")
    expect(page.locator("[name=camera]:checked")).to_have_value("")
    take(page, "Kling 1.0")
    expect(page.locator("[name=camera]:checked")).to_have_value("down_back")


@pytest.mark.parametrize(
    ("name", "kind", "content", "sentence"),
    [
        ("a.png", "image/png", png(100, 400), "100 × 400 pixels, each side needs at least 300"),
        ("a.png", "image/png", png(1300, 400), "1300 × 400, one side may be at most 2.5 times"),
        ("a.gif", "image/gif", b"GIF89a", "not a JPEG, PNG or WebP image"),
        ("a.png", "image/png", b"no picture", "not a JPEG, PNG or WebP image"),
        ("a.png", "image/png", b"x" * (10 * 2**20 + 2**17), "10.1 MB, the limit is 10 MB"),
    ],
    ids=["small", "wide", "type", "broken", "heavy"],
)
def test_an_image_that_cannot_be_used_is_refused_as_it_is_chosen(
    visitor: Callable[..., Visitor], name: str, kind: str, content: bytes, sentence: str
) -> None:
    _person, page = studio(visitor)
    page.set_input_files("[name=image_file]", {"name": name, "mimeType": kind, "buffer": content})
    expect(page.locator("[data-frame=image] [data-refused]")).to_contain_text(sentence)
    assert page.locator("[name=image_file]").evaluate("input => input.files.length") == 0
    expect(page.locator("[data-frame=image] .drop")).not_to_have_class(re.compile("has"))


def test_a_refused_image_is_put_aside_by_hand_before_a_film_is_ordered_without_it(
    visitor: Callable[..., Visitor],
) -> None:
    _person, page = studio(visitor)
    page.set_input_files(
        "[name=image_file]", {"name": "a.gif", "mimeType": "image/gif", "buffer": b"GIF89a"}
    )
    page.fill("[name=prompt]", "The boat turns")
    page.get_by_role("button", name="Generate").click()
    frame = page.locator("[data-frame=image]")
    expect(frame.locator("[data-remove]")).to_be_focused()
    expect(frame.locator("[data-refused]")).to_be_in_viewport()
    frame.locator("[data-remove]").click()
    expect(frame.locator("[data-refused]")).to_be_hidden()
    page.get_by_role("button", name="Generate").click()
    page.wait_for_url("**/app/jobs/gen_*")


def test_a_chosen_frame_survives_a_refused_order(visitor: Callable[..., Visitor]) -> None:
    person, page = studio(visitor, "/app/studio?model=kling-v3")
    frame = page.locator("[data-frame=image]")
    page.set_input_files(
        "[name=image_file]", {"name": "a.png", "mimeType": "image/png", "buffer": png(640, 400)}
    )
    expect(frame.locator("img")).to_be_visible()
    page.fill("[name=prompt]", "b" * 2501)
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_role("alert").first).to_contain_text("Nothing was charged.")
    assert frame.locator("img").evaluate("async i => { await i.decode(); return i.naturalWidth }")
    expect(page.locator("[name=aspect_ratio]").first).to_be_disabled()

    page.set_input_files(
        "[name=image_file]", {"name": "b.png", "mimeType": "image/png", "buffer": png(9, 9)}
    )
    expect(frame.locator("[data-refused]")).to_contain_text("at least 300")
    expect(frame.locator("img")).to_have_attribute("src", re.compile("/media/"))
    expect(page.locator(".prompt .error")).to_have_count(1)
    page.fill("[name=prompt]", "The boat turns")
    expect(page.locator(".prompt .error")).to_have_count(0)  # it was said of what stood there
    expect(page.get_by_text("Nothing was charged.")).to_have_count(0)
    page.get_by_role("button", name="Generate").click()
    page.wait_for_url("**/app/jobs/gen_*")
    person.complaints.clear()  # the refusal's own status is told to the console
