"""The composer: what a prompt lacks, prompts of before, a draft that stays, several takes."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.web.conftest import Visitor

pytestmark = pytest.mark.browser


def test_the_checklist_sees_what_a_prompt_says_and_proposes_what_it_lacks(
    visitor: Callable[..., Visitor],
) -> None:
    person = visitor()
    person.come_in()
    page, prompt = person.page, person.page.locator("[name=prompt]")
    said = page.locator("[data-part].there")
    prompt.fill("A fox runs in the snow")
    expect(said).to_have_text(["Subject", "Movement", "Scene"])
    camera = page.get_by_role("button", name="Camera: not said yet")
    camera.click()
    page.get_by_role("button", name="slow orbit").click()
    expect(prompt).to_have_value("A fox runs in the snow, slow orbit")
    expect(page.get_by_role("button", name="Camera: said", exact=True)).to_be_visible()
    page.get_by_role("button", name="slow orbit").click()
    expect(prompt).to_have_value("A fox runs in the snow")

    fill = page.get_by_role("button", name="Fill what is missing")
    fill.click()
    proposal = page.locator("[data-proposal]")
    whole = "A fox runs in the snow, slow push in, golden hour, soft fog"
    expect(proposal.locator("p")).to_have_text(whole)
    page.get_by_role("button", name="Keep mine").click()
    expect(prompt).to_have_value("A fox runs in the snow")
    fill.click()
    page.get_by_role("button", name="Use this").click()
    expect(prompt).to_have_value(whole)
    expect(prompt).to_be_focused()
    expect(fill).to_be_hidden()
    prompt.fill("一只狐狸在雪地里奔跑，镜头特写")
    expect(said).to_have_text(["Subject", "Movement", "Scene", "Camera"])


def test_prompts_of_before_come_back_by_keys_and_by_menu(visitor: Callable[..., Visitor]) -> None:
    person = visitor()
    person.come_in()
    for words in ("A red boat", "A blue boat", "A red boat"):
        person.order(words)
    page, prompt = person.go("/app/studio"), person.page.locator("[name=prompt]")
    prompt.fill("A green boat")
    for key, words in (
        ("Alt+ArrowUp", "A red boat"), ("Alt+ArrowUp", "A blue boat"),
        ("Alt+ArrowUp", "A blue boat"), ("Alt+ArrowDown", "A red boat"),
        ("Alt+ArrowDown", "A green boat"),
    ):  # fmt: skip
        prompt.press(key)
        expect(prompt).to_have_value(words)
    page.get_by_text("Earlier prompts").click()
    page.get_by_role("button", name="A blue boat").click()
    expect(prompt).to_have_value("A blue boat")


def test_a_draft_outlives_the_session_and_ends_with_a_sign_out(
    visitor: Callable[..., Visitor],
) -> None:
    person = visitor()
    person.come_in()
    page, prompt = person.page, person.page.locator("[name=prompt]")
    prompt.fill("A half-written film")
    page.locator("label.choice", has_text="10 s").click()
    (session,) = [each for each in person.context.cookies() if each["name"] == "sessionid"]
    person.context.clear_cookies()
    person.go("/app/studio")
    expect(page).to_have_url(re.compile("/accounts/login/"))
    person.context.add_cookies([session])
    person.go("/app/studio")
    expect(prompt).to_have_value("A half-written film")
    expect(page.locator("[name=duration]:checked")).to_have_value("10")
    expect(page.get_by_role("button", name="Generate")).to_contain_text("30 credits")
    page.locator("[data-restored] button").click()
    expect(prompt).to_have_value(re.compile("lighthouse"))
    prompt.fill("Nobody else's business")
    page.locator("summary[aria-label=Account]").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{person.site}/")
    assert page.evaluate("sessionStorage.length") == 0


def test_several_takes_are_all_made_at_the_price_on_the_button_or_none(
    visitor: Callable[..., Visitor],
) -> None:
    person = visitor()
    person.come_in()
    page = person.page
    page.fill("[name=prompt]", "A kite over dunes")
    copies = page.locator("[data-group=copies]")
    copies.locator("label.choice", has_text="4").click()
    page.locator("label.choice", has_text="1080p").click()
    button = page.locator("button[data-generate]")
    expect(button).to_have_text("40 credits missing")
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(page.locator("[data-short] a")).to_have_text("Buy 350 credits for $9.80")
    affordable = page.locator("[data-affordable] button")
    expect(affordable).to_have_text("Kling 2.5 Turbo · Standard · 5 s × 4 · 60 credits")
    page.evaluate("document.querySelector('form[data-studio]').submit()")  # past the button
    expect(page.get_by_role("alert")).to_contain_text("needs 100 credits and 60 are available")
    expect(page.locator(".purse b")).to_have_text("60")
    person.complaints.clear()  # the refusal's own status is told to the console

    page.locator("label.choice", has_text="1080p").click()
    copies.locator("label.choice", has_text="4").click()
    affordable.click()
    expect(page.get_by_role("button", name="Generate · 60 credits")).to_be_focused()
    copies.locator("label.choice", has_text="3").click()
    page.get_by_role("button", name="Generate · 45 credits").click()
    page.wait_for_url("**/app/jobs")
    expect(page.locator(".joblist li")).to_have_count(3)
    expect(page.locator(".purse b")).to_have_text("15")


def test_paragraphs_become_shots_that_move_on_a_time_axis(visitor: Callable[..., Visitor]) -> None:
    person = visitor()
    person.come_in()
    page = person.go("/app/studio?model=kling-v3")
    page.fill("[name=prompt]", "A door opens\n\nA cat looks out\n\nSnow begins to fall")
    page.locator(".fold summary", has_text="Shots").click()
    page.get_by_role("button", name="Make each paragraph").click()
    blocks = page.locator("[data-timeline] li")
    expect(blocks).to_have_text(["5 sA door opens", "5 sA cat looks out", "5 sSnow begins to fall"])
    expect(page.locator("[data-sum]")).to_have_text("In all: 15 s of at most 15 s")
    expect(page.locator("button[data-generate]")).to_have_text("30 credits missing")
    later = page.get_by_role("button", name="Shot 1, one place later")
    later.press("Enter")
    expect(page.get_by_role("button", name="Shot 2, one place later")).to_be_focused()
    page.keyboard.press("Enter")
    texts = page.locator("[name=shot_prompt]:visible")
    expect(texts.nth(2)).to_have_value("A door opens")
    expect(texts.nth(2)).to_be_focused()
    page.get_by_label("Shot 1, seconds").fill("9")
    expect(page.locator("[data-sum]")).to_have_text("19 s of at most 15 s")
    page.get_by_role("button", name="Remove shot 1").click()
    expect(blocks).to_have_text(["5 sSnow begins to fall", "5 sA door opens"])
    page.get_by_role("button", name="Generate · 60 credits").click()
    page.wait_for_url("**/app/jobs/gen_*")
    page.get_by_role("link", name="Re-run or change").click()
    expect(texts.nth(0)).to_have_value("Snow begins to fall")


def test_settings_are_kept_under_a_name_and_begun_with_again(
    visitor: Callable[..., Visitor],
) -> None:
    person = visitor()
    person.come_in()
    page = person.go("/app/studio?model=kling-v1")
    page.fill("[name=prompt]", "A clay bird sings")
    page.locator("[data-group=aspect_ratio] label", has_text="9:16").click()
    page.locator(".fold summary", has_text="Camera move").click()
    page.locator("label.choice", has_text="Down and back").click()
    page.get_by_text("Recipes").click()
    page.get_by_label("Keep these settings as").fill("Birds")
    page.keyboard.press("Enter")
    expect(page.get_by_text("“Birds” is kept.")).to_be_visible()
    page = person.go("/app/studio")
    page.get_by_text("Recipes").click()
    page.get_by_role("link", name="Birds", exact=True).click()
    page.wait_for_url("**/app/studio?recipe=rcp_*")
    expect(page.locator("[name=prompt]")).to_have_value("A clay bird sings")
    expect(page.locator("[name=model]:checked")).to_have_value("kling-v1")
    expect(page.locator("[name=aspect_ratio]:checked")).to_have_value("9:16")
    expect(page.locator("[name=camera]:checked")).to_have_value("down_back")
    expect(page.get_by_role("button", name="Generate · 10 credits")).to_be_visible()
    page.get_by_text("Recipes").click()
    page.get_by_role("button", name="Remove “Birds”").click()
    expect(page.get_by_text("The recipe is gone.")).to_be_visible()
    page.get_by_text("Recipes").click()
    expect(page.get_by_role("link", name="Birds", exact=True)).to_have_count(0)
