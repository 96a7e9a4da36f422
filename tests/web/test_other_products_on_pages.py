"""Pages show what Kling's other products made beside films, and never break over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from playwright.sync_api import expect

from generations.catalogue.products.fields import Choice, Field
from generations.catalogue.products.lists import Many
from generations.catalogue.products.product import Product
from generations.catalogue.products.registry import PRODUCTS
from generations.views import results
from generations.views.fields import LABELS, TOLD_ELSEWHERE, VALUES
from tests.generations.programs import funded, native, settled
from tests.people import Customer
from tests.web.conftest import Visitor, png

_SHOWN_TOGETHER = {"points", "x", "y", "tag", "faces"}  # each as a part of one row, or as its parts
_ANY_VALUE = {"aspect_ratio", "effect_scene", "tag"}  # understood as it is, or in nobody's list
_DESCRIPTION = "A baker of about fifty who has grey hair, and wears a white apron over a blue shirt"


@pytest.fixture(scope="module")
def customer(site: str) -> Customer:
    """Has an element, and a speech, which is newer."""
    made = funded()
    api = native(site, made.live_key)
    picture = api.post("/uploads", data=png(480, 360)).json()["id"]
    element = {"task": "custom-element", "element_name": "Marta", "image": picture,
               "element_description": _DESCRIPTION, "images": [picture]}  # fmt: skip
    speech = {"task": "tts", "text": "Good evening", "voice": "AOT", "language": "en"}
    for order in (element, speech):
        assert settled(api, api.post("/generations", order).json()["id"])["status"] == "succeeded"
    return made


@pytest.fixture(scope="module")
def session(customer: Customer) -> str:
    """The cookie of somebody who is signed in, made before a browser runs."""
    client = Client()
    client.force_login(customer.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client.cookies["sessionid"].value


@pytest.fixture
def client(customer: Customer) -> Client:
    client = Client(headers={"host": "localhost"})
    client.force_login(customer.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_lists_and_the_page_of_a_sound_open(site: str, customer: Customer, client: Client) -> None:
    api = native(site, customer.live_key)
    sound = api.get("/generations").json()["data"][0]
    pages = ["/app/library", "/app/jobs", f"/app/jobs/{sound['id']}", "/app/studio",
             f"/app/studio?from={sound['id']}", "/pricing", "/models"]  # fmt: skip
    answers = {page: client.get(page).status_code for page in pages}
    assert {page: code for page, code in answers.items() if code != 200} == {}


def _every_field(of: Product | Many) -> Iterator[Field]:
    for field in of.fields if isinstance(of, Product) else of.inner:
        yield field
        if isinstance(field, Many):
            yield from _every_field(field)


@pytest.mark.parametrize("product", PRODUCTS.values(), ids=lambda product: product.name)
def test_every_field_of_every_product_has_words(product: Product) -> None:
    shown = [field for field in _every_field(product) if field.name not in TOLD_ELSEWHERE]
    raw = {field.name for field in shown} - LABELS.keys() - _SHOWN_TOGETHER
    assert raw == set()
    for field in shown:
        if isinstance(field, Choice) and field.name not in _ANY_VALUE:
            assert set(field.allowed) <= VALUES[field.name].keys(), field.name
    made = results.makes(product)
    assert made in {results.FILM, results.SOUND} or made in results.GIVEN.keys() & results.USED


@pytest.mark.browser
def test_an_element_is_shown_with_its_picture_and_an_id_to_copy(
    site: str, customer: Customer, session: str, visitor: Callable[..., Visitor]
) -> None:
    element = native(site, customer.live_key).get("/generations").json()["data"][1]["id"]
    person = visitor(viewport={"width": 320, "height": 640})
    person.context.grant_permissions(["clipboard-read", "clipboard-write"])
    person.context.add_cookies([{"name": "sessionid", "value": session, "url": site}])
    page = person.go("/app/jobs")
    page.get_by_role("link", name="Marta").click()
    expect(page.locator(".facts")).to_contain_text(_DESCRIPTION)
    assert page.evaluate("document.querySelector('.sent img').decode()") is None
    page.get_by_role("button", name="Copy the id").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == element
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
