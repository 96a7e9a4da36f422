"""Whatever letters a page is asked with, it answers: never with a 5xx."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.people import customer


@pytest.fixture(scope="module")
def alice() -> Client:
    """Alice's browser, signed in."""
    browser = Client(raise_request_exception=False, headers={"Host": "127.0.0.1"})
    browser.force_login(customer().user)
    return browser


@pytest.mark.parametrize(
    "address",
    [
        "/billing/statement?after=%00", "/app/jobs?after=%00", "/app/library?after=%00",
        "/app/library?q=a%00b", "/app/studio?from=%00", "/app/jobs/gen%00", "/app/library/vid_%00",
        "/billing/?after=%00", "/app/jobs?%00=1",
    ],
)  # fmt: skip
def test_an_address_with_nul_is_our_own_400(alice: Client, address: str) -> None:
    answer = alice.get(address)
    assert answer.status_code == 400
    assert b"We could not read that request" in answer.content


@pytest.mark.parametrize(
    ("path", "field"),
    [("/dev/keys", "name"), ("/app/studio", "key"), ("/app/studio", "image"), ("/theme", "next")],
)
@pytest.mark.parametrize(("letter", "charset"), [("\0", "utf-8"), ("+2AA-", "utf-7")])
def test_a_form_with_text_that_cannot_be_kept_is_our_own_400(
    alice: Client, path: str, field: str, letter: str, charset: str
) -> None:
    form = f'--x\r\nContent-Disposition: form-data; name="{field}"\r\n\r\na{letter}b\r\n--x--\r\n'
    kind = f"multipart/form-data; boundary=x; charset={charset}"
    answer = alice.generic("POST", path, form.encode(), kind)
    assert answer.status_code == 400
    assert b"We could not read that request" in answer.content


@pytest.mark.parametrize(
    "form",
    [
        {"duration": "9" * 5000}, {"shots": "on", "shot_prompt": "a", "shot_duration": "9" * 5000},
        {"seed": "9" * 5000}, {"cfg_scale": "9" * 5000}, {"quoted": "9" * 5000},
    ],
)  # fmt: skip
def test_a_number_without_end_is_refused_by_the_studio(alice: Client, form: dict[str, str]) -> None:
    order = {"model": "kling-v1", "prompt": "A fox", "check": "", **form}
    assert alice.post("/app/studio", order).status_code in (200, 422)
    assert alice.get("/app/studio", {"duration": "9" * 5000}).status_code == 200
