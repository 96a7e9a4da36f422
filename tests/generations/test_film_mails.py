"""Mails about films that ended, as each person chose; nobody's film is told twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.test import Client, override_settings
from django.utils import timezone

from accounts import tenancy
from accounts.models import User
from generations import film_mails
from generations.models import Generation
from tests.accounts.test_team_pages import inside
from tests.generations.programs import funded, native, settled
from tests.people import Customer


@pytest.fixture
def post() -> Iterator[list[EmailMessage]]:
    """What was sent during the test."""
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        mail.outbox = []
        yield mail.outbox


@pytest.fixture
def alice() -> Customer:
    return funded()


@pytest.fixture
def browser(alice: Customer) -> Client:
    return inside(alice)


def made(site: str, alice: Customer, prompt: str) -> None:
    """A live film that she ordered, and that has ended."""
    program = native(site, alice.live_key)
    order = program.post("/generations", {"model": "kling-v1", "prompt": prompt}).json()
    settled(program, order["id"])
    with tenancy.scope(alice.organisation.pk):
        Generation.objects.filter(public_id=order["id"]).update(user=alice.user)


def later(alice: Customer, **time: float) -> None:
    """So much time passes since she was told."""
    ago = timezone.now() - timedelta(**time)
    User.objects.filter(pk=alice.user.pk).update(films_told_until=ago, films_lease_until=None)


def told(post: list[EmailMessage], alice: Customer) -> list[EmailMessage]:
    """The mails that she gets now."""
    post.clear()
    film_mails.mail_due()
    return [one for one in post if one.to == [alice.user.email]]


def test_each_film_is_told_once(
    site: str, alice: Customer, browser: Client, post: list[EmailMessage]
) -> None:
    made(site, alice, "A kite over the dunes")
    later(alice, minutes=5)
    assert told(post, alice) == []  # off
    browser.post("/app/settings/notifications", {"film_mails": "each"})
    later(alice, minutes=5)
    (one,) = told(post, alice)
    assert one.subject == "Your film is ready"
    assert "“A kite over the dunes” is ready." in one.body
    assert "/app/jobs/gen_" in one.body
    assert told(post, alice) == []


def test_failures_alone_or_all_of_a_day_in_one_mail(
    site: str, alice: Customer, browser: Client, post: list[EmailMessage]
) -> None:
    made(site, alice, "A kite over the dunes")
    made(site, alice, "fail:failed a lighthouse")
    browser.post("/app/settings/notifications", {"film_mails": "failures"})
    later(alice, minutes=5)
    (one,) = told(post, alice)
    assert one.subject == "A film failed, and its credits are back"
    assert "kite" not in one.body
    browser.post("/app/settings/notifications", {"film_mails": "digest"})
    later(alice, hours=23)
    assert told(post, alice) == []
    later(alice, hours=25)
    (digest,) = told(post, alice)
    assert digest.subject == "2 films have ended"
    browser.post("/app/settings/notifications", {"film_mails": "hourly"})
    alice.user.refresh_from_db()
    assert alice.user.film_mails == ""
