"""What is under way is seen on every page, in every tab, and nothing is lost when a line breaks."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.web.conftest import Visitor

pytestmark = pytest.mark.browser
_SLOW = "slow:4 A snail on a leaf"


def opened(page: Page) -> None:
    """The tray, open."""
    page.locator("[data-tray] summary").click()


def test_the_tray_of_another_tab_tells_when_a_film_ends_and_forgets_it_once_seen(
    visitor: Callable[..., Visitor],
) -> None:
    person = visitor()
    person.come_in()
    page = person.page
    other = person.context.new_page()
    other.goto(f"{person.site}/billing/")
    count = other.locator("[data-tray] .count")
    expect(count).to_be_hidden()
    job = person.order(_SLOW)
    expect(count).to_have_text("1")
    opened(other)
    row = other.locator("#tray li")
    expect(row).to_contain_text("A snail on a leaf")
    expect(row).to_contain_text(re.compile("usually|in the queue|next"))
    toast = other.locator(".toast a")
    expect(toast).to_have_text(re.compile("Done: slow:4 A snail"))
    expect(toast).to_have_attribute("href", re.compile(f"{job}$"))
    expect(other.locator(".purse b")).to_have_text("45")
    assert page.locator(".toast").count() == 0  # the page of the job shows the film itself
    expect(row).to_have_class(re.compile("new"))
    other.get_by_role("button", name="Mark as seen").click()
    expect(row).not_to_have_class(re.compile("new"))
    page.goto(f"{person.site}/app/library")
    expect(page.locator("[data-tray] .count")).to_be_hidden()


def test_a_failed_film_says_in_the_tray_that_its_credits_are_back(
    visitor: Callable[..., Visitor],
) -> None:
    person = visitor()
    person.come_in()
    person.order("fail:failed a lighthouse")
    page = person.go("/app/studio")
    opened(page)
    expect(page.locator("#tray li")).to_contain_text("15 credits returned")
    expect(page.locator(".purse b")).to_have_text("60")


def test_the_list_of_jobs_follows_by_itself(visitor: Callable[..., Visitor]) -> None:
    person = visitor()
    person.come_in()
    person.order(_SLOW)
    page = person.go("/app/jobs")
    page.evaluate("window.sameDocument = true")
    expect(page.locator(".joblist .state")).to_have_text("Done")
    assert page.evaluate("window.sameDocument") is True


def test_pages_ask_by_themselves_where_no_stream_is_to_be_had(
    visitor: Callable[..., Visitor],
) -> None:
    person = visitor()
    person.context.route("**/app/events/*", lambda route: route.abort())
    person.come_in()
    person.order(_SLOW)
    expect(person.page.locator(".state")).to_have_text("Done")
    person.complaints.clear()  # the browser's own, about the line that we cut
