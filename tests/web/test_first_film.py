"""A stranger makes a film; a film fails; two presses make one job."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.web.conftest import PASSWORD, Visitor

pytestmark = pytest.mark.browser
_PLAYING = """() => {
  const film = document.querySelector("video[data-film]");
  return film && !film.paused && film.currentTime > 0.2;
}"""


def test_a_stranger_sees_a_film_play_after_three_clicks_and_two_fields(
    visitor: Callable[..., Visitor],
) -> None:
    stranger = visitor(reduced_motion="no-preference")
    page = stranger.go("/")
    clicks, fields = 0, 0

    page.locator("main").get_by_role("link", name="Start free").first.click()
    clicks += 1
    for name, value in (("email", "three-clicks@example.org"), ("password1", PASSWORD)):
        page.fill(f"input[name={name}]", value)
        fields += 1
    assert page.locator("main input:visible").count() == fields
    page.get_by_role("button", name="Make my account").click()
    clicks += 1
    expect(page.locator("[name=prompt]")).to_have_value(re.compile("lighthouse"))
    page.get_by_role("button", name="Generate · 15 credits").click()
    clicks += 1

    page.wait_for_url("**/app/jobs/gen_*")
    page.evaluate("window.sameDocument = true")
    page.wait_for_function(_PLAYING)
    assert (clicks, fields) == (3, 2)
    assert page.evaluate("window.sameDocument") is True
    film = page.locator("video[data-film]")
    assert film.evaluate("v => [v.muted, v.loop, v.playsInline]") == [True, True, True]
    expect(page.locator(".state")).to_have_text("Done")
    expect(page.locator("[data-announcer]")).to_contain_text("The film is ready")


def test_a_failed_film_shows_its_cause_and_the_returned_credits_without_a_reload(
    visitor: Callable[..., Visitor],
) -> None:
    person = visitor()
    person.come_in()
    job = person.order("fail:moderation a lighthouse")
    page = person.page
    page.evaluate("window.sameDocument = true")
    expect(page.locator(".refund")).to_contain_text("15 credits returned")
    expect(page.locator(".refund")).to_contain_text("balance 60")
    expect(page.locator(".purse b")).to_have_text("60")
    expect(page.locator("[data-announcer]")).to_have_text("Failed. The credits came back.")
    expect(page).to_have_title(re.compile("^Failed"))
    assert page.evaluate("window.sameDocument") is True
    page.get_by_role("link", name="see the entry").click()
    entry = page.locator(f"tr[id='{job.rpartition('/')[2]}']")
    expect(entry).to_contain_text("No film, credits returned")
    expect(entry.locator(".number")).to_have_text(["15", "0", "15", "0", "60"])
    page.get_by_role("link", name="Every entry", exact=True).click()
    raw = page.locator("tr", has_text=job.rpartition("/")[2][:12])
    expect(raw.locator(".change")).to_have_text(["+15", "\N{MINUS SIGN}15"])


def test_two_presses_of_one_form_make_one_job(visitor: Callable[..., Visitor]) -> None:
    person = visitor()
    person.come_in()
    page = person.page
    addresses = page.evaluate(
        """() => {
          const form = document.querySelector("form[data-studio]");
          const press = () => fetch(form.action, { method: "POST", body: new FormData(form) });
          return Promise.all([press(), press()]).then((all) => all.map((each) => each.url));
        }"""
    )
    assert len(set(addresses)) == 1
    assert "/app/jobs/gen_" in addresses[0]
    person.go("/app/jobs")
    assert page.locator(".joblist li").count() == 1


def test_a_film_is_run_again_with_everything_it_was_made_with(
    visitor: Callable[..., Visitor],
) -> None:
    person = visitor()
    person.come_in()
    page = person.page
    page.locator(".picker summary").click()
    page.locator("label.model", has_text="Kling 1.0").click()
    page.fill("[name=prompt]", "A red balloon over snow")
    page.locator("[data-group=aspect_ratio] label", has_text="9:16").click()
    page.get_by_role("button", name="Generate · 10 credits").click()
    page.wait_for_function(_PLAYING)
    page.get_by_role("link", name="Re-run or change").click()
    expect(page.locator("[name=prompt]")).to_have_value("A red balloon over snow")
    expect(page.locator("[name=model]:checked")).to_have_value("kling-v1")
    expect(page.locator("[name=aspect_ratio]:checked")).to_have_value("9:16")
    expect(page.get_by_role("button", name="Generate")).to_contain_text("10 credits")


def test_another_organisation_sees_nothing_of_a_job(visitor: Callable[..., Visitor]) -> None:
    owner, stranger = visitor(), visitor()
    owner.come_in()
    job = owner.order()
    stranger.come_in()
    for path in (job, f"{job}/card"):
        assert stranger.page.request.get(stranger.site + path).status == 404
