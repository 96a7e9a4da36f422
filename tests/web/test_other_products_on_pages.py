"""Pages show what Kling's other products made beside films, and never break over them."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.generations.programs import funded, native, settled
from tests.people import Customer


@pytest.fixture(scope="module")
def customer(site: str) -> Customer:
    """Has a speech."""
    made = funded()
    api = native(site, made.live_key)
    order = {"task": "tts", "text": "Good evening", "voice": "AOT", "language": "en"}
    assert settled(api, api.post("/generations", order).json()["id"])["status"] == "succeeded"
    return made


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
