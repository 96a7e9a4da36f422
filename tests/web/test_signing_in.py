"""Signing in as browsers do: a second step, a passkey, other browsers signed out."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from allauth.mfa.totp.internal import auth as totp
from playwright.sync_api import expect

from tests.stack import Stack
from tests.web.conftest import PASSWORD, Visitor

pytestmark = pytest.mark.browser
_CONFIRM = """
import django; django.setup()
from allauth.account.models import EmailAddress
print(EmailAddress.objects.filter(email=input()).update(verified=True))
"""


def confirmed(person: Visitor, stack: Stack) -> str:
    """A new account whose address is confirmed."""
    email = person.sign_up()
    assert (
        stack.python(_CONFIRM, email, DJANGO_SETTINGS_MODULE="kling_saas.settings").strip() == "1"
    )
    return email


def prove(person: Visitor) -> None:
    """Says the password again."""
    person.page.fill("input[name=password]", PASSWORD)
    person.page.get_by_role("button", name="Go on").click()


def sign_in(person: Visitor, email: str) -> None:
    page = person.go("/accounts/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", PASSWORD)
    page.click("form[action*='/login/'] button.main")


def test_a_passkey_is_made_signs_in_and_is_removed(
    visitor: Callable[..., Visitor], stack: Stack
) -> None:
    person = visitor()
    devtools = person.context.new_cdp_session(person.page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
    }})  # fmt: skip
    person.site = person.site.replace("127.0.0.1", "localhost")  # an address has no passkeys
    confirmed(person, stack)
    page = person.go("/app/settings/security")
    page.get_by_role("link", name="Add a passkey").click()
    prove(person)
    page.fill("input[name=name]", "My laptop")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    page.get_by_role("link", name="I have kept them").click()
    expect(page.locator(".locks")).to_contain_text("My laptop")

    person.context.clear_cookies()
    page = person.go("/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/app/studio**")
    page = person.go("/app/settings/security")
    page.get_by_role("link", name="Remove My laptop").click()
    page.wait_for_load_state()
    if "reauthenticate" in page.url:
        prove(person)
    page.get_by_role("button", name="Remove").click()
    expect(page.locator(".locks")).not_to_contain_text("My laptop")


def test_a_second_step_is_asked_for_once_it_is_on(
    visitor: Callable[..., Visitor], stack: Stack
) -> None:
    person = visitor()
    email = confirmed(person, stack)
    page = person.go("/app/settings/security")
    page.get_by_role("link", name="Switch it on").click()
    prove(person)
    secret = page.locator(".secret").inner_text()
    page.fill("input[name=code]", "000000")
    page.get_by_role("button", name="Switch it on").click()
    expect(page.get_by_text("Incorrect code")).to_be_visible()
    assert page.locator(".secret").inner_text() == secret
    page.fill("input[name=code]", code_of(secret))
    page.get_by_role("button", name="Switch it on").click()
    codes = page.locator("#codes").inner_text().split()
    assert len(codes) == 10

    other = visitor()
    sign_in(other, email)
    expect(other.page.get_by_role("heading", level=1)).to_have_text("The second step")
    other.go("/app/studio")
    expect(other.page.get_by_role("heading", level=1)).to_have_text("The second step")
    other.page.fill("input[name=code]", codes[0])
    other.page.get_by_role("button", name="Sign in", exact=True).click()
    other.page.wait_for_url("**/app/studio**")
    page = other.go("/app/settings/security")
    expect(page.locator(".locks")).to_contain_text("9 codes left")
    expect(page.locator(".own.framed li")).to_have_count(2)

    # The first browser is signed out from the second.
    page.get_by_role("button", name=re.compile("^Sign out Chrome on Linux")).click()
    expect(page.locator(".own.framed li")).to_have_count(1)
    person.go("/app/settings/security")
    assert "/accounts/login/" in person.page.url


def code_of(secret: str) -> str:
    """What an authenticator app shows now."""
    counter = next(iter(totp.yield_hotp_counters_from_time()))
    return str(totp.format_hotp_value(totp.hotp_value(secret, counter)))
