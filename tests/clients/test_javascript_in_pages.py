"""A page of another site orders a film with its visitor's token, and shows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from tests import browser as chromium
from tests.clients.javascript import PACKAGE
from tests.generations.programs import FILM, Program, available
from tests.people import Customer
from tests.serving import Quiet, serving

pytestmark = pytest.mark.browser
PAGE = b"""<!doctype html><title>A shop</title><video muted></video>
<script type="module">
  import * as client from "/src/index.js";
  window.client = client;
</script>"""
STORY = """async ({ token, site, film, photo }) => {
  const { KlingSaaS } = window.client;
  const client = new KlingSaaS({ apiKey: token, baseUrl: site });
  const news = [];
  const image = new File([Uint8Array.from(photo)], "first.jpg");
  const made = await client.generations.createAndWait(
    { ...film, image }, { tell: (each) => news.push(each.status) },
  );
  const video = document.querySelector("video");
  video.src = URL.createObjectURL(await made.download());
  await video.play();
  const errors = [];
  for (const act of [
    () => client.wallet.get(),
    () => client.generations.create({ ...film, duration: 7 }),
    () => new KlingSaaS({ apiKey: "ksk_test_x", baseUrl: site }),
  ]) {
    try { await act(); } catch (error) { errors.push([error.name, error.requestId != null]); }
  }
  const mine = [];
  for await (const each of client.generations.list()) mine.push(each.id);
  return { made, news, errors, mine, width: video.videoWidth };
}"""


class Shop(Quiet):
    """The page, and the package's modules as they are."""

    def get(self) -> None:
        if self.path.startswith("/src/"):
            source = (PACKAGE / self.path.removeprefix("/")).read_bytes()
            self.answer(200, source, Content_Type="text/javascript")
        else:
            self.answer(200, PAGE, Content_Type="text/html")


@pytest.fixture
def shop() -> Iterator[str]:
    with serving(Shop) as address:
        yield address


def told_in(address: str, **given: Any) -> dict[str, Any]:
    """What the story in the page returns. Its browser is closed then: it keeps out the ORM."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=chromium.executable(), args=chromium.ARGUMENTS
        )
        page = opened.new_page()
        page.set_default_timeout(120_000)
        page.goto(address)
        page.wait_for_function("window.client")
        found: dict[str, Any] = page.evaluate(STORY, given)
        opened.close()
    return found


def test_a_visitor_makes_a_film_and_sees_it(
    site: str, shop: str, api: Program, alice: Customer, photo: bytes
) -> None:
    other = api.post("/generations", FILM).json()["id"]
    token = api.post("/tokens", {"end_user": "visitor-1"}).json()["token"]
    told = told_in(shop, token=token, site=site, film=FILM, photo=[*photo])
    made = told["made"]
    assert (made["status"], made["kind"], made["end_user"]) == (
        "succeeded", "image2video", "visitor-1",
    )  # fmt: skip
    assert told["news"][-1] == "succeeded"
    assert told["width"] == made["video"]["width"]
    assert told["errors"] == [
        ["PermissionDenied", True], ["InvalidRequest", True], ["BadSettings", False],
    ]  # fmt: skip
    assert told["mine"] == [made["id"]] != [other]
    assert available(alice) == 10_000 - 20
