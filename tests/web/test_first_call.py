"""From a new key to the first call in the log, with nothing but what the pages show."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from playwright.sync_api import expect

from tests.waiting import until
from tests.web import snippets
from tests.web.conftest import Visitor

pytestmark = pytest.mark.browser
_SECONDS = 60
_ADMIN = "input[name=scopes][value=admin]"


def _to_test_mode(person: Visitor) -> None:
    page = person.go("/billing/")
    page.get_by_role("button", name="Show the test wallet").click()
    expect(page.locator(".notice.test")).to_be_visible()
    person.go("/dev/keys")


def test_a_copied_snippet_makes_the_first_call_within_a_minute(
    visitor: Callable[..., Visitor], site: str, tmp_path: Path
) -> None:
    person = visitor(permissions=["clipboard-read", "clipboard-write"])
    person.sign_up()
    _to_test_mode(person)
    begun = time.monotonic()
    page = person.page
    page.fill("#name", "first")
    page.check(_ADMIN)
    page.get_by_role("button", name="Make a test key").click()
    key = page.locator("#new-key").inner_text()
    expect(page.locator("td.words").first).to_contain_text("admin, billing, generate, read")

    person.go("/docs")
    page.click(".sample .copy >> nth=0")
    expect(page.locator(".sample .copy span >> nth=0")).to_have_text("Copied")
    command = page.evaluate("navigator.clipboard.readText()")
    assert key in command
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=tmp_path,
        env=snippets.surroundings(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    answered = time.monotonic()
    assert '"status": "succeeded"' in done.stdout
    headers = {"Authorization": f"Bearer {key}"}

    def logged() -> list[dict[str, object]]:
        answer = requests.get(f"{site}/api/v1/requests", headers=headers, timeout=10)
        calls = [c for c in answer.json()["data"] if c["path"] == "/api/v1/generations"]
        return [c for c in calls if c["status"] is not None]  # null while it was held

    (call,) = until(logged, seconds=30, what="the call in the log")
    assert time.monotonic() - answered < 2
    assert time.monotonic() - begun < _SECONDS
    assert (call["method"], call["status"]) == ("POST", 200)


def test_a_live_key_and_a_revoked_one_stand_in_no_example(visitor: Callable[..., Visitor]) -> None:
    person = visitor()
    person.sign_up()
    page = person.go("/dev/keys")
    page.get_by_role("button", name="Make a live key").click()
    live = page.locator("#new-key").inner_text()
    assert live not in person.go("/docs").content()
    _to_test_mode(person)
    page.get_by_role("button", name="Make a test key").click()
    key = page.locator("#new-key").inner_text()
    assert key in person.go("/docs").content()
    assert key not in person.go("/docs/index.md").content()
    page = person.go("/dev/keys")
    page.get_by_role("button", name="Revoke").first.click()
    expect(page.get_by_role("status")).to_contain_text("revoked")
    assert key not in person.go("/docs").content()
