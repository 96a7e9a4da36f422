"""Mails name the product and not the host they were asked from, as text and in our layout."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.core import mail
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.test import Client, override_settings

from tests.people import customer


@pytest.fixture
def post() -> Iterator[list[EmailMessage]]:
    """What was sent during the test."""
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        mail.outbox = []
        yield mail.outbox


def both(sent: EmailMessage) -> tuple[str, str]:
    """The text and the HTML."""
    assert isinstance(sent, EmailMultiAlternatives)
    ((html, kind),) = sent.alternatives
    assert kind == "text/html"
    return str(sent.body), str(html)


def test_a_forgotten_password_is_answered_in_our_words(post: list[EmailMessage]) -> None:
    email = customer().user.email
    Client(HTTP_HOST="127.0.0.1").post("/accounts/password/reset/", {"email": email})
    (sent,) = post
    text, html = both(sent)
    assert sent.subject == "A new password for Kling SaaS"
    assert "at Kling SaaS. This link lets you:" in text
    link = re.search(r"^http\S+/accounts/password/reset/key/\S+$", text, re.M)
    assert link
    assert f'href="{link[0]}"' in html
    assert "example.com" not in text
    page = Client(HTTP_HOST="127.0.0.1").get(link[0].partition("127.0.0.1")[2], follow=True)
    assert "A new password" in page.content.decode()


def test_a_new_address_is_asked_for_confirmation(post: list[EmailMessage]) -> None:
    Client(HTTP_HOST="127.0.0.1").post(
        "/accounts/signup/",
        {"email": "mail-me@example.org", "password1": "screening-room-9"},
    )
    (sent,) = post
    text, html = both(sent)
    assert sent.subject == "Confirm your address for Kling SaaS"
    assert "/accounts/confirm-email/" in text
    assert '<a class="go" href="http://127.0.0.1/accounts/confirm-email/' in html


def test_an_address_without_an_account_is_told_so(post: list[EmailMessage]) -> None:
    Client(HTTP_HOST="127.0.0.1").post("/accounts/password/reset/", {"email": "no@example.org"})
    assert [sent.subject for sent in post] == ["No account at Kling SaaS yet"]


def test_a_changed_password_is_told_with_when_and_from_where(post: list[EmailMessage]) -> None:
    user = customer().user
    user.set_password("screening-room-9")
    user.save()
    browser = Client(HTTP_HOST="127.0.0.1")
    browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    browser.get("/accounts/email/")
    browser.post(
        "/accounts/password/change/",
        {
            "oldpassword": "screening-room-9",
            "password1": "a-quiet-harbour-4",
            "password2": "a-quiet-harbour-4",
        },
        REMOTE_ADDR="203.0.113.9",
    )
    (sent,) = [one for one in post if one.to == [user.email]]
    text, _html = both(sent)
    assert "Your password has been changed." in text
    assert "from 203.0.113.9" in text
