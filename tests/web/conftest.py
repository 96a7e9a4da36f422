"""A browser, people in it, and an ear for whatever it complains about."""

from __future__ import annotations

import io
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from PIL import Image
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from tests import browser as chromium

PASSWORD = "screening-room-9"
expect.set_options(timeout=60_000)  # like every other wait: a machine may be busy


def png(width: int, height: int) -> bytes:
    """A plain picture of this size."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), (200, 120, 40)).save(out, "PNG")
    return out.getvalue()


@dataclass
class Visitor:
    """A person with a browser of their own; `complaints` is what its console said."""

    context: BrowserContext
    page: Page
    site: str
    complaints: list[str] = field(default_factory=list)

    def heard(self, said: ConsoleMessage) -> None:
        """Keep what the console says against our pages; the browser's own errands are not ours."""
        place = said.location.get("url", "")
        if said.type in {"error", "warning"} and (not place or place.startswith(self.site)):
            self.complaints.append(f"{said.text} ({place})")

    def go(self, path: str) -> Page:
        """Open a page of the site."""
        self.page.goto(self.site + path)
        return self.page

    def sign_up(self, path: str = "/accounts/signup/") -> str:
        """A new account; ends in the studio. The e-mail address."""
        email = f"visitor-{secrets.token_hex(6)}@example.org"
        self.go(path)
        self.page.fill("input[name=email]", email)
        self.page.fill("input[name=password1]", PASSWORD)
        self.page.click("form[action*=signup] button.main")
        self.page.wait_for_url("**/app/studio**")
        return email

    def come_in(self) -> None:
        """As somebody who signed up before; ends in the studio."""
        with ThreadPoolExecutor(1) as elsewhere:  # Playwright's loop runs in this thread
            session = elsewhere.submit(_session_of_a_newcomer).result()
        self.context.add_cookies([{"name": "sessionid", "value": session, "url": self.site}])
        self.go("/app/studio")

    def turn_clock(self, days: float, job: str) -> None:
        """The film of this job is so many days old, and kept for 30."""
        with ThreadPoolExecutor(1) as elsewhere:  # as above
            elsewhere.submit(_clock_turned, days, job.rpartition("/")[2]).result()

    def order(self, prompt: str = "A lighthouse at dusk") -> str:
        """Order a film in the studio; the path of its job."""
        self.go("/app/studio")
        self.page.fill("[name=prompt]", prompt)
        self.page.click("button[data-generate]")
        self.page.wait_for_url("**/app/jobs/gen_*")
        return self.page.url.removeprefix(self.site)


def _session_of_a_newcomer() -> str:
    """The cookie's value."""
    from tests.people import customer  # this file is read before Django is set up

    newcomer = Client()
    newcomer.force_login(customer("visitor").user)
    connection.close()
    return newcomer.cookies["sessionid"].value


def _clock_turned(days: float, public_id: str) -> None:
    from tests.generations.programs import made_days_ago

    made_days_ago(days, public_id)
    connection.close()


@pytest.fixture(scope="module")
def chromium_browser() -> Iterator[Browser]:
    """Ends with its module: while Playwright runs, Django's ORM refuses this thread."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=chromium.executable(), args=chromium.ARGUMENTS
        )
        yield opened
        opened.close()


@pytest.fixture
def visitor(chromium_browser: Browser, site: str) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors; at the end none of their browsers may have complained."""
    made: list[Visitor] = []

    def make(**options: Any) -> Visitor:
        options.setdefault("viewport", {"width": 1280, "height": 800})
        options.setdefault("reduced_motion", "reduce")  # what moves unasked costs a tenth of it all
        context = chromium_browser.new_context(**options)
        page = context.new_page()
        page.set_default_timeout(60_000)
        one = Visitor(context, page, site)
        page.on("pageerror", lambda error: one.complaints.append(str(error)))
        page.on("console", one.heard)
        made.append(one)
        return one

    yield make
    for one in made:
        one.context.close()
    assert [one.complaints for one in made if one.complaints] == []
