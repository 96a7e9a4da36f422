"""Somebody takes their data with them and deletes their account: called off, or carried out."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client, override_settings
from django.utils import timezone

from accounts import api_keys, leaving, tenancy
from accounts.models import Membership, Organisation, Role, User
from accounts.tenancy import system
from billing import entries
from generations import leaving as closing
from generations.models import Generation, Video
from kling_saas.lib.refusals import Unauthenticated
from tests.accounts.test_organisation import person, roles
from tests.accounts.test_team_pages import PASSWORD, inside, text
from tests.generations.programs import funded, native, settled
from tests.people import Customer, customer

PAGE = "/app/settings/data"


@pytest.fixture
def alice() -> Customer:
    made = customer()
    proven(made)
    return made


def proven(of: Customer) -> None:
    """Their password is hashed as it should be: else saying it makes that good, and signs out."""
    of.user.set_password(PASSWORD)
    of.user.save()


def say_password(browser: Client, path: str) -> object:
    return browser.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": path})


def test_all_of_it_is_taken_along_after_the_password(alice: Customer) -> None:
    browser = inside(alice)
    asked = browser.post(f"{PAGE}/export")
    assert asked.headers["Location"].startswith("/accounts/reauthenticate/")
    answer = say_password(browser, f"{PAGE}/export")
    told = json.loads(b"".join(answer))  # type: ignore[call-overload]
    assert (told["email"], told["orders"]) == (alice.user.email, [])
    assert [each["role"] for each in told["organisations"]] == ["owner"]


def test_the_address_is_typed_and_others_need_an_owner(alice: Customer) -> None:
    browser = inside(alice)
    wrong = browser.post(f"{PAGE}/delete", {"typed": "somebody@example.org"})
    assert (wrong.status_code, b"somebody@example.org" in wrong.content) == (422, True)
    person(alice, Role.ADMIN)
    browser.post(f"{PAGE}/delete", {"typed": alice.user.email})
    refused = say_password(browser, f"{PAGE}/delete")
    assert "only owner" in text(refused)  # type: ignore[arg-type]
    alice.user.refresh_from_db()
    assert alice.user.leaves_at is None


def test_it_is_told_and_called_off(alice: Customer) -> None:
    browser = inside(alice)
    browser.post(f"{PAGE}/delete", {"typed": alice.user.email})
    say_password(browser, f"{PAGE}/delete")
    assert "will be deleted on" in text(browser.get(PAGE))
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        mail.outbox = []
        leaving.tell_asked()
        leaving.tell_asked()
    assert [one.to for one in mail.outbox if one.to == [alice.user.email]] == [[alice.user.email]]
    browser.post(f"{PAGE}/delete/call-off")
    alice.user.refresh_from_db()
    assert alice.user.leaves_at is None


def test_when_its_time_is_over_films_keys_and_names_are_gone_and_amounts_stay(site: str) -> None:
    alice = funded()
    bob = customer("bob")
    with tenancy.scope(bob.organisation.pk):
        Membership.objects.create(
            organisation=bob.organisation, user=alice.user, role=Role.DEVELOPER
        )
    program = native(site, alice.test_key)
    order = program.post("/generations", {"model": "kling-v1", "prompt": "A secret kite"}).json()
    film = settled(program, order["id"])
    before = list(entries.every(alice.organisation.pk, False))
    over(alice.user)
    assert closing.carry_out_due() >= 1

    alice.user.refresh_from_db()
    assert (alice.user.is_active, alice.user.name) == (False, "Deleted account")
    assert alice.user.email == f"deleted-{alice.user.pk}@deleted.invalid"
    assert roles(bob) == {bob.user.pk: "owner"}
    with pytest.raises(Unauthenticated):
        api_keys.verify(alice.test_key)
    assert list(entries.every(alice.organisation.pk, False)) == before
    with tenancy.scope(alice.organisation.pk):
        made = Generation.objects.get(public_id=film["id"])
        assert (made.params["prompt"], made.charged) == ("", film["credits"]["charged"])
        assert Video.objects.get(generation=made).kept_until <= timezone.now()
        assert Organisation.objects.get(pk=alice.organisation.pk).suspended_at


def over(user: User) -> None:
    """Its days of grace are over."""
    with system("a clock is turned"):
        User.objects.filter(pk=user.pk).update(leaves_at=timezone.now() - timedelta(seconds=1))
