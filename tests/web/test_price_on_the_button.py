"""The figure on the button is the server's, for whatever is chosen."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from playwright.sync_api import expect

from billing import prices
from generations.catalogue import billable
from generations.catalogue.params import Params
from kling_saas.web.views import SPECS_BY_NAME
from tests.web.conftest import Visitor

pytestmark = pytest.mark.browser
_PRICES = """(orders) => {
  const form = document.querySelector("form[data-studio]");
  const tell = () => form.dispatchEvent(new Event("change"));
  const pick = (name, value) => {
    form.querySelector(`[name=${name}][value="${value}"]`).checked = true;
    tell();
  };
  const set = (name, value) => {
    const box = form.elements[name];
    if (box.disabled) return;
    if (box.type === "checkbox") box.checked = value;
    else box.value = value;
    tell();
  };
  const frame = form.querySelector('[data-frame="image"]');
  const picture = (wanted) => {
    if (!wanted) return frame.querySelector("[data-remove]").click();
    const carrier = new DataTransfer();
    carrier.items.add(new File(["x"], "x.png", { type: "image/png" }));
    const input = frame.querySelector("input[type=file]");
    input.files = carrier.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };
  return orders.map((order) => {
    pick("model", order.model);
    pick("mode", order.mode);
    if (!order.shots.length) pick("duration", order.duration);
    picture(order.pictured);
    set("shots", order.shots.length > 0);
    form.querySelectorAll(".shot").forEach((row, at) => {
      row.querySelector("textarea").value = order.shots[at] ? "A shot" : "";
      row.querySelector("input").value = order.shots[at] ?? 5;
    });
    set("sound", order.sound);
    set("voices", order.voices);
    tell();
    const words = form.querySelector("button[data-generate]").innerText;
    return [Number(form.elements.quoted.value), words];
  });
}"""


def _order(params: Params) -> dict[str, Any]:
    return {
        "model": params.model,
        "mode": params.mode,
        "duration": params.duration,
        "pictured": params.kind == "image2video",
        "sound": params.sound,
        "voices": " ".join(params.voices),
        "shots": [shot.duration for shot in params.multi_prompt],
    }


def _due(orders: list[Params]) -> list[int]:
    return [prices.price([billable.item(params)]).credits for params in orders]


def test_the_button_says_the_servers_price_for_300_random_orders(
    visitor: Callable[..., Visitor],
) -> None:
    person = visitor()
    person.come_in()
    orders = random.Random(20261121).sample(list(billable.every_sellable()), 300)
    shown = person.page.evaluate(_PRICES, [_order(params) for params in orders])
    with ThreadPoolExecutor(1) as elsewhere:  # Playwright's loop runs in this thread
        due = elsewhere.submit(_due, orders).result()
    assert [quoted for quoted, _words in shown] == due
    for credits_due, (_quoted, words) in zip(due, shown, strict=True):
        figure = f"{credits_due}" if credits_due <= 60 else f"{credits_due - 60}"
        assert figure in words


def test_a_film_beyond_the_wallet_says_what_is_missing(visitor: Callable[..., Visitor]) -> None:
    person = visitor()
    person.come_in()
    page = person.go("/app/studio?model=kling-v3&mode=pro&duration=15")
    button = page.locator("button[data-generate]")
    expect(button).to_have_text("60 credits missing")
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(page.get_by_text("You have 60.")).to_be_visible()
    buy = page.get_by_role("link", name="Buy 350 credits for $9.80")
    expect(buy).to_have_attribute("href", "/billing/buy")
    button.click(force=True)
    expect(page).to_have_url(f"{person.site}/app/studio?model=kling-v3&mode=pro&duration=15")


def test_a_price_above_the_one_shown_is_refused_and_nothing_is_held(
    visitor: Callable[..., Visitor],
) -> None:
    person = visitor(java_script_enabled=False)
    person.come_in()
    page = person.page
    page.locator("label.choice", has_text="10 s").click()
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_role("alert")).to_contain_text(
        "The price is 30 credits, not 15 as the button said."
    )
    expect(page.get_by_role("button", name="Generate · 30 credits")).to_be_visible()
    expect(page.locator(".purse b")).to_have_text("60")
    person.complaints.clear()  # the refusal's own status is told to the console


def test_the_first_page_begins_with_the_cheapest_film_that_is_sold(site: str) -> None:
    with ThreadPoolExecutor(1) as elsewhere:
        rows = elsewhere.submit(prices.active_book).result().rows.values()
    clips = [row for row in rows if row.sku in SPECS_BY_NAME]
    cheapest = min(row.credits for row in clips if "seconds=5" in row.key)
    assert f"From {cheapest} credits a film." in requests.get(site, timeout=60).text
