"""What holds on all main pages: contrast and names, reflow, weight, one mode at a time."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable

import jwt
import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.stack import Stack
from tests.web.conftest import Visitor

pytestmark = pytest.mark.browser
_EVERYTHING = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}
_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
# There are hundreds, and few that differ in more than their words.
_ONE_ROW_OF_EACH_LOOK = """() => {
  const seen = new Set();
  document.querySelectorAll("tbody tr").forEach((row, n) => {
    const parts = [row, ...row.querySelectorAll("*")];
    const look = n % 2 + parts.map(e => e.tagName + e.className + e.getAttribute("alt")).join();
    if (seen.has(look)) row.remove();
    seen.add(look);
  });
}"""
_OUT_OF_SIGHT = """() => [
  ...[...document.querySelectorAll(".tabs [aria-current]")].filter(tab => {
    const [row, open] = [tab.parentElement, tab].map(part => part.getBoundingClientRect());
    return open.left < row.left - 1 || open.right > row.right + 1;
  }),
  ...[...document.querySelectorAll("td time")].filter(time => time.getClientRects().length > 1),
].map(part => part.outerHTML)"""
_PUBLIC = ["/", "/models", "/pricing", "/help", "/legal/privacy",
           "/docs", "/docs/errors", "/docs/webhooks",
           "/docs/reference-generations", "/accounts/signup/",
           "/accounts/login/", "/accounts/password/reset/"]  # fmt: skip
_OWN = ["/app/studio", "/app/studio/batch", "/app/pictures",
        "/app/studio?model=kling-v3", "/app/jobs", "/app/library",
        "/app/library?q=a+colour:red+cost:>1", "/app/library/collections", "/app/library/trash",
        "/billing/", "/billing/buy", "/billing/gifts", "/billing/gifts/new?pack=pack-350",
        "/billing/statement", "/billing/statement/entries?type=film",
        "/billing/statements", "/billing/usage", "/billing/limits",
        "/dev/", "/dev/usage", "/dev/limits", "/dev/playground",
        "/dev/quickstart", "/dev/keys", "/dev/logs",
        "/dev/webhooks", "/accounts/email/", "/app/team",
        "/app/team/invitations", "/app/team/roles",
        "/app/team/organisation", "/app/team/organisation/new", "/app/team/budgets",
        "/app/team/audit",
        "/app/settings/profile", "/app/settings/appearance", "/app/settings/shortcuts",
        "/app/settings/data", "/app/settings/notifications",
        "/app/settings/security", "/accounts/password/change/",
        "/accounts/reauthenticate/"]  # fmt: skip


def _faults(visitor: Visitor, path: str) -> list[str]:
    """By every rule in light, and by those about colours in dark."""
    page = visitor.go(path)
    page.evaluate("document.querySelectorAll('details:not(.menu)').forEach(d => d.open = true)")
    page.evaluate(_ONE_ROW_OF_EACH_LOOK)
    faults = []
    for scheme, rules in (("light", _EVERYTHING), ("dark", _COLOURS)):
        page.emulate_media(color_scheme=scheme)
        options = {"runOnly": rules, "resultTypes": ["violations"]}
        found = Axe().run(page, options=options).response["violations"]
        faults += [f"{path} {scheme}: {v['id']}: {v['nodes'][0]['html'][:160]}" for v in found]
    return faults


def test_no_page_has_a_fault_that_axe_finds(visitor: Callable[..., Visitor]) -> None:
    person = visitor()
    faults = [fault for path in _PUBLIC for fault in _faults(person, path)]
    person.sign_up()
    failed = person.order("fail:failed a lighthouse")
    expect(person.page.locator(".refund")).to_be_visible()
    done = person.order()
    expect(person.page.locator("video[data-film]")).to_be_visible()
    person.go("/app/library")
    film = person.page.locator(".tile a").first.get_attribute("href") or ""
    person.turn_clock(20, done)
    faults += [fault for path in [*_OWN, failed, done, film] for fault in _faults(person, path)]
    person.turn_clock(31, done)
    faults += [fault for path in [done, "/app/jobs"] for fault in _faults(person, path)]
    assert faults == []


def test_no_page_scrolls_sideways_at_320_pixels(visitor: Callable[..., Visitor]) -> None:
    """Nor hides the tab that is open, nor breaks a date of a table."""
    person = visitor(viewport={"width": 320, "height": 640})
    too_wide, out_of_sight = [], []

    def look(path: str) -> None:
        page = person.go(path)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            too_wide.append(path)
        out_of_sight.extend(page.evaluate(_OUT_OF_SIGHT))

    for path in _PUBLIC:
        look(path)
    person.come_in()
    done = person.order()
    expect(person.page.locator("video[data-film]")).to_be_visible()
    person.turn_clock(20, done)
    for path in [*_OWN, done]:
        look(path)
    person.turn_clock(31, done)
    for path in [done, "/app/jobs"]:
        look(path)
    assert too_wide == []
    assert out_of_sight == []


def test_the_studio_weighs_little_and_asks_nobody_else(visitor: Callable[..., Visitor]) -> None:
    person = visitor()
    person.come_in()
    weight = {"script": 0, "stylesheet": 0}
    elsewhere = []

    def weigh(response: object) -> None:
        kind = response.request.resource_type  # type: ignore[attr-defined]
        if not response.url.startswith((person.site, "data:", "blob:")):  # type: ignore[attr-defined]
            elsewhere.append(response.url)  # type: ignore[attr-defined]
        if kind in weight:
            weight[kind] += len(gzip.compress(response.body()))  # type: ignore[attr-defined]

    person.page.on("response", weigh)
    person.go("/app/studio")
    person.page.wait_for_load_state("networkidle")
    assert elsewhere == []
    assert weight["script"] <= 60_000
    assert weight["stylesheet"] <= 35_000


def test_test_mode_is_marked_and_has_a_wallet_of_its_own(visitor: Callable[..., Visitor]) -> None:
    person = visitor()
    person.come_in()
    page = person.go("/billing/")
    expect(page.locator(".figures .first dd").first).to_have_text("60")
    page.get_by_role("button", name="Show the test wallet").click()
    expect(page.locator(".notice.test")).to_contain_text("Test mode")
    expect(page).to_have_title("Wallet · TEST · Kling SaaS")
    expect(page.locator(".figures .first dd").first).to_have_text("10,000")
    page.get_by_role("button", name="Show the live wallet").click()
    expect(page.locator(".notice.test")).to_have_count(0)


def test_a_key_is_shown_once_and_opens_nothing_after_it_is_revoked(
    visitor: Callable[..., Visitor],
) -> None:
    person = visitor()
    person.come_in()
    page = person.go("/dev/keys")
    page.fill("#name", "render server")
    page.get_by_role("button", name="Make a live key").click()
    key = page.locator("#new-key").inner_text()
    wallet = f"{person.site}/api/v1/wallet"
    said = {"Authorization": f"Bearer {key}"}
    assert page.request.get(wallet, headers=said).status == 200
    page = person.go("/dev/keys")
    assert key not in page.content()
    page.get_by_role("button", name="Revoke render server").click()
    expect(page.get_by_role("status")).to_contain_text("revoked")
    assert page.request.get(wallet, headers=said).status == 401


def test_a_pair_of_access_keys_is_shown_once_and_ends_when_it_is_revoked(
    visitor: Callable[..., Visitor],
) -> None:
    person = visitor()
    person.come_in()
    page = person.go("/dev/keys")
    page.check("[name=raw_video]")
    page.get_by_role("button", name="Make a live key").click()
    expect(page.get_by_role("region", name="Keys", exact=True)).to_contain_text("(raw MP4)")
    page.fill("#pair-name", "our client")
    page.get_by_role("button", name="Make a live pair").click()
    name, secret = (page.locator(f"#new-{part}-key").inner_text() for part in ("access", "secret"))
    now = int(time.time())
    claims = {"iss": name, "exp": now + 600, "nbf": now - 5}
    said = {"Authorization": f"Bearer {jwt.encode(claims, secret, algorithm='HS256')}"}
    tasks = f"{person.site}/kling/v1/videos/text2video"
    assert page.request.get(tasks, headers=said).status == 200
    page = person.go("/dev/keys")
    assert name in page.content()
    assert secret not in page.content()
    expect(page.get_by_role("row", name="our client")).not_to_contain_text("never")
    page.set_viewport_size({"width": 320, "height": 640})
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    page.get_by_role("button", name="Revoke our client").click()
    expect(page.get_by_role("status")).to_contain_text("revoked")
    assert page.request.get(tasks, headers=said).status == 401


def test_an_unknown_address_says_so_and_names_the_request(
    visitor: Callable[..., Visitor],
) -> None:
    stranger = visitor()
    page = stranger.page
    response = page.goto(f"{stranger.site}/nothing-here")
    assert response is not None
    assert response.status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing at this address")
    assert page.locator("main code").inner_text() == response.headers["x-request-id"]
    stranger.complaints.clear()  # the 404 itself is told to the console


def test_the_chosen_theme_is_kept_without_scripts(visitor: Callable[..., Visitor]) -> None:
    stranger = visitor(java_script_enabled=False, color_scheme="light")
    page = stranger.go("/pricing")
    page.locator("[data-theme-switch] button").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page).to_have_url(f"{stranger.site}/pricing")


def test_the_sites_root_answers_what_browsers_and_crawlers_ask(site: str) -> None:
    icon = requests.get(f"{site}/favicon.ico", timeout=60)
    assert (icon.status_code, icon.content[:4]) == (200, b"\x00\x00\x01\x00")
    robots = requests.get(f"{site}/robots.txt", timeout=60)
    assert robots.headers["Content-Type"] == "text/plain"
    assert "Disallow: /app/\n" in robots.text


def test_the_console_wears_our_tokens_and_has_no_contrast_too_low(
    visitor: Callable[..., Visitor], stack: Stack
) -> None:
    operator = visitor()
    page = operator.go("/accounts/login/")
    page.fill("input[name=login]", stack.facts["admin"]["email"])
    page.fill("input[name=password]", stack.facts["admin"]["password"])
    page.click("form[action*=login] button.main")
    page.wait_for_url("**/admin/")
    expect(page.locator("#site-name")).to_contain_text("Kling SaaS")
    font = page.evaluate("getComputedStyle(document.body).fontFamily")
    assert font.startswith('"Hanken Grotesk"')
    faults = []
    records = "generations/generation/", "billing/wallet/", "billing/reports/"
    paths = ("/admin/", *(f"/admin/{name}" for name in records))
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for path in paths:
            operator.go(path)
            page.evaluate(_ONE_ROW_OF_EACH_LOOK)
            found = Axe().run(page, options={"runOnly": ["color-contrast"]}).response["violations"]
            faults += [
                f"{path} {scheme}: {n['html'][:160]} {n['any'][0]['message']}"
                for v in found
                for n in v["nodes"]
            ]
    assert faults == []
